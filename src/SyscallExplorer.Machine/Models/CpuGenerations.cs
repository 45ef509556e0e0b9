namespace SyscallExplorer.Machine;

/// <summary>
/// Older and newer models. Identification and features are those of the makers' manuals (SDM vol. 2A, CPUID; AMD's CPUID specification, no. 25481, and the
/// revision guides of each family); their figures are assumptions that rest on a neighbour's. What a part has and the kit does not build, such as AVX-512,
/// CET and 3DNow!, is not reported.
/// </summary>
internal static class CpuGenerations
{
    private static readonly CpuFeature[] Pentium1993 = [CpuFeature.Fpu, CpuFeature.De, CpuFeature.Pse, CpuFeature.Tsc, CpuFeature.Msr, CpuFeature.Cx8];

    private static readonly CpuFeature[] PentiumIII1999 =
    [
        .. Pentium1993, CpuFeature.Pae, CpuFeature.Apic, CpuFeature.Sep, CpuFeature.Pge, CpuFeature.Cmov, CpuFeature.Pse36, CpuFeature.Mmx, CpuFeature.Fxsr, CpuFeature.Sse,
    ];

    /// <summary>What the first processors with 64 bits have.</summary>
    private static readonly CpuFeature[] FirstLongMode =
        [.. PentiumIII1999, CpuFeature.Clflush, CpuFeature.Sse2, CpuFeature.Syscall, CpuFeature.Nx, CpuFeature.Lm];

    private static readonly CpuFeature[] IntelSince2019 =
    [
        .. Cpus.Baseline, .. Cpus.Intel, .. Cpus.Since2015, CpuFeature.FdpExcptnOnly, CpuFeature.Umip, CpuFeature.Rdpid, CpuFeature.La57, CpuFeature.Clwb, CpuFeature.Sha, CpuFeature.Wbnoinvd,
    ];

    /// <summary>Intel Sapphire Rapids, 2023: five-level paging; neither Meltdown nor MDS. SDM vol. 4, table 2-1; Intel's list of affected processors.</summary>
    public static CpuModel SapphireRapids { get; } = new()
    {
        Name = "SapphireRapids",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Xeon(R) Platinum 8480+",
        Family = 6,
        Model = 0x8F,
        Stepping = 8,
        PhysicalAddressBits = 46,
        Features = new HashSet<CpuFeature>(IntelSince2019),
        Vulnerabilities = Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Bhi,
        HasEnhancedIbrs = true,
        HasBhiControl = true,
        Microarchitecture = Microarchitecture.Load("SapphireRapids"),
        Caches =
        [
            new(1, CacheKind.Data, 48 << 10, 12), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 2 << 20, 16), new(3, CacheKind.Unified, 120 << 20, 15),
        ],
    };

    /// <summary>Intel Panther Lake, 2026: the first client part with FRED. SDM vol. 4, table 2-1; Intel, FRED specification, no. 346446.</summary>
    public static CpuModel PantherLake { get; } = new()
    {
        Name = "PantherLake",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Core(TM) Ultra X7 358H",
        Family = 6,
        Model = 0xCC,
        Stepping = 2,
        PhysicalAddressBits = 42,
        Features = new HashSet<CpuFeature>([.. IntelSince2019, CpuFeature.Fred, CpuFeature.Lkgs]),
        Vulnerabilities = Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Bhi,
        HasEnhancedIbrs = true,
        HasBhiControl = true,
        Microarchitecture = Microarchitecture.Load("PantherLake"),
        Caches =
        [
            new(1, CacheKind.Data, 48 << 10, 12), new(1, CacheKind.Instruction, 64 << 10, 16),
            new(2, CacheKind.Unified, 3 << 20, 12), new(3, CacheKind.Unified, 18 << 20, 12),
        ],
    };

    /// <summary>AMD Zen 4, 2022: PCID, SMAP, five-level paging; no Retbleed. AMD, revision guide for family 19h; AMD-SB-1037 and AMD-SB-7005.</summary>
    public static CpuModel Zen4 { get; } = new()
    {
        Name = "Zen4",
        Vendor = CpuVendor.Amd,
        Brand = "AMD Ryzen 9 7950X 16-Core Processor",
        Family = 0x19,
        Model = 0x61,
        Stepping = 2,
        PhysicalAddressBits = 48,
        Features = new HashSet<CpuFeature>([.. Cpus.Zen2.Features, CpuFeature.Pcid, CpuFeature.Invpcid, CpuFeature.La57, CpuFeature.Erms]),
        Vulnerabilities = Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Srso,
        Microarchitecture = Microarchitecture.Load("Zen4"),
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 1 << 20, 8, IsInclusive: true), new(3, CacheKind.Unified, 32 << 20, 16),
        ],
    };

    /// <summary>Intel Core 2 (Penryn), 2008: SSE4.1; no PCID, no FSGSBASE, and a time-stamp counter that is not invariant. SDM vol. 4, table 2-1.</summary>
    public static CpuModel Core2 { get; } = new()
    {
        Name = "Core2",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz",
        Family = 6,
        Model = 0x17,
        Stepping = 10,
        PhysicalAddressBits = 36,
        Features = new HashSet<CpuFeature>([.. FirstLongMode, CpuFeature.Sse3, CpuFeature.Monitor, CpuFeature.Ssse3, CpuFeature.Cx16, CpuFeature.Sse41, CpuFeature.LahfLm]),
        Vulnerabilities = Vulnerabilities.Meltdown | Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.Mds | Vulnerabilities.L1tf
            | Vulnerabilities.SpecStoreBypass,
        Microarchitecture = Microarchitecture.Load("Core2"),
        MaxBasicLeaf = 0xD,
        MaxExtendedLeaf = 0x80000008,
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8), new(2, CacheKind.Unified, 6 << 20, 24),
        ],
    };

    /// <summary>AMD K8 (Athlon 64, revision E), 2005: SYSCALL in compatibility mode, SSE3 and nothing later. AMD, revision guide no. 25759.</summary>
    public static CpuModel K8 { get; } = new()
    {
        Name = "K8",
        Vendor = CpuVendor.Amd,
        Brand = "AMD Athlon(tm) 64 Processor 3200+",
        Family = 15,
        Model = 0x2F,
        Stepping = 2,
        PhysicalAddressBits = 40,
        Features = new HashSet<CpuFeature>([.. FirstLongMode, CpuFeature.Sse3, CpuFeature.LahfLm, CpuFeature.Mmxext]),
        Vulnerabilities = Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2,
        Microarchitecture = Microarchitecture.Load("K8"),
        MaxBasicLeaf = 1,
        MaxExtendedLeaf = 0x80000018,
        Caches =
        [
            new(1, CacheKind.Data, 64 << 10, 2), new(1, CacheKind.Instruction, 64 << 10, 2), new(2, CacheKind.Unified, 512 << 10, 16),
        ],
    };

    /// <summary>Intel Pentium III (Coppermine), 2000: SYSENTER and SSE, no long mode. SDM vol. 4, table 2-1; Intel, AP-485, no. 241618.</summary>
    public static CpuModel PentiumIII { get; } = new()
    {
        Name = "PentiumIII",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Pentium(R) III CPU",
        Family = 6,
        Model = 8,
        Stepping = 6,
        PhysicalAddressBits = 36,
        Features = new HashSet<CpuFeature>(PentiumIII1999),
        Vulnerabilities = Vulnerabilities.Meltdown | Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.L1tf,
        Microarchitecture = Microarchitecture.Load("PentiumIII"),
        MaxBasicLeaf = 2,
        MaxExtendedLeaf = 0,
    };

    /// <summary>Intel Pentium (P54C), 1996: neither SYSENTER nor SYSCALL, in order, and so without any of the weaknesses. Intel, AP-485, no. 241618.</summary>
    public static CpuModel Pentium { get; } = new()
    {
        Name = "Pentium",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Pentium(R)",
        Family = 5,
        Model = 2,
        Stepping = 12,
        PhysicalAddressBits = 32,
        Features = new HashSet<CpuFeature>(Pentium1993),
        Vulnerabilities = Vulnerabilities.None,
        Microarchitecture = Microarchitecture.Load("Pentium"),
        MaxBasicLeaf = 1,
        MaxExtendedLeaf = 0,
    };

    /// <summary>Every model, those first whose figures are published or fitted.</summary>
    public static IReadOnlyList<CpuModel> Known { get; } = [.. Cpus.All, SapphireRapids, PantherLake, Zen4, Core2, K8, PentiumIII, Pentium];
}
