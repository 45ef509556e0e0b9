using System.Runtime.Intrinsics.X86;
using System.Text;

namespace SyscallExplorer;

/// <summary>The four registers that CPUID answers in.</summary>
internal readonly record struct CpuidRegisters(uint Eax, uint Ebx, uint Ecx, uint Edx);

/// <summary>Where facts of the machine come from: the kernel's files and CPUID. What is missing is null, and never an error.</summary>
internal interface IHostFacts
{
    /// <summary>The text of a file, or null.</summary>
    string? Read(string path);

    /// <summary>The names of the files of a folder; none when there is no such folder.</summary>
    IReadOnlyList<string> List(string folder);

    /// <summary>What CPUID answers.</summary>
    CpuidRegisters Cpuid(uint leaf);
}

/// <summary>The machine that the kit runs on.</summary>
internal sealed class ThisHost : IHostFacts
{
    public string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public IReadOnlyList<string> List(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public CpuidRegisters Cpuid(uint leaf)
    {
        (int eax, int ebx, int ecx, int edx) = X86Base.CpuId((int)leaf, 0);
        return new CpuidRegisters((uint)eax, (uint)ebx, (uint)ecx, (uint)edx);
    }
}

/// <summary>Puts the description of a machine together.</summary>
internal static class HostReader
{
    private const string Vulnerabilities = "/sys/devices/system/cpu/vulnerabilities";
    private const uint HypervisorLeaf = 0x4000_0000, ExtendedLeaf = 0x8000_0000, BrandLeaf = 0x8000_0002;
    private const uint HypervisorPresent = 1u << 31;

    public static NativeHost Read(IHostFacts facts)
    {
        CpuidRegisters signature = facts.Cpuid(0), version = facts.Cpuid(1);
        (int family, int model) = FamilyAndModel(version.Eax);
        return new NativeHost
        {
            Vendor = Letters(signature.Ebx, signature.Edx, signature.Ecx),
            Brand = Brand(facts),
            Family = family,
            Model = model,
            Stepping = (int)(version.Eax & 0xF),
            KernelRelease = Line(facts, "/proc/sys/kernel/osrelease") ?? "unknown",
            Hypervisor = (version.Ecx & HypervisorPresent) == 0 ? null : HypervisorSignature(facts),
            ClockSource = Line(facts, "/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            HasSeccompFilter = SeccompFilter(facts.Read("/proc/self/status")),
            Mitigations =
            [
                .. facts.List(Vulnerabilities).Order(StringComparer.Ordinal)
                    .Select(name => new HostMitigation(name, Line(facts, $"{Vulnerabilities}/{name}") ?? "cannot be read")),
            ],
        };
    }

    /// <summary>The frequency of the time-stamp counter by CPUID, or null when it does not tell. SDM vol. 2A, CPUID leaf 15h; hypervisors answer by leaf 40000010h.</summary>
    public static TscFrequency? Frequency(IHostFacts facts)
    {
        const uint clockLeaf = 0x15, timingLeaf = 0x4000_0010;
        const double kilo = 1000;
        if (facts.Cpuid(0).Eax >= clockLeaf && facts.Cpuid(clockLeaf) is { Eax: > 0, Ebx: > 0, Ecx: > 0 } clock)
            return new TscFrequency((double)clock.Ecx * clock.Ebx / clock.Eax, "CPUID leaf 15h");
        bool isVirtual = (facts.Cpuid(1).Ecx & HypervisorPresent) != 0;
        return isVirtual && facts.Cpuid(HypervisorLeaf).Eax >= timingLeaf && facts.Cpuid(timingLeaf).Eax is > 0 and var kilohertz
            ? new TscFrequency(kilohertz * kilo, "the hypervisor's CPUID leaf 40000010h")
            : null;
    }

    /// <summary>The extended parts count where the base family is 15, that of the model also where it is 6. SDM vol. 2A, CPUID leaf 01h.</summary>
    private static (int Family, int Model) FamilyAndModel(uint version)
    {
        int family = (int)(version >> 8) & 0xF, model = (int)(version >> 4) & 0xF;
        if (family is 6 or 15)
            model += ((int)(version >> 16) & 0xF) << 4;
        return (family == 15 ? family + ((int)(version >> 20) & 0xFF) : family, model);
    }

    private static string Brand(IHostFacts facts)
    {
        if (facts.Cpuid(ExtendedLeaf).Eax < BrandLeaf + 2)
            return "";
        CpuidRegisters[] leaves = [facts.Cpuid(BrandLeaf), facts.Cpuid(BrandLeaf + 1), facts.Cpuid(BrandLeaf + 2)];
        return Letters([.. leaves.SelectMany(leaf => new[] { leaf.Eax, leaf.Ebx, leaf.Ecx, leaf.Edx })]);
    }

    private static string HypervisorSignature(IHostFacts facts)
    {
        CpuidRegisters leaf = facts.Cpuid(HypervisorLeaf);
        return Letters(leaf.Ebx, leaf.Ecx, leaf.Edx);
    }

    /// <summary>A filter is mode 2. proc(5), /proc/pid/status.</summary>
    private static bool? SeccompFilter(string? status) =>
        status?.Split('\n').FirstOrDefault(line => line.StartsWith("Seccomp:", StringComparison.Ordinal)) is { } line ? line.Trim().EndsWith('2') : null;

    private static string? Line(IHostFacts facts, string path) => facts.Read(path)?.Trim();

    /// <summary>Four letters a register; only what can be printed, since a hypervisor may answer anything.</summary>
    private static string Letters(params uint[] registers)
    {
        var text = new StringBuilder();
        foreach (uint register in registers)
        {
            for (int shift = 0; shift < 32; shift += 8)
            {
                char letter = (char)((register >> shift) & 0xFF);
                if (letter is >= ' ' and <= '~')
                    text.Append(letter);
            }
        }

        return text.ToString().Trim();
    }
}
