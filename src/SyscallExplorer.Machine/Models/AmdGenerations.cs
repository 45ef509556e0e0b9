namespace SyscallExplorer.Machine;

/// <summary>
/// AMD's processors, but for Zen 2, which is in <see cref="Cpus"/>. Identification and features are those of AMD's CPUID specification, no. 25481, and of the revision guide of each
/// family. What a part has and the kit does not build, such as 3DNow!, FMA4, XOP and AVX-512, is not reported.
/// </summary>
/// <remarks>
/// No processor of AMD has Meltdown, L1TF or MDS. Speculative store bypass: AMD names families 15h to 17h, and later ones; Linux leaves out families 0Fh to 12h alone.
/// </remarks>
internal static class AmdGenerations
{
    private const Vulnerabilities BothSpectres = Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2;

    private static readonly CpuFeature[] K10Features =
    [
        .. IntelGenerations.FirstLongMode, CpuFeature.Sse3, CpuFeature.LahfLm, CpuFeature.Mmxext, CpuFeature.Monitor, CpuFeature.Cx16, CpuFeature.Popcnt, CpuFeature.Abm,
        CpuFeature.Sse4a, CpuFeature.Misalignsse, CpuFeature.Prefetchw, CpuFeature.Pdpe1gb, CpuFeature.Rdtscp, CpuFeature.NonstopTsc,
    ];

    private static readonly CpuFeature[] BulldozerFeatures =
    [
        .. K10Features, CpuFeature.Ssse3, CpuFeature.Sse41, CpuFeature.Sse42, CpuFeature.Aes, CpuFeature.Pclmulqdq, CpuFeature.Xsave, CpuFeature.Avx, CpuFeature.Arat,
        CpuFeature.TopologyExtensions, CpuFeature.AmdIbpb,
    ];

    /// <summary>Zen has no x2APIC mode, no UMIP, and its SSBD is no bit of CPUID.</summary>
    private static readonly CpuFeature[] SinceZen =
    [
        CpuFeature.X2Apic, CpuFeature.Umip, CpuFeature.Rdpid, CpuFeature.Clwb, CpuFeature.Wbnoinvd, CpuFeature.Rdpru, CpuFeature.AmdStibp, CpuFeature.AmdSsbd,
    ];

    /// <summary>AMD K7 (Athlon XP, Barton), 2003: SYSENTER and AMD's own SYSCALL, both of 32 bits. AMD, Athlon processor model 10 revision guide, no. 27532.</summary>
    public static CpuModel K7 { get; } = new()
    {
        Name = "K7",
        Vendor = CpuVendor.Amd,
        Brand = "AMD Athlon(tm) XP 2500+",
        Family = 6,
        Model = 10,
        Stepping = 0,
        PhysicalAddressBits = 34,
        Features = new HashSet<CpuFeature>([.. IntelGenerations.PentiumIII1999, CpuFeature.Mmxext, CpuFeature.Syscall]),
        Vulnerabilities = BothSpectres | Vulnerabilities.SpecStoreBypass,
        MicroarchitectureName = "K7",
        MaxBasicLeaf = 1,
        MaxExtendedLeaf = 0x80000008,
        Caches =
        [
            new(1, CacheKind.Data, 64 << 10, 2), new(1, CacheKind.Instruction, 64 << 10, 2), new(2, CacheKind.Unified, 512 << 10, 16),
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
        Features = new HashSet<CpuFeature>([.. IntelGenerations.FirstLongMode, CpuFeature.Sse3, CpuFeature.LahfLm, CpuFeature.Mmxext]),
        Vulnerabilities = BothSpectres,
        MicroarchitectureName = "K8",
        MaxBasicLeaf = 1,
        MaxExtendedLeaf = 0x80000018,
        Caches =
        [
            new(1, CacheKind.Data, 64 << 10, 2), new(1, CacheKind.Instruction, 64 << 10, 2), new(2, CacheKind.Unified, 512 << 10, 16),
        ],
    };

    /// <summary>AMD K10 (Phenom II), 2009: RDTSCP, SSE4a, POPCNT and LZCNT. AMD, revision guide for family 10h, no. 41322.</summary>
    public static CpuModel K10 { get; } = new()
    {
        Name = "K10",
        Vendor = CpuVendor.Amd,
        Brand = "AMD Phenom(tm) II X4 955 Processor",
        Family = 0x10,
        Model = 4,
        Stepping = 3,
        PhysicalAddressBits = 48,
        Features = new HashSet<CpuFeature>(K10Features),
        Vulnerabilities = BothSpectres,
        MicroarchitectureName = "K10",
        MaxBasicLeaf = 5,
        MaxExtendedLeaf = 0x8000001B,
        Caches =
        [
            new(1, CacheKind.Data, 64 << 10, 2), new(1, CacheKind.Instruction, 64 << 10, 2), new(2, CacheKind.Unified, 512 << 10, 16), new(3, CacheKind.Unified, 6 << 20, 48),
        ],
    };

    /// <summary>AMD Bulldozer (FX), 2011, with the microcode of 2018: AVX and XSAVE, no FSGSBASE. AMD, revision guide for family 15h models 00h-0Fh, no. 48063; AMD-SB-1037 (RETBLEED).</summary>
    public static CpuModel Bulldozer { get; } = new()
    {
        Name = "Bulldozer",
        Vendor = CpuVendor.Amd,
        Brand = "AMD FX(tm)-8150 Eight-Core Processor",
        Family = 0x15,
        Model = 1,
        Stepping = 2,
        PhysicalAddressBits = 48,
        Features = new HashSet<CpuFeature>(BulldozerFeatures),
        Vulnerabilities = BothSpectres | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Retbleed,
        MicroarchitectureName = "Bulldozer",
        MaxBasicLeaf = 0xD,
        Caches =
        [
            new(1, CacheKind.Data, 16 << 10, 4), new(1, CacheKind.Instruction, 64 << 10, 2), new(2, CacheKind.Unified, 2 << 20, 16), new(3, CacheKind.Unified, 8 << 20, 64),
        ],
    };

    /// <summary>AMD Steamroller (Kaveri), 2014: FSGSBASE, BMI1 and FMA. AMD, revision guide for family 15h models 30h-3Fh, no. 51603; AMD-SB-1037.</summary>
    public static CpuModel Steamroller { get; } = new()
    {
        Name = "Steamroller",
        Vendor = CpuVendor.Amd,
        Brand = "AMD A10-7850K Radeon R7, 12 Compute Cores 4C+8G",
        Family = 0x15,
        Model = 0x30,
        Stepping = 1,
        PhysicalAddressBits = 48,
        Features = new HashSet<CpuFeature>([.. BulldozerFeatures, CpuFeature.F16c, CpuFeature.Fma, CpuFeature.Bmi1, CpuFeature.Fsgsbase, CpuFeature.Xsaveopt]),
        Vulnerabilities = BothSpectres | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Retbleed,
        MicroarchitectureName = "Steamroller",
        MaxBasicLeaf = 0xD,
        Caches =
        [
            new(1, CacheKind.Data, 16 << 10, 4), new(1, CacheKind.Instruction, 96 << 10, 3), new(2, CacheKind.Unified, 2 << 20, 16),
        ],
    };

    /// <summary>AMD Zen, 2017: SMEP, SMAP and XSAVEC; no x2APIC mode. AMD, revision guide for family 17h models 00h-0Fh, no. 55449; AMD-SB-1037 and AMD-SB-7005.</summary>
    public static CpuModel Zen { get; } = new()
    {
        Name = "Zen",
        Vendor = CpuVendor.Amd,
        Brand = "AMD Ryzen 7 1800X Eight-Core Processor",
        Family = 0x17,
        Model = 1,
        Stepping = 1,
        PhysicalAddressBits = 48,
        Features = new HashSet<CpuFeature>(Cpus.Zen2.Features.Except(SinceZen)),
        Vulnerabilities = Cpus.Zen2.Vulnerabilities,
        MicroarchitectureName = "Zen",
        MaxBasicLeaf = 0xD,
        MaxExtendedLeaf = 0x8000001F,
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 64 << 10, 4),
            new(2, CacheKind.Unified, 512 << 10, 8, IsInclusive: true), new(3, CacheKind.Unified, 8 << 20, 16),
        ],
    };

    /// <summary>AMD Zen 3, 2020: PCID and INVPCID; no Retbleed. AMD, revision guide for family 19h, no. 56683; AMD-SB-1037 and AMD-SB-7005.</summary>
    public static CpuModel Zen3 { get; } = new()
    {
        Name = "Zen3",
        Vendor = CpuVendor.Amd,
        Brand = "AMD Ryzen 9 5950X 16-Core Processor",
        Family = 0x19,
        Model = 0x21,
        Stepping = 0,
        PhysicalAddressBits = 48,
        Features = new HashSet<CpuFeature>([.. Cpus.Zen2.Features, CpuFeature.Pcid, CpuFeature.Invpcid, CpuFeature.Erms]),
        Vulnerabilities = BothSpectres | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Srso,
        MicroarchitectureName = "Zen3",
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 512 << 10, 8, IsInclusive: true), new(3, CacheKind.Unified, 32 << 20, 16),
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
        Vulnerabilities = BothSpectres | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Srso,
        MicroarchitectureName = "Zen4",
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 1 << 20, 8, IsInclusive: true), new(3, CacheKind.Unified, 32 << 20, 16),
        ],
    };
}
