namespace SyscallExplorer.Linux;

/// <summary>A wait on a futex. One that has a deadline is continued by restart_syscall after a signal without a handler.</summary>
/// <param name="Address">The futex.</param>
/// <param name="IsPrivate">FUTEX_PRIVATE_FLAG.</param>
/// <param name="Value">What the futex must hold.</param>
/// <param name="Bitset">Which wake-ups it hears.</param>
/// <param name="Deadline">Nanoseconds since boot, or null.</param>
internal sealed record FutexWaitRequest(ulong Address, bool IsPrivate, uint Value, uint Bitset, long? Deadline) : RestartBlock
{
    /// <summary>FUTEX_BITSET_MATCH_ANY.</summary>
    public const uint AnyBit = uint.MaxValue;

    /// <summary>A step of the wait.</summary>
    public override long Continue(LinuxMachine machine)
    {
        if (machine.Task is { Wait.Progress: FutexSleeper sleeper, Reason: var reason })
            return sleeper.End(machine, reason);
        if (Bitset == 0)
            return -Errno.EINVAL;
        if (machine.Futexes.Find(Address, IsPrivate, out long error) is not { } key)
            return error;
        if (!FutexWord.TryRead(machine.Memory, Address, out uint value))
            return -Errno.EFAULT;
        if (value != Value)
            return -Errno.EAGAIN;
        return machine.Tasks.Block(new Wait([key], Futexes.Name(Address))
        {
            Deadline = Deadline,
            Progress = new FutexWaiter(this, Futexes.PriorityOf(machine.Task)),
            TellsOfSignals = Deadline is not null,
        });
    }
}
