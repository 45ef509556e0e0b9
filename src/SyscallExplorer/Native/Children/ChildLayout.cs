namespace SyscallExplorer;

/// <summary>Where a child's program has what, the same in 32-bit and 64-bit programs: all of it below 2 GiB.</summary>
internal static class ChildLayout
{
    public const uint Code = 0x1000_0000;

    /// <summary>What the child writes to its standard output when it is done, and its variables behind it.</summary>
    public const uint Data = 0x2000_0000;

    public const uint DataSize = 0x4000;

    /// <summary>Most rounds that a child writes down.</summary>
    public const int MaxRounds = 256;

    /// <summary>"SYSXNATV" as a number in the byte order of x86.</summary>
    public const ulong Magic = 0x5654_414E_5853_5953;

    // Offsets in the output.
    public const int MagicAt = 0, RoundsAt = 8, ResultAt = 16, CpuAt = 24, PinningAt = 32, AuxiliaryAt = 40, StubAt = 64, StubSize = 64, SeriesAt = 128;

    /// <summary>Bytes of one series of times.</summary>
    public const int SeriesSize = MaxRounds * 8;

    /// <summary>The series in their order: the chain of known length, what the loop costs without its subject, and with it.</summary>
    public const int ChainSeries = 0, ControlSeries = 1, SubjectSeries = 2, SeriesCount = 3;

    public const int OutputSize = SeriesAt + (SeriesCount * SeriesSize);

    // Offsets of variables.
    public const int StartAt = 0x2000, DeadlineAt = 0x2008, WarmUpAt = 0x2010, CounterAt = 0x2018, RoomAt = 0x2040;

    /// <summary>A set of CPUs, for hosts of up to 8192.</summary>
    public const int CpuSetAt = 0x3000, CpuSetSize = 1024;

    /// <summary>What blocks of code read and write: RDI and RSI point into the middle of it.</summary>
    public const uint Scratch = 0x3000_0000;

    public const uint ScratchSize = 0x1_0000;

    /// <summary>The stack of blocks of code.</summary>
    public const uint BlockStack = 0x4000_0000;

    public const uint BlockStackSize = 0x1_0000;
}
