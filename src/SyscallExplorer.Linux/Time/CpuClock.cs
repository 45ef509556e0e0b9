namespace SyscallExplorer.Linux;

/// <summary>What a clock of processor time counts.</summary>
internal enum CpuTimeKind
{
    /// <summary>Ticks in user mode and in the kernel.</summary>
    UserAndSystem,

    /// <summary>Ticks in user mode.</summary>
    User,

    /// <summary>What it ran, exactly.</summary>
    Exact,
}

/// <summary>A clock of the processor time of a thread or of a process.</summary>
/// <param name="IsThread">Whether it is a thread's.</param>
/// <param name="Id">The number of the thread or process.</param>
/// <param name="Kind">What it counts.</param>
internal readonly record struct CpuClock(bool IsThread, int Id, CpuTimeKind Kind);

/// <summary>The clocks of processor time: which a number means, and what they show. man 2 clock_getres, man 3 clock_getcpuclockid.</summary>
internal sealed class CpuClocks(LinuxMachine machine)
{
    private const int KindMask = 3;
    private const int IsThread = 4;
    private const int IdShift = 3;

    /// <summary>
    /// The clock of a number: one of the two fixed ones, or a negative one, which holds the complement of a thread's or process' number above three
    /// bits.
    /// </summary>
    /// <param name="clock">The number.</param>
    /// <param name="onlyReads">Whether a thread's own number may stand for its process.</param>
    /// <returns>Null for what is none, or not the caller's to see.</returns>
    public CpuClock? Find(int clock, bool onlyReads = false)
    {
        TaskState task = machine.Task;
        if (clock is ClockIds.ProcessTime or ClockIds.ThreadTime)
            return new CpuClock(clock == ClockIds.ThreadTime, clock == ClockIds.ThreadTime ? task.Id : task.Process, CpuTimeKind.Exact);
        if (clock >= 0 || (clock & KindMask) == KindMask)
            return null;
        var kind = (CpuTimeKind)(clock & KindMask);
        int id = ~(clock >> IdShift);
        if ((clock & IsThread) != 0)
        {
            id = id == 0 ? task.Id : id;
            return machine.Tasks.Find(id) is { } thread && thread.Process == task.Process ? new CpuClock(true, id, kind) : null;
        }

        id = id == 0 || (onlyReads && id == task.Id) ? task.Process : id;
        return machine.Tasks.FindProcess(id) is null ? null : new CpuClock(false, id, kind);
    }

    /// <summary>Nanoseconds that a clock shows; null when what it belongs to is gone.</summary>
    public long? Now(CpuClock clock)
    {
        machine.Scheduler.Account();
        if (clock.IsThread)
            return machine.Tasks.Find(clock.Id) is { } task ? NanosecondsOf(task.Times, clock.Kind) : null;
        return machine.Tasks.FindProcess(clock.Id) is { } process ? NanosecondsOf(machine.Tasks.TimesOf(process), clock.Kind) : null;
    }

    private long NanosecondsOf(TaskTimes times, CpuTimeKind kind) => kind switch
    {
        CpuTimeKind.User => times.UserTicks * Scheduler.NanosecondsPerTick,
        CpuTimeKind.UserAndSystem => (times.UserTicks + times.SystemTicks) * Scheduler.NanosecondsPerTick,
        _ => new EmulatedTime(machine).NanosecondsOf(times.Running),
    };
}
