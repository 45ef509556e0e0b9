using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What a kernel's images are like: a row of the table of generations.</summary>
/// <param name="Release">The kernel.</param>
/// <param name="VersionCode">LINUX_VERSION_CODE, which the images carry in a note.</param>
/// <param name="Data">The data page.</param>
/// <param name="Ordering">How the counter is read.</param>
/// <param name="KnowsRdpid">Whether getcpu has RDPID as an alternative.</param>
/// <param name="Functions">What 64-bit programs find.</param>
/// <param name="Functions32">What 32-bit programs find, entry and trampolines apart.</param>
/// <param name="StandsAboveStack">Whether the 64-bit image is put above the stack; else mmap decides.</param>
/// <param name="IsWhole">Whether a part of the image or its data cannot be unmapped, moved or protected alone.</param>
internal sealed record VdsoGeneration(
    string Release, int VersionCode, VvarLayout Data, TscOrdering Ordering, bool KnowsRdpid, ImmutableArray<VdsoCall> Functions,
    ImmutableArray<VdsoCall> Functions32, bool StandsAboveStack, bool IsWhole)
{
    private static readonly ImmutableArray<VdsoCall> s_first64 = [VdsoCall.ClockGettime, VdsoCall.Gettimeofday, VdsoCall.Getcpu, VdsoCall.Time];
    private static readonly ImmutableArray<VdsoCall> s_since53 = [.. s_first64, VdsoCall.ClockGetres];
    private static readonly ImmutableArray<VdsoCall> s_since611 = [.. s_since53, VdsoCall.Getrandom];
    private static readonly ImmutableArray<VdsoCall> s_first32 = [VdsoCall.ClockGettime, VdsoCall.Gettimeofday, VdsoCall.Time];
    private static readonly ImmutableArray<VdsoCall> s_since53In32 = [.. s_first32, VdsoCall.ClockGetres, VdsoCall.ClockGettime64];
    private static readonly ImmutableArray<VdsoCall> s_since68In32 = [.. s_since53In32, VdsoCall.Getcpu];

    private static readonly ImmutableArray<VdsoCall> s_oldest = [VdsoCall.ClockGettime, VdsoCall.Gettimeofday, VdsoCall.Getcpu];

    /// <summary>Whether 32-bit programs get one of three images, by the processor; later kernels patch one.</summary>
    public bool HasThreeStubs => Functions32.IsEmpty;

    /// <summary>The generations of which the kit makes images.</summary>
    public static ImmutableArray<VdsoGeneration> All { get; } =
    [
        new("2.6.39", 0x02_0627, VvarLayout.Linux_2_6_39, TscOrdering.FenceBefore, false, s_oldest, [], true, false),
        new("4.4", Version(4, 4), VvarLayout.Linux_4_4, TscOrdering.FenceBefore, false, s_first64, s_first32, true, false),
        new("4.19", Version(4, 19), VvarLayout.Linux_4_4 with { Pages = 3 }, TscOrdering.FenceBefore, true, s_first64, s_first32, true, false),
        new("4.20", Version(4, 20), VvarLayout.Linux_4_20, TscOrdering.FenceBefore, true, s_first64, s_first32, true, false),
        new("5.10", Version(5, 10), VvarLayout.Linux_5_13, TscOrdering.WholeRead, true, s_since53, s_since53In32, true, false),
        new("5.13", Version(5, 13), VvarLayout.Linux_5_13, TscOrdering.WholeRead, true, s_since53, s_since53In32, true, true),
        new("6.1", Version(6, 1), VvarLayout.Linux_5_13, TscOrdering.WholeRead, true, s_since53, s_since53In32, true, true),
        new("6.8", Version(6, 8), VvarLayout.Linux_5_13, TscOrdering.WholeRead, true, s_since53, s_since68In32, true, true),
        new("6.12", Version(6, 12), VvarLayout.Linux_6_12, TscOrdering.WholeRead, true, s_since611, s_since68In32, false, true),
    ];

    /// <summary>The generation of a kernel.</summary>
    /// <exception cref="ArgumentException">The kit makes no image for it.</exception>
    public static VdsoGeneration Of(string release) => All.FirstOrDefault(generation => generation.Release == release)
        ?? throw new ArgumentException($"The kit makes no vDSO for Linux {release}; it does for {string.Join(", ", All.Select(generation => generation.Release))}.", nameof(release));

    private static int Version(int major, int minor) => (major << 16) | (minor << 8);
}

/// <summary>Functions of the vDSO that stand for system calls.</summary>
internal enum VdsoCall
{
    ClockGettime,
    ClockGettime64,
    ClockGetres,
    Gettimeofday,
    Time,
    Getcpu,
    Getrandom,
}

/// <summary>What they are called.</summary>
internal static class VdsoCallNames
{
    /// <summary>The name without the prefix; 64-bit images export it too, as a weak symbol.</summary>
    public static string Plain(this VdsoCall call) => call switch
    {
        VdsoCall.ClockGettime => "clock_gettime",
        VdsoCall.ClockGettime64 => "clock_gettime64",
        VdsoCall.ClockGetres => "clock_getres",
        VdsoCall.Gettimeofday => "gettimeofday",
        VdsoCall.Time => "time",
        VdsoCall.Getcpu => "getcpu",
        VdsoCall.Getrandom => "getrandom",
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };

    /// <summary>The name with it.</summary>
    public static string Prefixed(this VdsoCall call) => "__vdso_" + call.Plain();
}
