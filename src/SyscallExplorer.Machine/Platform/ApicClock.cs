namespace SyscallExplorer.Machine;

/// <summary>
/// The clocks that a local APIC's timer counts, as exact ratios to the core clock: nothing ticks, and whoever asks is told where a count stands, or when
/// it will be reached.
/// </summary>
/// <param name="TimerHertz">Frequency of the clock that the timer divides.</param>
/// <param name="CoreHertz">Frequency of the core.</param>
/// <param name="TscRatio">Ticks of the time-stamp counter for each core cycle.</param>
internal readonly record struct ApicClock(long TimerHertz, long CoreHertz, (long Numerator, long Denominator) TscRatio)
{
    /// <summary>The emulated clock counts 1/256 of a core cycle.</summary>
    private const int UnitsPerCycle = 256;

    public static ApicClock Of(CpuModel model) =>
        new(model.ApicTimerHertz, (long)Math.Round(model.Microarchitecture.NominalGigahertz * 1e9), model.Microarchitecture.TscRatio);

    /// <summary>Whole ticks of the divided clock within a time.</summary>
    public ulong Ticks(long elapsed, int divisor) => (ulong)((UInt128)elapsed * (ulong)TimerHertz / UnitsPerTick(divisor));

    /// <summary>The shortest time within which there are so many ticks of the divided clock.</summary>
    public UInt128 TimeOf(UInt128 ticks, int divisor) => DivideUp(ticks * UnitsPerTick(divisor), (ulong)TimerHertz);

    /// <summary>The first clock at which the time-stamp counter, but for what software added, has reached a value.</summary>
    public long FirstClockAt(UInt128 tsc)
    {
        UInt128 cycles = DivideUp(tsc * (ulong)TscRatio.Denominator, (ulong)TscRatio.Numerator);
        return Saturate(cycles * UnitsPerCycle);
    }

    /// <summary>A clock, or that which never comes.</summary>
    public static long Saturate(UInt128 clock) => clock > long.MaxValue ? long.MaxValue : (long)clock;

    /// <summary>What a tick of the divided clock takes, in units of the emulated clock, times <see cref="TimerHertz"/>.</summary>
    private UInt128 UnitsPerTick(int divisor) => (UInt128)CoreHertz * UnitsPerCycle * (uint)divisor;

    private static UInt128 DivideUp(UInt128 value, UInt128 divisor) => (value + divisor - 1) / divisor;
}
