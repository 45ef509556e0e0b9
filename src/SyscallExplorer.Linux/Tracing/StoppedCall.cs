using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// A system call that stands at its entry or its exit, to be looked at and changed. It is the registers of the task on the kernel's stack: what is
/// written here the kernel goes on with. It is of use only inside the method that it was given to.
/// </summary>
public sealed class StoppedCall
{
    private const int CallSize = 2;

    private readonly LinuxMachine _machine;
    private readonly ulong _address;

    internal StoppedCall(LinuxMachine machine, ulong address)
    {
        _machine = machine;
        _address = address;
    }

    /// <summary>The calling task: gettid.</summary>
    public int Task => _machine.Task.Id;

    /// <summary>Whether it came by a 32-bit interface.</summary>
    public bool IsCompat => _machine.IsInCompatCall;

    /// <summary>All registers as they stand.</summary>
    public PtRegs Registers => _machine.ReadPtRegs(_address);

    /// <summary>The call's number. Another one at the entry makes another call of it, and -1 none.</summary>
    public long Number
    {
        get => (int)this[PtRegsOffsets.OrigAx];
        set => this[PtRegsOffsets.OrigAx] = (ulong)value;
    }

    /// <summary>The name of the number, or null where the kernel has none.</summary>
    public string? Name => _machine.NameOfCall((int)Number, IsCompat);

    /// <summary>What the call returns, a negated error number included. At the entry it is -ENOSYS.</summary>
    public long Result
    {
        get => IsCompat ? (int)this[PtRegsOffsets.Ax] : (long)this[PtRegsOffsets.Ax];
        set => this[PtRegsOffsets.Ax] = (ulong)value;
    }

    /// <summary>A register on the kernel's stack, by its offset.</summary>
    /// <param name="offset">One of <see cref="PtRegsOffsets"/>.</param>
    public ulong this[int offset]
    {
        get => Registers[offset];
        set => _machine.WritePtRegs(Registers.With((offset, value)));
    }

    /// <summary>An argument.</summary>
    /// <param name="index">0 to 5.</param>
    public ulong Argument(int index) => new SyscallArguments(Registers, IsCompat)[index];

    /// <summary>Gives the call another argument.</summary>
    /// <param name="index">0 to 5.</param>
    /// <param name="value">The argument.</param>
    public void SetArgument(int index, ulong value) => this[ArgumentSlots.Of(IsCompat)[index]] = value;

    /// <summary>At the entry: the call is not done, and returns this.</summary>
    public void Skip(long result)
    {
        Number = -1;
        Result = result;
    }

    /// <summary>At the exit: the program makes the call once more.</summary>
    public void Restart() => _machine.WritePtRegs(Registers.With(
        (PtRegsOffsets.Ax, this[PtRegsOffsets.OrigAx]), (PtRegsOffsets.Ip, this[PtRegsOffsets.Ip] - CallSize)));

    /// <summary>Reads the program's memory.</summary>
    /// <returns>False where a part of it is not mapped.</returns>
    public bool TryRead(ulong address, Span<byte> destination) => _machine.Memory.TryPeek(address, destination);

    /// <summary>Writes the program's memory, whatever its rights.</summary>
    /// <returns>False where a part of it is not mapped.</returns>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source) => _machine.Memory.TryForce(address, source);
}
