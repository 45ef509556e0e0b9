namespace SyscallExplorer.Machine;

/// <summary>The CPU models that the kit knows.</summary>
public static class Cpus
{
    private static readonly CpuFeature[] Baseline =
    [
        CpuFeature.De, CpuFeature.Pse, CpuFeature.Pse36, CpuFeature.Tsc, CpuFeature.Msr, CpuFeature.Pae, CpuFeature.Cx8, CpuFeature.Apic, CpuFeature.Sep, CpuFeature.Pge,
        CpuFeature.Cmov, CpuFeature.Clflush, CpuFeature.Cx16, CpuFeature.Popcnt, CpuFeature.Movbe, CpuFeature.Fsgsbase, CpuFeature.Bmi1, CpuFeature.Bmi2,
        CpuFeature.Smep, CpuFeature.LahfLm, CpuFeature.Abm, CpuFeature.Syscall, CpuFeature.Nx, CpuFeature.Pdpe1gb, CpuFeature.Rdtscp,
        CpuFeature.Lm, CpuFeature.NonstopTsc,
    ];

    private static readonly CpuFeature[] Intel =
        [CpuFeature.Pcid, CpuFeature.Invpcid, CpuFeature.Erms, CpuFeature.MdClear, CpuFeature.SpecCtrl, CpuFeature.IntelStibp, CpuFeature.SpecCtrlSsbd];

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
            | Vulnerabilities.SpecStoreBypass,
        Microarchitecture = Microarchitecture.Load("Haswell"),
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
        Features = new HashSet<CpuFeature>([.. Baseline, .. Intel, CpuFeature.Smap, CpuFeature.Adx, CpuFeature.Prefetchw]),
        Vulnerabilities = Vulnerabilities.Meltdown | Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.Mds | Vulnerabilities.L1tf
            | Vulnerabilities.SpecStoreBypass,
        Microarchitecture = Microarchitecture.Load("Skylake"),
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
            .. Baseline, CpuFeature.Smap, CpuFeature.Adx, CpuFeature.Umip, CpuFeature.Rdpid, CpuFeature.Prefetchw,
            CpuFeature.AmdIbpb, CpuFeature.AmdStibp, CpuFeature.AmdSsbd,
        ]),
        Vulnerabilities = Vulnerabilities.SpectreV1 | Vulnerabilities.SpectreV2 | Vulnerabilities.SpecStoreBypass,
        Microarchitecture = Microarchitecture.Load("Zen2"),
    };

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<CpuModel> All { get; } = [Haswell, Skylake, Zen2];

    /// <summary>The model of a name, whatever the case of its letters.</summary>
    /// <exception cref="ArgumentException">No model has that name; the message names the nearest and all.</exception>
    public static CpuModel Find(string name) =>
        All.FirstOrDefault(model => string.Equals(model.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException(Suggestion.Sentence("No CPU model is named", name, "Known models", All.Select(model => model.Name)), nameof(name));
}
