namespace SyscallExplorer.Machine;

/// <summary>The CPU models that the kit knows.</summary>
public static class Cpus
{
    internal static readonly CpuFeature[] Baseline =
    [
        CpuFeature.I486, CpuFeature.Cpuid, CpuFeature.De, CpuFeature.Pse, CpuFeature.Tsc, CpuFeature.Msr, CpuFeature.Pae, CpuFeature.Cx8, CpuFeature.Apic, CpuFeature.Sep, CpuFeature.Pge,
        CpuFeature.Cmov, CpuFeature.Clflush, CpuFeature.Cx16, CpuFeature.Popcnt, CpuFeature.Movbe, CpuFeature.Fsgsbase, CpuFeature.Bmi1, CpuFeature.Bmi2,
        CpuFeature.Smep, CpuFeature.LahfLm, CpuFeature.Abm, CpuFeature.Syscall, CpuFeature.Nx, CpuFeature.Pdpe1gb, CpuFeature.Rdtscp,
        CpuFeature.Lm, CpuFeature.NonstopTsc, CpuFeature.Fpu, CpuFeature.Pse36, CpuFeature.Mmx, CpuFeature.Fxsr, CpuFeature.Sse, CpuFeature.Sse2,
        CpuFeature.Sse3, CpuFeature.Pclmulqdq, CpuFeature.Monitor, CpuFeature.Ssse3, CpuFeature.Fma, CpuFeature.Sse41, CpuFeature.Sse42, CpuFeature.Aes,
        CpuFeature.Xsave, CpuFeature.Xsaveopt, CpuFeature.Avx, CpuFeature.Avx2, CpuFeature.F16c, CpuFeature.Rdrand,
        CpuFeature.X2Apic, CpuFeature.Arat,
    ];

    /// <summary>What came with Skylake and with Zen.</summary>
    internal static readonly CpuFeature[] Since2015 =
    [
        CpuFeature.Smap, CpuFeature.Adx, CpuFeature.Prefetchw, CpuFeature.Rdseed, CpuFeature.Clflushopt, CpuFeature.Xsavec, CpuFeature.Xgetbv1, CpuFeature.Xsaves,
    ];

    internal static readonly CpuFeature[] Intel =
    [
        CpuFeature.Pcid, CpuFeature.Invpcid, CpuFeature.Erms, CpuFeature.MdClear, CpuFeature.SpecCtrl, CpuFeature.IntelStibp, CpuFeature.SpecCtrlSsbd,
        CpuFeature.ZeroFcsFds, CpuFeature.TscDeadlineTimer,
    ];

    /// <summary>Intel Haswell, 2013, with the microcode of 2019: the first with INVPCID; no SMAP.</summary>
    public static CpuModel Haswell { get; } = new()
    {
        Name = "Haswell",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Core(TM) i7-4770 CPU @ 3.40GHz",
        Family = 6,
        Model = 0x3C,
        Stepping = 3,
        PhysicalAddressBits = 39,
        Features = new HashSet<CpuFeature>([.. Baseline, .. Intel]),
        Vulnerabilities = Vulnerabilities.Meltdown | Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.Mds | Vulnerabilities.L1tf
            | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Bhi,
        MicroarchitectureName = "Haswell",
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 256 << 10, 8), new(3, CacheKind.Unified, 8 << 20, 16, IsInclusive: true),
        ],
    };

    /// <summary>Intel Skylake client, 2015, with the microcode of 2019.</summary>
    public static CpuModel Skylake { get; } = new()
    {
        Name = "Skylake",
        Vendor = CpuVendor.Intel,
        Brand = "Intel(R) Core(TM) i7-6700K CPU @ 4.00GHz",
        Family = 6,
        Model = 0x5E,
        Stepping = 3,
        PhysicalAddressBits = 39,
        Features = new HashSet<CpuFeature>([.. Baseline, .. Intel, .. Since2015, CpuFeature.FdpExcptnOnly]),
        Vulnerabilities = Vulnerabilities.Meltdown | Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.Mds | Vulnerabilities.L1tf
            | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Retbleed | Vulnerabilities.Bhi | Vulnerabilities.MmioStaleData,
        MicroarchitectureName = "Skylake",
        HasCrystalClock = true,
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 256 << 10, 4), new(3, CacheKind.Unified, 8 << 20, 16, IsInclusive: true),
        ],
    };

    /// <summary>AMD Zen 2, 2019: no Meltdown, no PCID; SYSCALL also in compatibility mode, no SYSENTER in long mode.</summary>
    public static CpuModel Zen2 { get; } = new()
    {
        Name = "Zen2",
        Vendor = CpuVendor.Amd,
        Brand = "AMD Ryzen 7 3700X 8-Core Processor",
        Family = 0x17,
        Model = 0x71,
        Stepping = 0,
        PhysicalAddressBits = 48,
        Features = new HashSet<CpuFeature>(
        [
            .. Baseline, .. Since2015, CpuFeature.Umip, CpuFeature.Rdpid, CpuFeature.AmdIbpb, CpuFeature.AmdStibp, CpuFeature.AmdSsbd,
            CpuFeature.Clwb, CpuFeature.Sha, CpuFeature.Mmxext, CpuFeature.Sse4a, CpuFeature.Misalignsse, CpuFeature.Monitorx, CpuFeature.Clzero,
            CpuFeature.Rdpru, CpuFeature.Wbnoinvd, CpuFeature.TopologyExtensions,
        ]),
        Vulnerabilities = Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.SpecStoreBypass | Vulnerabilities.Retbleed | Vulnerabilities.Srso,
        MicroarchitectureName = "Zen2",
        Caches =
        [
            new(1, CacheKind.Data, 32 << 10, 8), new(1, CacheKind.Instruction, 32 << 10, 8),
            new(2, CacheKind.Unified, 512 << 10, 8, IsInclusive: true), new(3, CacheKind.Unified, 16 << 20, 16),
        ],
    };

    /// <inheritdoc cref="EarlyProcessors.Intel386"/>
    public static CpuModel Intel386 => EarlyProcessors.Intel386;

    /// <inheritdoc cref="EarlyProcessors.Intel486"/>
    public static CpuModel Intel486 => EarlyProcessors.Intel486;

    /// <inheritdoc cref="EarlyProcessors.Pentium"/>
    public static CpuModel Pentium => EarlyProcessors.Pentium;

    /// <inheritdoc cref="IntelGenerations.PentiumIII"/>
    public static CpuModel PentiumIII => IntelGenerations.PentiumIII;

    /// <inheritdoc cref="IntelGenerations.Pentium4Northwood"/>
    public static CpuModel Pentium4Northwood => IntelGenerations.Pentium4Northwood;

    /// <inheritdoc cref="IntelGenerations.Pentium4Prescott"/>
    public static CpuModel Pentium4Prescott => IntelGenerations.Pentium4Prescott;

    /// <inheritdoc cref="IntelGenerations.Core2"/>
    public static CpuModel Core2 => IntelGenerations.Core2;

    /// <inheritdoc cref="IntelGenerations.Westmere"/>
    public static CpuModel Westmere => IntelGenerations.Westmere;

    /// <inheritdoc cref="IntelGenerations.SandyBridge"/>
    public static CpuModel SandyBridge => IntelGenerations.SandyBridge;

    /// <inheritdoc cref="IntelGenerations.CascadeLake"/>
    public static CpuModel CascadeLake => IntelGenerations.CascadeLake;

    /// <inheritdoc cref="IntelGenerations.IceLake"/>
    public static CpuModel IceLake => IntelGenerations.IceLake;

    /// <inheritdoc cref="IntelGenerations.SapphireRapids"/>
    public static CpuModel SapphireRapids => IntelGenerations.SapphireRapids;

    /// <inheritdoc cref="IntelGenerations.PantherLake"/>
    public static CpuModel PantherLake => IntelGenerations.PantherLake;

    /// <inheritdoc cref="AmdGenerations.K7"/>
    public static CpuModel K7 => AmdGenerations.K7;

    /// <inheritdoc cref="AmdGenerations.K8"/>
    public static CpuModel K8 => AmdGenerations.K8;

    /// <inheritdoc cref="AmdGenerations.K10"/>
    public static CpuModel K10 => AmdGenerations.K10;

    /// <inheritdoc cref="AmdGenerations.Bulldozer"/>
    public static CpuModel Bulldozer => AmdGenerations.Bulldozer;

    /// <inheritdoc cref="AmdGenerations.Steamroller"/>
    public static CpuModel Steamroller => AmdGenerations.Steamroller;

    /// <inheritdoc cref="AmdGenerations.Zen"/>
    public static CpuModel Zen => AmdGenerations.Zen;

    /// <inheritdoc cref="AmdGenerations.Zen3"/>
    public static CpuModel Zen3 => AmdGenerations.Zen3;

    /// <inheritdoc cref="AmdGenerations.Zen4"/>
    public static CpuModel Zen4 => AmdGenerations.Zen4;

    /// <summary>Those whose figures have been known longest, on which the kernels are tried most.</summary>
    public static IReadOnlyList<CpuModel> All { get; } = [Haswell, Skylake, Zen2];

    /// <summary>Every model: Intel's by their years, then AMD's.</summary>
    public static IReadOnlyList<CpuModel> Known => KnownCpus.Models;

    /// <summary>The model of a name, whatever the case of its letters.</summary>
    /// <exception cref="ArgumentException">No model has that name; the message names the nearest and all.</exception>
    public static CpuModel Find(string name) =>
        Known.FirstOrDefault(model => string.Equals(model.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException(Suggestion.Sentence("No CPU model is named", name, "Known models", Known.Select(model => model.Name)), nameof(name));
}
