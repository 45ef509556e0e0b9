namespace SyscallExplorer.Linux;

/// <summary>Does a system call that was added to a machine.</summary>
/// <param name="call">The call.</param>
/// <returns>Its result; an error as the negative number of <see cref="Errno"/>.</returns>
public delegate long SyscallFunction(AddedCall call);

/// <summary>A call of a system call that was added.</summary>
public sealed class AddedCall
{
    private readonly LinuxMachine _machine;
    private readonly SyscallArguments _arguments;

    internal AddedCall(LinuxMachine machine, SyscallArguments arguments, PtRegs registers) => (_machine, _arguments, Registers) = (machine, arguments, registers);

    /// <summary>An argument, 0 to 5, as the program passed it; of a 32-bit caller its low half.</summary>
    public ulong this[int argument] => _arguments[argument];

    /// <summary>The registers as the entry saved them. What a partial frame leaves out is whatever was there.</summary>
    public PtRegs Registers { get; }

    /// <summary>A 32-bit caller.</summary>
    public bool IsCompat => _arguments.IsCompat;

    /// <summary>The calling thread's number.</summary>
    public int ThreadId => _machine.Task.Id;

    /// <summary>The calling process's number.</summary>
    public int ProcessId => _machine.Task.Process;

    /// <summary>What <c>/proc/PID/comm</c> shows of it.</summary>
    public string CommandName => _machine.Task.CommandName;

    /// <summary>Reads the program's memory, as copy_from_user does.</summary>
    /// <returns>Whether all of it could be read.</returns>
    public bool TryRead(ulong address, Span<byte> destination) => _machine.Memory.TryRead(address, destination);

    /// <summary>Writes the program's memory, as copy_to_user does.</summary>
    /// <returns>Whether all of it could be written.</returns>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source) => _machine.Memory.TryWrite(address, source);
}

/// <summary>A system call that was added or replaced.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsCompat">Whether it stands in the table of 32-bit callers.</param>
/// <param name="Address">Where its code begins.</param>
/// <param name="Function">What does it, when that is not guest code.</param>
internal sealed record AddedSyscall(int Number, string Name, bool IsCompat, ulong Address, SyscallFunction? Function);
