using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The machine's time as the host parts of system calls see it: nothing of the host's clock.</summary>
internal readonly struct EmulatedTime(LinuxMachine machine)
{
    public const long NanosecondsPerSecond = 1_000_000_000;
    private const int ClockPerCycle = 256;
    private const long KilohertzToNanoseconds = 1_000_000;

    private readonly long _kilohertz = (long)Math.Round(machine.Processor.Model.Microarchitecture.NominalGigahertz * 1e6);

    /// <summary>Nanoseconds since boot.</summary>
    public long SinceBoot => NanosecondsOf(machine.Processor.Clock);

    /// <summary>Nanoseconds that the program has run: since it was loaded, without what it slept.</summary>
    public long Running => NanosecondsOf(machine.Processor.Clock - machine.State.StartClock) - machine.State.SleptNanoseconds;

    /// <summary>Nanoseconds since 1970.</summary>
    public long WallClock => SinceBoot + machine.Kernel.ReleaseTime * NanosecondsPerSecond;

    /// <summary>Nanoseconds since boot that the machine's clock can show with room to spare: some fifty days.</summary>
    public long Longest => NanosecondsOf(long.MaxValue / 2);

    /// <summary>1/256 cycles that make a number of nanoseconds, rounded up.</summary>
    public long ClockOf(long nanoseconds) => (long)(((Int128)nanoseconds * ClockPerCycle * _kilohertz + KilohertzToNanoseconds - 1) / KilohertzToNanoseconds);

    private long NanosecondsOf(long clock) => (long)((Int128)clock * KilohertzToNanoseconds / (ClockPerCycle * _kilohertz));
}
