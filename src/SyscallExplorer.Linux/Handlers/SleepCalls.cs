namespace SyscallExplorer.Linux;

/// <summary>nanosleep and clock_nanosleep.</summary>
internal sealed class SleepCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Narrow = 4;
    private const int Wide = 8;
    private const int Absolute = 1;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("nanosleep", a => Sleep(a, Wide, ClockIds.Monotonic, 0, a[0], a[1])),
        ("nanosleep_time32", a => Sleep(a, Narrow, ClockIds.Monotonic, 0, a[0], a[1])),
        ("clock_nanosleep", a => Sleep(a, Wide, a.Int(0), a.Int(1), a[2], a[3])),
        ("clock_nanosleep_time32", a => Sleep(a, Narrow, a.Int(0), a.Int(1), a[2], a[3])),
    ];

    private long Sleep(SyscallArguments arguments, int word, int clock, int flags, ulong request, ulong remaining)
    {
        if (Waited?.Progress is Sleep sleep)
            return sleep.Continue(Machine);
        if (!ClockIds.Exists(clock) && clock >= 0)
            return -Errno.EINVAL;
        if (!ClockIds.CanBeWaitedFor(clock) && !(ClockIds.IsProcessorTime(clock) && clock != ClockIds.ThreadTime))
            return -Errno.EOPNOTSUPP;
        if (new TimespecReader(Memory).Read(request, word, arguments.IsCompat, out long nanoseconds) is var error && error != 0)
            return error;
        bool isAbsolute = (flags & Absolute) != 0;
        CpuClock? processorTime = null;
        if (ClockIds.IsProcessorTime(clock))
        {
            // A thread that sleeps uses no time of its own.
            if (Machine.CpuClocks.Find(clock) is not { } found || (found.IsThread && found.Id == Task.Id))
                return -Errno.EINVAL;
            processorTime = found;
        }

        long deadline = DeadlineOf(clock, processorTime, isAbsolute, nanoseconds);
        return new Sleep(deadline, processorTime, isAbsolute, isAbsolute ? 0 : remaining, word) { IsCompat = arguments.IsCompat }.Continue(Machine);
    }

    private long DeadlineOf(int clock, CpuClock? processorTime, bool isAbsolute, long nanoseconds)
    {
        var time = new EmulatedTime(Machine);
        if (!isAbsolute)
            return TimespecReader.Add(processorTime is { } watched ? Machine.CpuClocks.Now(watched) ?? 0 : time.SinceBoot, nanoseconds);
        return processorTime is null && ClockIds.IsWallClock(clock) ? time.AtWallClock(nanoseconds) : nanoseconds;
    }
}
