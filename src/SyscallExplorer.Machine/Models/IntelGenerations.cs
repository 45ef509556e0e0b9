namespace SyscallExplorer.Machine;

/// <summary>
/// Intel's processors from the Pentium III on, but for those in <see cref="Cpus"/>. Identification and features are those of the manuals (SDM vol. 2A, CPUID;
/// vol. 4, table 2-1). What a part has and the kit does not build, such as AVX-512 and CET, is not reported.
/// </summary>
/// <remarks>
/// Weaknesses are those of Intel's "Affected Processors: Guidance for Security Issues on Intel Processors", which goes back to 2011. Of older processors Linux takes for granted that all
/// which execute out of order have Meltdown, both Spectres, L1TF, MDS and speculative store bypass; so does the kit.
/// </remarks>
internal static class IntelGenerations
{
    private const Vulnerabilities OutOfOrder = Vulnerabilities.Meltdown | Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.Mds | Vulnerabilities.L1tf
        | Vulnerabilities.SpecStoreBypass;

    /// <summary>What is left where Meltdown, L1TF and MDS are mended. Branch history injection is a weakness of enhanced IBRS.</summary>
    private const Vulnerabilities SinceEnhancedIbrs =
        Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Bhi;

    internal static readonly CpuFeature[] PentiumIII1999 =
    [
        .. EarlyProcessors.Pentium1993, CpuFeature.Pae, CpuFeature.Apic, CpuFeature.Sep, CpuFeature.Pge, CpuFeature.Cmov, CpuFeature.Pse36, CpuFeature.Mmx, CpuFeature.Fxsr, CpuFeature.Sse,
    ];

    /// <summary>What the first processors with 64 bits have.</summary>
    internal static readonly CpuFeature[] FirstLongMode =
        [.. PentiumIII1999, CpuFeature.Clflush, CpuFeature.Sse2, CpuFeature.Syscall, CpuFeature.Nx, CpuFeature.Lm];

    private static readonly CpuFeature[] Penryn2008 =
        [.. FirstLongMode, CpuFeature.Sse3, CpuFeature.Monitor, CpuFeature.Ssse3, CpuFeature.Cx16, CpuFeature.Sse41, CpuFeature.LahfLm];

    /// <summary>The microcode of 2018 gave IA32_SPEC_CTRL to processors back to Westmere.</summary>
    private static readonly CpuFeature[] Westmere2010 =
    [
        .. Penryn2008, CpuFeature.Sse42, CpuFeature.Popcnt, CpuFeature.Aes, CpuFeature.Pclmulqdq, CpuFeature.Pcid, CpuFeature.Rdtscp, CpuFeature.NonstopTsc, CpuFeature.Arat,
        CpuFeature.SpecCtrl, CpuFeature.IntelStibp, CpuFeature.SpecCtrlSsbd,
    ];

    private static readonly CpuFeature[] IntelSince2015 = [.. Cpus.Baseline, .. Cpus.Intel, .. Cpus.Since2015, CpuFeature.FdpExcptnOnly];

    private static readonly CpuFeature[] IntelSince2019 =
    [
        .. IntelSince2015, CpuFeature.Umip, CpuFeature.Rdpid, CpuFeature.La57, CpuFeature.Clwb, CpuFeature.Sha, CpuFeature.Wbnoinvd,
    ];

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
        Vulnerabilities = OutOfOrder,
        MicroarchitectureName = "PentiumIII",
        MaxBasicLeaf = 2,
        MaxExtendedLeaf = 0,

        // 16 KiB each for instructions and data, 256 KiB behind them.
        CacheDescriptors = (0x0302_0101, 0x0C04_0882),
    };

    /// <summary>Intel Pentium 4 (Northwood), 2002: SSE2 and a long pipeline, no long mode. SDM vol. 4, table 2-1; Intel, AP-485, no. 241618.</summary>
    public static CpuModel Pentium4Northwood { get; } = new()
    {
        Name = "Pentium4Northwood",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Pentium(R) 4 CPU 2.40GHz",
        Family = 15,
        Model = 2,
        Stepping = 7,
        PhysicalAddressBits = 36,
        Features = new HashSet<CpuFeature>([.. PentiumIII1999, CpuFeature.Clflush, CpuFeature.Sse2]),
        Vulnerabilities = OutOfOrder,
        MicroarchitectureName = "Pentium4Northwood",
        MaxBasicLeaf = 2,
        MaxExtendedLeaf = 0x80000004,

        // A trace cache of 12K uops, 8 KiB for data, 512 KiB behind them.
        CacheDescriptors = (0x665B_5001, 0x007B_7040),
    };

    /// <summary>Intel Pentium 4 (Prescott-2M), 2005: the first with long mode, without LAHF there before stepping 10. SDM vol. 4, table 2-1; Intel, AP-485, no. 241618.</summary>
    public static CpuModel Pentium4Prescott { get; } = new()
    {
        Name = "Pentium4Prescott",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Pentium(R) 4 CPU 3.60GHz",
        Family = 15,
        Model = 4,
        Stepping = 3,
        PhysicalAddressBits = 36,
        Features = new HashSet<CpuFeature>([.. FirstLongMode, CpuFeature.Sse3, CpuFeature.Monitor, CpuFeature.Cx16]),
        Vulnerabilities = OutOfOrder,
        MicroarchitectureName = "Pentium4Prescott",
        MaxBasicLeaf = 5,
        MaxExtendedLeaf = 0x80000008,
        Caches =
        [
            new(1, CacheKind.Data, 16 << 10, 8), new(2, CacheKind.Unified, 2 << 20, 8),
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
        Features = new HashSet<CpuFeature>(Penryn2008),
        Vulnerabilities = OutOfOrder,
        MicroarchitectureName = "Core2",
        MaxBasicLeaf = 0xD,
        MaxExtendedLeaf = 0x80000008,
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8), new(2, CacheKind.Unified, 6 << 20, 24),
        ],
    };

    /// <summary>
    /// Intel Westmere (Xeon X5680), 2010, with the microcode of 2018: the first with PCID, and an invariant time-stamp counter; no VERW that clears buffers. SDM vol. 4, table 2-1;
    /// Intel, microcode revision guidance of August 2018.
    /// </summary>
    public static CpuModel Westmere { get; } = new()
    {
        Name = "Westmere",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Xeon(R) CPU           X5680  @ 3.33GHz",
        Family = 6,
        Model = 0x2C,
        Stepping = 2,
        PhysicalAddressBits = 40,
        Features = new HashSet<CpuFeature>([.. Westmere2010, CpuFeature.Pdpe1gb]),
        Vulnerabilities = OutOfOrder,
        MicroarchitectureName = "Westmere",
        MaxBasicLeaf = 0xB,
        MaxExtendedLeaf = 0x80000008,
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 4),
            new(2, CacheKind.Unified, 256 << 10, 8), new(3, CacheKind.Unified, 12 << 20, 16, IsInclusive: true),
        ],
    };

    /// <summary>Intel Sandy Bridge client, 2011, with the microcode of 2019: AVX, XSAVE, the TSC deadline; neither SMEP nor FSGSBASE. SDM vol. 4, table 2-1.</summary>
    public static CpuModel SandyBridge { get; } = new()
    {
        Name = "SandyBridge",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Core(TM) i7-2600K CPU @ 3.40GHz",
        Family = 6,
        Model = 0x2A,
        Stepping = 7,
        PhysicalAddressBits = 36,
        Features = new HashSet<CpuFeature>(
        [
            .. Westmere2010, CpuFeature.X2Apic, CpuFeature.TscDeadlineTimer, CpuFeature.Xsave, CpuFeature.Xsaveopt, CpuFeature.Avx, CpuFeature.MdClear,
        ]),
        Vulnerabilities = OutOfOrder,
        MicroarchitectureName = "SandyBridge",
        MaxBasicLeaf = 0xD,
        MaxExtendedLeaf = 0x80000008,
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 256 << 10, 8), new(3, CacheKind.Unified, 8 << 20, 16, IsInclusive: true),
        ],
    };

    /// <summary>
    /// Intel Cascade Lake, 2019: the core of Skylake with Meltdown, L1TF and MDS mended and enhanced IBRS. Returns that run out of their stack use the branch target buffer still (RETBLEED), which
    /// enhanced IBRS answers. Intel's list of affected processors.
    /// </summary>
    public static CpuModel CascadeLake { get; } = new()
    {
        Name = "CascadeLake",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Xeon(R) Platinum 8280 CPU @ 2.70GHz",
        Family = 6,
        Model = 0x55,
        Stepping = 7,
        PhysicalAddressBits = 46,
        Features = new HashSet<CpuFeature>([.. IntelSince2015, CpuFeature.Clwb]),
        Vulnerabilities = SinceEnhancedIbrs | Vulnerabilities.Retbleed | Vulnerabilities.MmioStaleData,
        HasEnhancedIbrs = true,
        MicroarchitectureName = "CascadeLake",
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 1 << 20, 16), new(3, CacheKind.Unified, 77 << 19, 11),
        ],
    };

    /// <summary>Intel Ice Lake server, 2021: five-level paging, enhanced IBRS. SDM vol. 4, table 2-1; Intel's list of affected processors.</summary>
    public static CpuModel IceLake { get; } = new()
    {
        Name = "IceLake",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz",
        Family = 6,
        Model = 0x6A,
        Stepping = 6,
        PhysicalAddressBits = 46,
        Features = new HashSet<CpuFeature>(IntelSince2019),
        Vulnerabilities = SinceEnhancedIbrs | Vulnerabilities.MmioStaleData,
        HasEnhancedIbrs = true,
        MicroarchitectureName = "IceLake",
        Caches =
        [
            new(1, CacheKind.Data, 48 << 10, 12), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 5 << 18, 20), new(3, CacheKind.Unified, 60 << 20, 12),
        ],
    };

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
        Vulnerabilities = SinceEnhancedIbrs,
        HasEnhancedIbrs = true,
        HasBhiControl = true,
        MicroarchitectureName = "SapphireRapids",
        Caches =
        [
            new(1, CacheKind.Data, 48 << 10, 12), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 2 << 20, 16), new(3, CacheKind.Unified, 105 << 20, 15),
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
        Vulnerabilities = SinceEnhancedIbrs,
        HasEnhancedIbrs = true,
        HasBhiControl = true,
        MicroarchitectureName = "PantherLake",
        Caches =
        [
            new(1, CacheKind.Data, 48 << 10, 12), new(1, CacheKind.Instruction, 64 << 10, 16),
            new(2, CacheKind.Unified, 3 << 20, 12), new(3, CacheKind.Unified, 18 << 20, 12),
        ],
    };
}
