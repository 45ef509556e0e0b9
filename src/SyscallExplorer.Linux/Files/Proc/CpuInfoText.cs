using System.Globalization;
using System.Text;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>/proc/cpuinfo. The flags are Linux' names of the model's features, in the order of the words that the kernel keeps them in.</summary>
internal static class CpuInfoText
{
    private static readonly Dictionary<CpuFeature, string> s_names = new()
    {
        [CpuFeature.Sse3] = "pni",
        [CpuFeature.Sse41] = "sse4_1",
        [CpuFeature.Sse42] = "sse4_2",
        [CpuFeature.Nx] = "nx",
        [CpuFeature.Cx16] = "cx16",
        [CpuFeature.Lm] = "lm",
    };

    private static readonly (Vulnerabilities Weakness, string Name)[] s_bugs =
    [
        (Vulnerabilities.Meltdown, "cpu_meltdown"), (Vulnerabilities.SpectreV1, "spectre_v1"), (Vulnerabilities.SpectreV2, "spectre_v2"), (Vulnerabilities.Mds, "mds"),
    ];

    public static string Of(LinuxMachine machine)
    {
        CpuModel cpu = machine.Processor.Model;
        CacheGeometry? last = cpu.Caches.OrderBy(cache => cache.Level).LastOrDefault();
        string megahertz = (cpu.Microarchitecture.NominalGigahertz * 1000).ToString("0.000", CultureInfo.InvariantCulture);
        var text = new StringBuilder();
        void Line(string name, string value) => text.Append(name).Append('\t', name.Length >= 8 ? 1 : 2).Append(": ").Append(value).Append('\n');
        void Number(string name, long value) => Line(name, ProcessFiles.NumberText(value));
        Number("processor", 0);
        Line("vendor_id", cpu.Vendor == CpuVendor.Intel ? "GenuineIntel" : "AuthenticAMD");
        Number("cpu family", cpu.Family);
        Number("model", cpu.Model);
        Line("model name", cpu.Brand);
        Number("stepping", cpu.Stepping);
        Line("cpu MHz", megahertz);
        if (last is not null)
            Line("cache size", ProcessFiles.NumberText(last.Size >> 10) + " KB");
        Number("physical id", 0);
        Number("siblings", 1);
        Number("core id", 0);
        Number("cpu cores", 1);
        Number("apicid", 0);
        Line("fpu", "yes");
        Line("fpu_exception", "yes");
        Number("cpuid level", cpu.Cpuid(0, 0).Eax);
        Line("wp", "yes");
        Line("flags", string.Join(' ', cpu.Features.Where(feature => IsShown(feature, machine)).Order().Select(feature => s_names.GetValueOrDefault(feature, feature.ToString().ToLowerInvariant()))));
        Line("bugs", string.Join(' ', Bugs(cpu.Vulnerabilities)));
        Line("bogomips", (cpu.Microarchitecture.NominalGigahertz * 2000).ToString("0.00", CultureInfo.InvariantCulture));
        Number("clflush size", CacheGeometry.LineSize);
        Number("cache_alignment", CacheGeometry.LineSize);
        Line("address sizes", string.Create(CultureInfo.InvariantCulture, $"{cpu.PhysicalAddressBits} bits physical, 48 bits virtual"));
        Line("power management", "");
        return text.Append('\n').ToString();
    }

    /// <summary>What has no bit of CPUID has no name. Linux 6.12 does not name LKGS, and forgets FRED where the command line does not ask for it.</summary>
    private static bool IsShown(CpuFeature feature, LinuxMachine machine) => feature switch
    {
        CpuFeature.I486 or CpuFeature.Cpuid or CpuFeature.Lkgs => false,
        CpuFeature.Fred => machine.HasFred,
        _ => true,
    };

    private static IEnumerable<string> Bugs(Vulnerabilities weaknesses) =>
        s_bugs.Where(bug => (weaknesses & bug.Weakness) != 0).Select(bug => bug.Name);
}
