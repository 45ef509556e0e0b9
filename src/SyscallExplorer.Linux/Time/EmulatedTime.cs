using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// The machine's time as the host parts of system calls see it: nothing of the host's clock. It is the line through the TSC that the
/// timekeeper in guest memory draws, so that no program sees two times.
/// </summary>
internal readonly struct EmulatedTime(LinuxMachine machine)
{
    public const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>The timekeeper's shift: nanoseconds are TSC times its multiplier, shifted right by this.</summary>
    public const int Shift = 31;

    private const int ClockPerCycle = 256;
    private const long KilohertzToNanoseconds = 1_000_000;

    private readonly Microarchitecture _silicon = machine.Processor.Model.Microarchitecture;

    private long Kilohertz => KilohertzOf(_silicon);

    /// <summary>Ticks of the time-stamp counter since boot, whatever was written to it.</summary>
    public Int128 Counter => CounterOf(machine.Processor.Clock);

    /// <summary>Nanoseconds since boot.</summary>
    public long SinceBoot => At(machine.Processor.Clock);

    /// <summary>Nanoseconds that the current process has run, the threads that are gone included.</summary>
    public long Running => NanosecondsOf(machine.RunningClock(machine.Process));

    /// <summary>Nanoseconds since 1970.</summary>
    public long WallClock => SinceBoot + machine.Kernel.ReleaseTime * NanosecondsPerSecond;

    /// <summary>A time since 1970 as a time since boot; what lies before boot is boot.</summary>
    public long AtWallClock(long nanoseconds) => Math.Max(0, nanoseconds - machine.Kernel.ReleaseTime * NanosecondsPerSecond);

    /// <summary>Nanoseconds since boot that the machine's clock can show with room to spare: some fifty days.</summary>
    public long Longest => NanosecondsOf(long.MaxValue / 2);

    /// <summary>The timekeeper's multiplier for a processor.</summary>
    public static uint MultiplierOf(Microarchitecture silicon) =>
        (uint)((KilohertzToNanoseconds << Shift) / (KilohertzOf(silicon) * silicon.TscRatio.Numerator / silicon.TscRatio.Denominator));

    /// <summary>1/256 cycles that make a number of nanoseconds, rounded up.</summary>
    public long ClockOf(long nanoseconds) => (long)(((Int128)nanoseconds * ClockPerCycle * Kilohertz + KilohertzToNanoseconds - 1) / KilohertzToNanoseconds);

    /// <summary>The first value of <see cref="Counter"/> at which a number of nanoseconds since boot has passed.</summary>
    public Int128 CounterAt(long nanoseconds)
    {
        uint multiplier = MultiplierOf(_silicon);
        return (((Int128)nanoseconds << Shift) + multiplier - 1) / multiplier;
    }

    /// <summary>The first clock, in 1/256 cycles since power-on, at which a number of nanoseconds since boot has passed.</summary>
    public long ClockAt(long nanoseconds)
    {
        Int128 cycles = (CounterAt(nanoseconds) * _silicon.TscRatio.Denominator + _silicon.TscRatio.Numerator - 1) / _silicon.TscRatio.Numerator;
        return (long)Int128.Min(cycles * ClockPerCycle, long.MaxValue);
    }

    /// <summary>Nanoseconds that a number of 1/256 cycles takes, by the timekeeper's line, so that no processor time exceeds the time that passed.</summary>
    public long NanosecondsOf(long clock) =>
        (long)((Int128)clock * _silicon.TscRatio.Numerator * MultiplierOf(_silicon) / ((Int128)(ClockPerCycle * _silicon.TscRatio.Denominator) << Shift));

    private long At(long clock) => (long)((CounterOf(clock) * MultiplierOf(_silicon)) >> Shift);

    private Int128 CounterOf(long clock) => (Int128)(clock / ClockPerCycle) * _silicon.TscRatio.Numerator / _silicon.TscRatio.Denominator;

    private static long KilohertzOf(Microarchitecture silicon) => (long)Math.Round(silicon.NominalGigahertz * 1e6);
}
