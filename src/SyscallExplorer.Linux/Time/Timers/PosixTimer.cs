namespace SyscallExplorer.Linux;

/// <summary>Whom a timer tells. man 7 sigevent.</summary>
/// <param name="Signal">The signal, or 0 for SIGEV_NONE.</param>
/// <param name="Thread">The thread that gets it, or null for the process.</param>
/// <param name="Value">si_value.</param>
internal sealed record TimerNotification(int Signal, int? Thread, ulong Value);

/// <summary>A timer of timer_create.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Clock">The number of its clock.</param>
/// <param name="ProcessorTime">The clock of processor time that it runs on, or null.</param>
/// <param name="Notification">Whom it tells.</param>
internal sealed record PosixTimer(int Id, int Clock, CpuClock? ProcessorTime, TimerNotification Notification)
{
    /// <summary>When it goes off: nanoseconds since boot, or of its clock of processor time; 0 when it never was set.</summary>
    public long Expiry { get; init; }

    public long Interval { get; init; }

    /// <summary>Whether it will go off.</summary>
    public bool IsArmed { get; init; }

    /// <summary>Whether it goes on only once its signal is taken: a timer that repeats does not flood its process.</summary>
    public bool AwaitsTaker { get; init; }

    /// <summary>Counts settings and signals, so that an old signal does not set it off again.</summary>
    public int Generation { get; init; }

    /// <summary>Expirations since its last signal, but for the one that sent it.</summary>
    public long Overrun { get; init; } = -1;

    /// <summary>What timer_getoverrun tells.</summary>
    public long LastOverrun { get; init; }

    /// <summary>What sets it off, unless it runs on processor time.</summary>
    public KernelTimer? Queued { get; init; }

    public bool IsSilent => Notification.Signal == 0;

    /// <summary>The same timer with its expiry moved by whole intervals beyond a time.</summary>
    public PosixTimer Forward(long now)
    {
        if (Interval == 0 || now < Expiry)
            return this;
        long count = (now - Expiry) / Interval + 1;
        return this with { Expiry = Expiry + count * Interval, Overrun = Overrun + count };
    }
}

/// <summary>One of the three timers that every process has.</summary>
/// <param name="Expiry">When it goes off: nanoseconds since boot or of processor time; 0 when it is not set.</param>
/// <param name="Interval">How often it does so again, or 0.</param>
internal sealed record IntervalTimer(long Expiry, long Interval)
{
    public static IntervalTimer Off { get; } = new(0, 0);

    /// <summary>What sets off ITIMER_REAL.</summary>
    public KernelTimer? Queued { get; init; }
}
