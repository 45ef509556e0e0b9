namespace SyscallExplorer.Machine;

/// <summary>
/// Intel's processors that do not reorder instructions. A jump is not executed ahead of its condition far enough to leave traces, so that they have none of the
/// weaknesses; Linux leaves them out by family (4 and 5).
/// </summary>
internal static class EarlyProcessors
{
    /// <summary>What the first Pentium has.</summary>
    internal static readonly CpuFeature[] Pentium1993 =
    [
        CpuFeature.Fpu, CpuFeature.I486, CpuFeature.Cpuid, CpuFeature.De, CpuFeature.Pse, CpuFeature.Tsc, CpuFeature.Msr, CpuFeature.Cx8,
    ];

    /// <summary>
    /// Intel 386 DX, 1989, with an 80387 beside it: pages of 4 KiB, and neither CR4 nor CPUID. Intel, 386 DX Microprocessor data sheet, no. 231630: DX holds 0308h
    /// after a reset of stepping D1.
    /// </summary>
    public static CpuModel Intel386 { get; } = new()
    {
        Name = "Intel386",
        Vendor = CpuVendor.Intel,
        Brand = "386",
        Family = 3,
        Model = 0,
        Stepping = 8,
        PhysicalAddressBits = 32,
        Features = new HashSet<CpuFeature>([CpuFeature.Fpu]),
        Vulnerabilities = Vulnerabilities.None,
        MicroarchitectureName = "Intel386",
        MaxBasicLeaf = 0,
        MaxExtendedLeaf = 0,
    };

    /// <summary>
    /// Intel 486 DX, 1991: INVLPG, BSWAP, CMPXCHG, XADD; the models before the DX2 of 1992 have no CPUID. Intel, AP-485, no. 241618: signature 0411h after a reset of the
    /// 50 MHz part.
    /// </summary>
    public static CpuModel Intel486 { get; } = new()
    {
        Name = "Intel486",
        Vendor = CpuVendor.Intel,
        Brand = "486 DX",
        Family = 4,
        Model = 1,
        Stepping = 1,
        PhysicalAddressBits = 32,
        Features = new HashSet<CpuFeature>([CpuFeature.Fpu, CpuFeature.I486]),
        Vulnerabilities = Vulnerabilities.None,
        MicroarchitectureName = "Intel486",
        MaxBasicLeaf = 0,
        MaxExtendedLeaf = 0,
    };

    /// <summary>Intel Pentium (P54C), 1996, whose local APIC is off: neither SYSENTER nor SYSCALL. Intel, AP-485, no. 241618.</summary>
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
        MicroarchitectureName = "Pentium",
        MaxBasicLeaf = 1,
        MaxExtendedLeaf = 0,
    };
}
