using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Where a clock's last value stands in the data page.</summary>
/// <param name="Clock">Its number.</param>
/// <param name="Seconds">Offset of the seconds in the page.</param>
/// <param name="Nanoseconds">Offset of the nanoseconds.</param>
/// <param name="IsShifted">Whether they are shifted left and extended by the counter; else the clock stands still between two ticks.</param>
/// <param name="Block">Offset of the block with the counter's line that extends it.</param>
internal sealed record VvarClock(int Clock, int Seconds, int Nanoseconds, bool IsShifted, int Block)
{
    /// <summary>Whether the fields are the wall clock's, and the way to the monotonic clock is added to them.</summary>
    public bool IsFromWallClock { get; init; }
}

/// <summary>
/// The page that the kernel writes and the vDSO reads. Offsets of the counter's line are from a block's start, all others from the page's.
/// </summary>
internal sealed record VvarLayout
{
    /// <summary>Where the page stands in every address space, the same for all; null where it lies before the text.</summary>
    public long? Fixed { get; init; }

    /// <summary>Offset in the block of the seconds and then nanoseconds from the wall clock to the monotonic one, where readers add them.</summary>
    public int? WallToMonotonic { get; init; }

    /// <summary>Pages before the text, of which the first holds the clock.</summary>
    public required int Pages { get; init; }

    /// <summary>Where blocks stand, each with a sequence number and a line of its own.</summary>
    public required ImmutableArray<int> Blocks { get; init; }

    public int Sequence => 0;

    public required int ClockMode { get; init; }

    public required int CycleLast { get; init; }

    /// <summary>The longest time that the multiplication below takes, from Linux 6.12 on.</summary>
    public int? MaxCycles { get; init; }

    public required int Mask { get; init; }

    public required int Mult { get; init; }

    public required int Shift { get; init; }

    public required ImmutableArray<VvarClock> Clocks { get; init; }

    /// <summary>Offset, in each block, of the array of 16 bytes for each clock; null where clocks have fields of their own.</summary>
    public int? Bases { get; init; }

    /// <summary>Offset of the time zone's two words in the page.</summary>
    public required int Timezone { get; init; }

    /// <summary>Offset of the resolution in the page, where it has one.</summary>
    public int? Resolution { get; init; }

    /// <summary>Offset of what the kernel tells about its random numbers: a generation, and whether there are any.</summary>
    public int? Random { get; init; }

    /// <summary>What VDSO_CLOCKMODE_TSC and its forerunners are.</summary>
    public const int ByTsc = 1;

    /// <summary>Programs cannot read the counter: the kernel has to be asked.</summary>
    public const int ByKernel = 0;

    private const int Data = 0x80;

    /// <summary>
    /// Linux 2.6.39: a part of the vsyscall page. Nanoseconds are whole ones of 32 bits, and the mode is the address of a function that reads
    /// the counter, of which readers need only know whether there is one.
    /// </summary>
    public static VvarLayout Linux_2_6_39 { get; } = new()
    {
        Fixed = unchecked((long)0xFFFF_FFFF_FF60_0000),
        Pages = 0,
        Blocks = [OldData],
        ClockMode = 0x20,
        CycleLast = 0x28,
        Mask = 0x30,
        Mult = 0x38,
        Shift = 0x3C,
        WallToMonotonic = 0x40,
        Clocks =
        [
            new(ClockIds.Realtime, OldData + 0x08, OldData + 0x10, IsShifted: true, OldData),
            new(ClockIds.Monotonic, OldData + 0x08, OldData + 0x10, IsShifted: true, OldData) { IsFromWallClock = true },
            new(ClockIds.RealtimeCoarse, OldData + 0x50, OldData + 0x58, IsShifted: false, OldData),
            new(ClockIds.MonotonicCoarse, OldData + 0x50, OldData + 0x58, IsShifted: false, OldData) { IsFromWallClock = true },
        ],
        Timezone = OldData + 0x18,
    };

    /// <summary>Where the kit's vsyscall page has the data: behind its first function, before the second at 400h.</summary>
    private const int OldData = 0x200;

    /// <summary>Linux 4.4: a field for each clock.</summary>
    public static VvarLayout Linux_4_4 { get; } = new()
    {
        Pages = 2,
        Blocks = [Data],
        ClockMode = 0x04,
        CycleLast = 0x08,
        Mask = 0x10,
        Mult = 0x18,
        Shift = 0x1C,
        Clocks =
        [
            new(ClockIds.Realtime, Data + 0x28, Data + 0x20, IsShifted: true, Data),
            new(ClockIds.Monotonic, Data + 0x30, Data + 0x38, IsShifted: true, Data),
            new(ClockIds.RealtimeCoarse, Data + 0x40, Data + 0x48, IsShifted: false, Data),
            new(ClockIds.MonotonicCoarse, Data + 0x50, Data + 0x58, IsShifted: false, Data),
        ],
        Timezone = Data + 0x60,
    };

    /// <summary>Linux 4.20: an array that the clock's number indexes.</summary>
    public static VvarLayout Linux_4_20 { get; } = Linux_4_4 with
    {
        Pages = 3,
        Bases = 0x20,
        Clocks = [.. Indexed(Data + 0x20, Data, ClockIds.Realtime, ClockIds.Monotonic, ClockIds.RealtimeCoarse, ClockIds.MonotonicCoarse, ClockIds.Tai)],
        Timezone = Data + 0xE0,
    };

    /// <summary>Linux 5.3 to 6.8: a second block for CLOCK_MONOTONIC_RAW.</summary>
    public static VvarLayout Linux_5_13 { get; } = WithTwoBlocks(moved: 0);

    /// <summary>Linux 6.12: the line's limit moves what follows, and there is a word about random numbers.</summary>
    public static VvarLayout Linux_6_12 { get; } = WithTwoBlocks(moved: 8) with { MaxCycles = 0x10, Random = 0x280 };

    /// <summary>Whether another page has the same fields in the same places; how many pages follow does not matter.</summary>
    public bool HasFieldsOf(VvarLayout other) =>
        this with { Pages = 0, Blocks = [], Clocks = [] } == other with { Pages = 0, Blocks = [], Clocks = [] }
        && Blocks.SequenceEqual(other.Blocks) && Clocks.SequenceEqual(other.Clocks);

    private static VvarLayout WithTwoBlocks(int moved)
    {
        int raw = Data + 0xF0 + moved, bases = 0x20 + moved;
        return Linux_4_20 with
        {
            Pages = 4,
            Blocks = [Data, raw],
            Mask = 0x10 + moved,
            Mult = 0x18 + moved,
            Shift = 0x1C + moved,
            Bases = bases,
            Clocks =
            [
                .. Indexed(Data + bases, Data, ClockIds.Realtime, ClockIds.Monotonic, ClockIds.RealtimeCoarse, ClockIds.MonotonicCoarse, ClockIds.Boottime, ClockIds.Tai),
                .. Indexed(raw + bases, raw, ClockIds.MonotonicRaw),
            ],
            Timezone = Data + 0xE0 + moved,
            Resolution = Data + 0xE8 + moved,
        };
    }

    private static IEnumerable<VvarClock> Indexed(int bases, int block, params int[] clocks) => clocks.Select(clock =>
        new VvarClock(clock, bases + clock * 16, bases + clock * 16 + 8, clock is not (ClockIds.RealtimeCoarse or ClockIds.MonotonicCoarse), block));
}
