namespace SyscallExplorer.Linux;

/// <summary>What a task that sleeps on a futex keeps in <see cref="Wait.Progress"/>.</summary>
/// <param name="Priority">Its real-time priority, or 0: who has more is woken first.</param>
internal abstract record FutexSleeper(int Priority)
{
    /// <summary>The call is asked again.</summary>
    /// <returns>Its result.</returns>
    public abstract long End(LinuxMachine machine, WakeReason reason);
}

/// <summary>FUTEX_WAIT and FUTEX_WAIT_BITSET.</summary>
/// <param name="Request">What was asked for.</param>
/// <param name="Priority">As of the sleeper.</param>
internal sealed record FutexWaiter(FutexWaitRequest Request, int Priority) : FutexSleeper(Priority)
{
    public override long End(LinuxMachine machine, WakeReason reason) => reason switch
    {
        WakeReason.TimedOut => -Errno.ETIMEDOUT,
        WakeReason.Interrupted => Interrupt(machine),
        _ => 0,
    };

    /// <summary>A wait with a deadline is continued with the same deadline.</summary>
    private long Interrupt(LinuxMachine machine)
    {
        machine.Task = machine.Task with { Signals = machine.Task.Signals with { Restart = Request } };
        return -Errno.ERESTART_RESTARTBLOCK;
    }
}

/// <summary>FUTEX_LOCK_PI. Who is woken owns the futex.</summary>
/// <param name="Address">The futex in the sleeper's own memory.</param>
/// <param name="Owner">The thread that has it.</param>
/// <param name="OnSignal">The call's result when a signal comes.</param>
/// <param name="Priority">As of the sleeper.</param>
internal sealed record PiWaiter(ulong Address, int Owner, long OnSignal, int Priority) : FutexSleeper(Priority)
{
    public override long End(LinuxMachine machine, WakeReason reason)
    {
        if (reason == WakeReason.Woken)
            return 0;
        machine.Futexes.Inheriting.PassPriorities();
        return reason == WakeReason.TimedOut ? -Errno.ETIMEDOUT : OnSignal;
    }
}

/// <summary>FUTEX_WAIT_REQUEUE_PI, until it is moved to the lock.</summary>
/// <param name="Lock">The lock that it will be moved to.</param>
/// <param name="LockAddress">The lock in the sleeper's own memory.</param>
/// <param name="Priority">As of the sleeper.</param>
internal sealed record RequeueWaiter(WaitKey Lock, ulong LockAddress, int Priority) : FutexSleeper(Priority)
{
    public override long End(LinuxMachine machine, WakeReason reason) => reason switch
    {
        WakeReason.TimedOut => -Errno.ETIMEDOUT,
        WakeReason.Interrupted => -Errno.ERESTARTNOINTR,
        _ => -Errno.EAGAIN,
    };
}
