namespace SyscallExplorer.Linux;

/// <summary>Numbers of clocks. include/uapi/linux/time.h.</summary>
internal static class ClockIds
{
    public const int Realtime = 0;
    public const int Monotonic = 1;
    public const int ProcessTime = 2;
    public const int ThreadTime = 3;
    public const int MonotonicRaw = 4;
    public const int RealtimeCoarse = 5;
    public const int MonotonicCoarse = 6;
    public const int Boottime = 7;

    /// <summary>CLOCK_REALTIME_ALARM, which needs a clock that wakes a machine; this one has none.</summary>
    public const int RealtimeAlarm = 8;

    /// <summary>CLOCK_BOOTTIME_ALARM.</summary>
    public const int BoottimeAlarm = 9;
    public const int Tai = 11;

    /// <summary>What the lower three bits of a negative number are for the clock of a descriptor.</summary>
    private const int OfDescriptor = 3;

    /// <summary>Whether it is a clock that can be waited for and that does not count processor time.</summary>
    public static bool CanBeWaitedFor(int clock) => clock is Realtime or Monotonic or Boottime or Tai;

    /// <summary>Whether it shows the time of day.</summary>
    public static bool IsWallClock(int clock) => clock is Realtime or Tai or RealtimeAlarm or RealtimeCoarse;

    /// <summary>Whether there is such a clock, processor time apart.</summary>
    public static bool Exists(int clock) => clock is >= Realtime and <= BoottimeAlarm or Tai;

    /// <summary>Whether it counts the processor time of a process or thread, if there is such a one.</summary>
    public static bool IsProcessorTime(int clock) => clock is ProcessTime or ThreadTime || (clock < 0 && (clock & 7) != OfDescriptor);
}
