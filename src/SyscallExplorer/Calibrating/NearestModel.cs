using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>Which of the kit's models stand for the reader's machine: the processor, the kernel, the options of its boot.</summary>
internal static class NearestModel
{
    /// <summary>Intel's family 6 by model. SDM vol. 4, table 2-1.</summary>
    private static readonly (int[] Models, CpuModel Cpu)[] _intel =
    [
        ([0x17, 0x1D, 0x0F], Cpus.Core2),
        ([0x1A, 0x1E, 0x1F, 0x25, 0x2C, 0x2E, 0x2F], Cpus.Westmere),
        ([0x2A, 0x2D, 0x3A, 0x3E], Cpus.SandyBridge),
        ([0x3C, 0x3D, 0x3F, 0x45, 0x46, 0x47, 0x4F, 0x56], Cpus.Haswell),
        ([0x4E, 0x5E, 0x8E, 0x9E, 0xA5, 0xA6], Cpus.Skylake),
        ([0x55], Cpus.CascadeLake),
        ([0x6A, 0x6C, 0x7D, 0x7E, 0x8C, 0x8D, 0xA7], Cpus.IceLake),
    ];

    /// <summary>AMD's families, and within them the first model of the newer core. AMD's revision guides.</summary>
    private static readonly (int Family, int FirstModel, CpuModel Cpu)[] _amd =
    [
        (0x0F, 0, Cpus.K8), (0x10, 0, Cpus.K10), (0x15, 0, Cpus.Bulldozer), (0x15, 0x30, Cpus.Steamroller),
        (0x17, 0, Cpus.Zen), (0x17, 0x30, Cpus.Zen2), (0x19, 0, Cpus.Zen3), (0x19, 0x10, Cpus.Zen4), (0x19, 0x20, Cpus.Zen3), (0x19, 0x60, Cpus.Zen4), (0x1A, 0, Cpus.Zen4),
    ];

    /// <summary>The model of the nearest core; the newest of its maker where the processor is younger than all.</summary>
    public static CpuModel CpuOf(NativeHost host)
    {
        if (host.Vendor.Contains("AMD", StringComparison.Ordinal))
            return _amd.LastOrDefault(entry => entry.Family == host.Family && entry.FirstModel <= host.Model).Cpu ?? Cpus.Zen4;
        return _intel.FirstOrDefault(entry => host.Family == 6 && entry.Models.Contains(host.Model)).Cpu ?? Cpus.SapphireRapids;
    }

    /// <summary>The youngest 64-bit generation that is not younger than the host's kernel; the oldest where all are.</summary>
    public static KernelGeneration KernelOf(NativeHost host)
    {
        string[] parts = host.KernelRelease.Split('.', '-');
        Version release = parts.Length >= 2 && int.TryParse(parts[0], out int major) && int.TryParse(parts[1], out int minor) ? new Version(major, minor) : new Version(6, 12);
        return Kernels.All.LastOrDefault(kernel => Version.Parse(kernel.Release) <= release) ?? Kernels.All[0];
    }

    /// <summary>The options with which the model's boot mitigates what the host's does.</summary>
    public static string OptionsOf(NativeHost host, KernelGeneration kernel)
    {
        var options = new List<string>
        {
            Says("meltdown", "PTI") ? "pti=on" : "pti=off",
            Says("spectre_v2", "Retpolines") ? "spectre_v2=retpoline" : Says("spectre_v2", "IBRS") || Says("spectre_v2", "Mitigation") ? "spectre_v2=on" : "nospectre_v2",
        };
        if (!Says("mds", "Clear CPU buffers"))
            options.Add("mds=off");
        if (!Says("spectre_v1", "Mitigation"))
            options.Add("nospectre_v1");
        if (!Says("retbleed", "Mitigation"))
            options.Add("retbleed=off");
        if (!Says("spec_rstack_overflow", "Mitigation"))
            options.Add("spec_rstack_overflow=off");
        return KernelOptions.Parse(string.Join(' ', options)).KnownTo(kernel).Text;

        bool Says(string weakness, string word) => host.Mitigations.FirstOrDefault(line => line.Weakness == weakness)?.State.Contains(word, StringComparison.Ordinal) ?? false;
    }
}
