using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The counter that a kernel tells the time by: the time-stamp counter, or else that of the interval timer.</summary>
/// <param name="Ticks">Ticks in <paramref name="Units"/>.</param>
/// <param name="Units">1/256 cycles that a number of ticks takes; the two have no common divisor.</param>
/// <param name="StepsWithCycles">Whether the counter moves at the ends of whole cycles only, as the time-stamp counter does.</param>
/// <param name="Multiplier">A tick is this many nanoseconds, shifted left by <paramref name="Shift"/>.</param>
/// <param name="Shift">As large as leaves the multiplier 32 bits, and at most 31.</param>
internal readonly record struct Clocksource(Int128 Ticks, Int128 Units, bool StepsWithCycles, uint Multiplier, int Shift)
{
    private const int UnitsPerCycle = 256;
    private const int LongestShift = 31;
    private const long HertzPerKilohertz = 1000;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>The best that a processor has.</summary>
    public static Clocksource Of(CpuModel cpu)
    {
        Microarchitecture silicon = cpu.Microarchitecture;
        long hertz = (long)Math.Round(silicon.NominalGigahertz * 1e6) * HertzPerKilohertz;
        (long numerator, long denominator) = silicon.TscRatio;
        return cpu.Has(CpuFeature.Tsc)
            ? new Clocksource(numerator, (Int128)UnitsPerCycle * denominator, true, hertz * numerator / denominator)
            : new Clocksource(AtInterrupts.TimerHertz, (Int128)UnitsPerCycle * hertz, false, AtInterrupts.TimerHertz);
    }

    private Clocksource(Int128 ticks, Int128 units, bool stepsWithCycles, long hertz)
        : this(ticks, units, stepsWithCycles, (uint)((NanosecondsPerSecond << ShiftOf(hertz)) / hertz), ShiftOf(hertz))
    {
    }

    /// <summary>What it shows at a clock in 1/256 cycles since power-on.</summary>
    public Int128 At(long clock) => (Int128)(StepsWithCycles ? clock / UnitsPerCycle * UnitsPerCycle : clock) * Ticks / Units;

    /// <summary>The first clock at which it shows a number.</summary>
    public long ClockOf(Int128 counter)
    {
        Int128 units = (counter * Units + Ticks - 1) / Ticks;
        if (StepsWithCycles)
            units = (units + UnitsPerCycle - 1) / UnitsPerCycle * UnitsPerCycle;
        return (long)Int128.Min(units, long.MaxValue);
    }

    private static int ShiftOf(long hertz)
    {
        int shift = LongestShift;
        while (((Int128)NanosecondsPerSecond << shift) / hertz > uint.MaxValue)
            shift--;
        return shift;
    }
}
