namespace SyscallExplorer.Linux;

/// <summary>alarm, setitimer and getitimer.</summary>
internal sealed class IntervalTimerCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Narrow = 4;
    private const int Wide = 8;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("alarm", a => Alarm((uint)a[0])),
        ("setitimer", Set),
        ("getitimer", a => KindOf(a.Int(0)) is { } kind ? GiveSetting(a[1], Machine.IntervalTimers.Get(kind), a.IsCompat) : -Errno.EINVAL),
    ];

    private static IntervalTimerKind? KindOf(int which) =>
        which is >= (int)IntervalTimerKind.Real and <= (int)IntervalTimerKind.Profile ? (IntervalTimerKind)which : null;

    private long GiveSetting(ulong address, TimerSetting setting, bool compat) =>
        Give(address, TimespecWriter.WriteMicroseconds(setting, compat ? Narrow : Wide).Bytes);

    /// <summary>Returns the seconds that were left, to the nearest, but not 0 where something was.</summary>
    private long Alarm(uint seconds)
    {
        long left = Machine.IntervalTimers.Get(IntervalTimerKind.Real).Value;
        Machine.IntervalTimers.Set(IntervalTimerKind.Real, new TimerSetting(Math.Min(seconds, int.MaxValue) * EmulatedTime.NanosecondsPerSecond, 0));
        (long whole, long rest) = Math.DivRem(left, EmulatedTime.NanosecondsPerSecond);
        return whole + ((whole == 0 && rest > 0) || rest >= EmulatedTime.NanosecondsPerSecond / 2 ? 1 : 0);
    }

    /// <summary>A null pointer turns the timer off.</summary>
    private long Set(SyscallArguments arguments)
    {
        TimerSetting setting = default;
        if (arguments[1] != 0
            && new TimespecReader(Memory).ReadMicroseconds(arguments[1], arguments.IsCompat ? Narrow : Wide, out setting) is var error && error != 0)
        {
            return error;
        }

        if (KindOf(arguments.Int(0)) is not { } kind)
            return -Errno.EINVAL;
        TimerSetting old = Machine.IntervalTimers.Get(kind);
        Machine.IntervalTimers.Set(kind, setting);
        return arguments[2] == 0 ? 0 : GiveSetting(arguments[2], old, arguments.IsCompat);
    }
}
