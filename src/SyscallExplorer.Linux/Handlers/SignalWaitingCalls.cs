namespace SyscallExplorer.Linux;

/// <summary>Waiting for signals. man 2 pause, sigsuspend, sigtimedwait, restart_syscall.</summary>
internal sealed class SignalWaitingCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Narrow = 4;
    private const int Wide = 8;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("pause", _ => Block(new Wait([], "a signal", -Errno.ERESTARTNOHAND))),
        ("rt_sigsuspend", a => a[1] != SignalSetBytes.Size ? -Errno.EINVAL : SignalSetBytes.Read(Memory, a[0]) is { } mask ? Suspend(mask) : -Errno.EFAULT),
        ("sigsuspend", a => Suspend((uint)a[2])),
        ("rt_sigtimedwait", a => TimedWait(a, Wide)),
        ("rt_sigtimedwait_time32", a => TimedWait(a, Narrow)),
        ("restart_syscall", _ => Task.Signals.Restart is { } restart ? restart.Continue(Machine) : -Errno.EINTR),
    ];

    private long Suspend(ulong mask)
    {
        if (Waited is null)
            Machine.Signals.SetTemporaryMask(mask);
        return Block(new Wait([], "a signal in sigsuspend", -Errno.ERESTARTNOHAND));
    }

    /// <summary>While it waits, the signals that it waits for are not blocked, so that they wake it; none of them runs a handler.</summary>
    private long TimedWait(SyscallArguments arguments, int word)
    {
        if (Waited is not null)
            return EndWait(arguments);
        if (arguments[3] != SignalSetBytes.Size)
            return -Errno.EINVAL;
        if (SignalSetBytes.Read(Memory, arguments[0]) is not { } set)
            return -Errno.EFAULT;
        long? deadline = null;
        if (arguments[2] != 0)
        {
            long error = new TimespecReader(Memory).Read(arguments[2], word, arguments.IsCompat, out long nanoseconds);
            if (error != 0)
                return error;
            deadline = nanoseconds == 0 ? 0 : TimespecReader.Add(new EmulatedTime(Machine).SinceBoot, nanoseconds);
        }

        ulong wanted = set & ~SignalSets.Unblockable;
        if (Machine.Signals.Dequeue(~wanted) is { } info)
            return Tell(arguments, info);
        if (deadline == 0)
            return -Errno.EAGAIN;
        ulong blocked = Task.Signals.Blocked;
        Task = Task with { Signals = Task.Signals with { RealBlocked = blocked } };
        Machine.Signals.SetBlocked(blocked & ~wanted);
        return Block(new Wait([], "a signal in sigtimedwait") { Deadline = deadline, TellsOfSignals = true, Progress = wanted });
    }

    private long EndWait(SyscallArguments arguments)
    {
        WakeReason reason = Reason;
        ulong wanted = Waited?.Progress is ulong set ? set : 0;
        ulong blocked = Task.Signals.RealBlocked ?? Task.Signals.Blocked;
        Task = Task with { Signals = Task.Signals with { RealBlocked = null } };
        Machine.Signals.SetBlocked(blocked);
        return Machine.Signals.Dequeue(~wanted) is { } info ? Tell(arguments, info) : reason == WakeReason.TimedOut ? -Errno.EAGAIN : -Errno.EINTR;
    }

    private long Tell(SyscallArguments arguments, SignalInfo info) =>
        arguments[1] != 0 && Give(arguments[1], SignalInfoBytes.Write(info, arguments.IsCompat)) != 0 ? -Errno.EFAULT : info.Signal;
}
