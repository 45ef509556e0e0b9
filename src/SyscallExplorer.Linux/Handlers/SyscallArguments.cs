using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The arguments of a call, read from <c>pt_regs</c> in guest memory.</summary>
internal sealed class SyscallArguments
{
    /// <summary>How many arguments a call has at most.</summary>
    public const int Count = 6;

    private readonly PtRegs _registers;
    private readonly SyscallAbi _abi;
    private readonly ulong[]? _given;

    /// <param name="registers">What the call came with.</param>
    /// <param name="abi">The caller.</param>
    /// <param name="given">The arguments, where the kernel passes them in registers and need not have saved them all; else null.</param>
    public SyscallArguments(PtRegs registers, SyscallAbi abi, ulong[]? given = null)
    {
        _registers = registers;
        _abi = abi;
        _given = given;
    }

    public SyscallArguments(PtRegs registers, bool compat)
        : this(registers, compat ? SyscallAbi.Ia32 : SyscallAbi.Wide)
    {
    }

    /// <summary>The structures are those of 32-bit programs.</summary>
    public bool IsCompat => _abi != SyscallAbi.Wide;

    /// <summary>An x32 program called, by a number of its own.</summary>
    public bool IsX32 => _abi == SyscallAbi.X32;

    /// <summary>An argument as the kernel's stub would pass it on.</summary>
    public ulong this[int index]
    {
        get
        {
            bool isNarrow = _abi == SyscallAbi.Ia32;
            ulong value = _given is { } given ? given[index] : _registers[ArgumentSlots.Of(isNarrow)[index]];
            return isNarrow ? (uint)value : value;
        }
    }

    /// <summary>An argument of type int.</summary>
    public int Int(int index) => (int)this[index];

    /// <summary>The number that was called.</summary>
    public int Number => (int)_registers[PtRegsOffsets.OrigAx];
}
