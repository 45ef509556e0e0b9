namespace SyscallExplorer.Linux;

/// <summary>Offsets of the timekeeper that guest code reads: the kernel's clock as a line through the TSC.</summary>
internal static class TimekeeperLayout
{
    public const int Sequence = 0x00;
    public const int CycleLast = 0x08;
    public const int Mult = 0x10;
    public const int Shift = 0x14;

    /// <summary>Nanoseconds at <see cref="CycleLast"/>, shifted left.</summary>
    public const int ShiftedNanoseconds = 0x18;
    public const int Seconds = 0x20;

    /// <summary>What added to the wall clock gives the monotonic clock: seconds, then nanoseconds of 0 to 999,999,999.</summary>
    public const int WallToMonotonicSeconds = 0x28;
    public const int WallToMonotonicNanoseconds = 0x30;
    public const int TimezoneMinutesWest = 0x38;
    public const int TimezoneDst = 0x3C;

    /// <summary>How the vDSO may read the counter.</summary>
    public const int ClockMode = 0x40;

    /// <summary>Bytes of what the data page of the vDSO is made from.</summary>
    public const int Size = 0x48;

    /// <summary>The clocksource, of 64-bit kernels.</summary>
    public const int Source = 0x48;
}
