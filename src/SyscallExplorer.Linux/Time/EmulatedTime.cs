using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// The machine's time as the host parts of system calls see it: nothing of the host's clock. It is the line through the clocksource that the
/// timekeeper in guest memory draws, so that no program sees two times.
/// </summary>
internal readonly struct EmulatedTime(LinuxMachine machine)
{
    public const long NanosecondsPerSecond = 1_000_000_000;

    private const int ClockPerCycle = 256;
    private const long KilohertzToNanoseconds = 1_000_000;

    private readonly Clocksource _source = Clocksource.Of(machine.Processor.Model);

    private long Kilohertz => (long)Math.Round(machine.Processor.Model.Microarchitecture.NominalGigahertz * 1e6);

    /// <summary>Ticks of the clocksource since boot, whatever was written to the time-stamp counter.</summary>
    public Int128 Counter => _source.At(machine.Processor.Clock);

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

    /// <summary>1/256 cycles that make a number of nanoseconds, rounded up.</summary>
    public long ClockOf(long nanoseconds) => (long)(((Int128)nanoseconds * ClockPerCycle * Kilohertz + KilohertzToNanoseconds - 1) / KilohertzToNanoseconds);

    /// <summary>The first value of <see cref="Counter"/> at which a number of nanoseconds since boot has passed.</summary>
    public Int128 CounterAt(long nanoseconds) => (((Int128)nanoseconds << _source.Shift) + _source.Multiplier - 1) / _source.Multiplier;

    /// <summary>The first clock, in 1/256 cycles since power-on, at which a number of nanoseconds since boot has passed.</summary>
    public long ClockAt(long nanoseconds) => _source.ClockOf(CounterAt(nanoseconds));

    /// <summary>Nanoseconds that a number of 1/256 cycles takes, by the timekeeper's line, so that no processor time exceeds the time that passed.</summary>
    public long NanosecondsOf(long clock) => (long)((Int128)clock * _source.Ticks * _source.Multiplier / (_source.Units << _source.Shift));

    private long At(long clock) => (long)((_source.At(clock) * _source.Multiplier) >> _source.Shift);
}
