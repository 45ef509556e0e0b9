using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>The timers of a process.</summary>
internal sealed record ProcessTimers
{
    public static ProcessTimers None { get; } = new();

    /// <summary>ITIMER_REAL, which alarm sets too.</summary>
    public IntervalTimer Real { get; init; } = IntervalTimer.Off;

    /// <summary>ITIMER_VIRTUAL.</summary>
    public IntervalTimer Virtual { get; init; } = IntervalTimer.Off;

    /// <summary>ITIMER_PROF.</summary>
    public IntervalTimer Profile { get; init; } = IntervalTimer.Off;

    /// <summary>Those of timer_create, by number.</summary>
    public ImmutableSortedDictionary<int, PosixTimer> Posix { get; init; } = ImmutableSortedDictionary<int, PosixTimer>.Empty;

    /// <summary>The number that the next one gets.</summary>
    public int Next { get; init; }

    public ProcessTimers With(PosixTimer timer) => this with { Posix = Posix.SetItem(timer.Id, timer) };
}
