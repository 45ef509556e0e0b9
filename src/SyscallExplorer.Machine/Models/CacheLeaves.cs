namespace SyscallExplorer.Machine;

/// <summary>
/// The leaves of CPUID that describe caches: 2 and 4 (Intel), 80000005h, 80000006h and 8000001Dh (AMD). C libraries choose their copy routines by
/// them. SDM vol. 2A, CPUID; APM vol. 3, appendix E.4.
/// </summary>
internal static class CacheLeaves
{
    private const uint SelfInitializing = 1 << 8;
    private const uint Inclusive = 1 << 1;

    /// <summary>Leaf 2: one byte says that leaf 4 tells of the caches, the others are empty.</summary>
    public static (uint Eax, uint Ebx, uint Ecx, uint Edx) Descriptors => (0x00FF_FF01, 0, 0, 0);

    /// <summary>Leaf 4 and leaf 8000001Dh: one cache a subleaf.</summary>
    public static (uint Eax, uint Ebx, uint Ecx, uint Edx) Deterministic(IReadOnlyList<CacheGeometry> caches, uint subleaf)
    {
        if (subleaf >= caches.Count)
            return default;
        CacheGeometry cache = caches[(int)subleaf];
        uint eax = (uint)cache.Kind | (uint)cache.Level << 5 | SelfInitializing;
        uint ebx = (uint)(CacheGeometry.LineSize - 1) | (uint)(cache.Ways - 1) << 22;
        return (eax, ebx, (uint)(cache.Sets - 1), cache.IsInclusive ? Inclusive : 0);
    }

    /// <summary>Leaf 80000005h: the first-level caches.</summary>
    public static (uint Eax, uint Ebx, uint Ecx, uint Edx) AmdFirstLevel(IReadOnlyList<CacheGeometry> caches) =>
        (0, 0, FirstLevel(caches, CacheKind.Data), FirstLevel(caches, CacheKind.Instruction));

    /// <summary>Leaf 80000006h: the second and third level. Intel fills ECX only.</summary>
    public static (uint Eax, uint Ebx, uint Ecx, uint Edx) UpperLevels(IReadOnlyList<CacheGeometry> caches, bool withThird)
    {
        uint ecx = 0;
        uint edx = 0;
        foreach (CacheGeometry cache in caches)
        {
            if (cache.Level == 2)
                ecx = (uint)(cache.Size >> 10) << 16 | WaysCode(cache.Ways) << 12 | CacheGeometry.LineSize;
            else if (cache.Level == 3 && withThird)
                edx = (uint)(cache.Size >> 19) << 18 | WaysCode(cache.Ways) << 12 | 1 << 8 | CacheGeometry.LineSize;
        }

        return (0, 0, ecx, edx);
    }

    private static uint FirstLevel(IReadOnlyList<CacheGeometry> caches, CacheKind kind)
    {
        CacheGeometry? cache = caches.FirstOrDefault(cache => cache.Level == 1 && cache.Kind == kind);
        return cache is null ? 0 : (uint)(cache.Size >> 10) << 24 | (uint)cache.Ways << 16 | 1 << 8 | CacheGeometry.LineSize;
    }

    /// <summary>The code of an associativity. APM vol. 3, table E-4.</summary>
    private static uint WaysCode(int ways) => ways switch
    {
        1 => 1,
        2 => 2,
        3 => 3,
        4 => 4,
        8 => 6,
        16 => 8,
        32 => 10,
        48 => 11,
        64 => 12,
        _ => 9,
    };
}
