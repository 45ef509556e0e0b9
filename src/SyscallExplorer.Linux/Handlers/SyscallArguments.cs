using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The arguments of a call, read from <c>pt_regs</c> in guest memory.</summary>
internal sealed class SyscallArguments
{
    private static readonly int[] Slots64 =
        [PtRegsOffsets.Di, PtRegsOffsets.Si, PtRegsOffsets.Dx, PtRegsOffsets.R10, PtRegsOffsets.R8, PtRegsOffsets.R9];

    private static readonly int[] Slots32 =
        [PtRegsOffsets.Bx, PtRegsOffsets.Cx, PtRegsOffsets.Dx, PtRegsOffsets.Si, PtRegsOffsets.Di, PtRegsOffsets.Bp];

    private readonly PtRegs _registers;

    public SyscallArguments(PtRegs registers, bool compat)
    {
        _registers = registers;
        IsCompat = compat;
    }

    /// <summary>A 32-bit caller.</summary>
    public bool IsCompat { get; }

    /// <summary>An argument as the kernel's stub would pass it on.</summary>
    public ulong this[int index] => IsCompat ? (uint)_registers[Slots32[index]] : _registers[Slots64[index]];

    /// <summary>An argument of type int.</summary>
    public int Int(int index) => (int)this[index];

    /// <summary>The number that was called.</summary>
    public int Number => (int)_registers[PtRegsOffsets.OrigAx];
}
