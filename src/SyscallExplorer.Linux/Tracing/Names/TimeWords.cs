namespace SyscallExplorer.Linux;

/// <summary>Names of clocks and timers.</summary>
internal static class TimeWords
{
    public static ValueNames Clocks { get; } = ValueNames.From(0, "CLOCK_???",
        "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID", "CLOCK_MONOTONIC_RAW", "CLOCK_REALTIME_COARSE",
        "CLOCK_MONOTONIC_COARSE", "CLOCK_BOOTTIME", "CLOCK_REALTIME_ALARM", "CLOCK_BOOTTIME_ALARM", "CLOCK_SGI_CYCLE", "CLOCK_TAI");

    public static FlagNames Timer { get; } = new("TIMER_???", ("TIMER_ABSTIME", 1));

    public static ValueNames Intervals { get; } = ValueNames.From(0, "ITIMER_???", "ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF");
}
