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

    private readonly SyscallAbi _abi;

    public SyscallArguments(PtRegs registers, SyscallAbi abi)
    {
        _registers = registers;
        _abi = abi;
    }

    public SyscallArguments(PtRegs registers, bool compat)
        : this(registers, compat ? SyscallAbi.Ia32 : SyscallAbi.Wide)
    {
    }

    /// <summary>The structures are those of 32-bit programs.</summary>
    public bool IsCompat => _abi != SyscallAbi.Wide;

    /// <summary>An argument as the kernel's stub would pass it on.</summary>
    public ulong this[int index] => _abi == SyscallAbi.Ia32 ? (uint)_registers[Slots32[index]] : _registers[Slots64[index]];

    /// <summary>An argument of type int.</summary>
    public int Int(int index) => (int)this[index];

    /// <summary>The number that was called.</summary>
    public int Number => (int)_registers[PtRegsOffsets.OrigAx];
}
