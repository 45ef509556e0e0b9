using System.Text.Json.Serialization;

namespace SyscallExplorer;

/// <summary>What the kernel says of one weakness of the processor.</summary>
/// <param name="Weakness">Its name in <c>/sys/devices/system/cpu/vulnerabilities</c>.</param>
/// <param name="State">What the kernel does about it, in its own words.</param>
public sealed record HostMitigation(string Weakness, string State);

/// <summary>The machine that was measured.</summary>
public sealed record NativeHost
{
    /// <summary>The vendor by CPUID leaf 0, such as AuthenticAMD.</summary>
    public required string Vendor { get; init; }

    /// <summary>The brand by CPUID leaves 80000002h to 80000004h; empty when there is none.</summary>
    public required string Brand { get; init; }

    /// <summary>The family, the extended one added.</summary>
    public required int Family { get; init; }

    /// <summary>The model, the extended one included.</summary>
    public required int Model { get; init; }

    /// <summary>The stepping.</summary>
    public required int Stepping { get; init; }

    /// <summary>The kernel's release, as <c>uname -r</c> prints it.</summary>
    public required string KernelRelease { get; init; }

    /// <summary>The hypervisor's signature by CPUID leaf 40000000h, such as KVMKVMKVM; null on bare metal, or where a hypervisor does not show itself.</summary>
    public string? Hypervisor { get; init; }

    /// <summary>The clock that the kernel reads time from, such as <c>tsc</c>: the vDSO can read that one only, or one of a hypervisor that it knows.</summary>
    public string? ClockSource { get; init; }

    /// <summary>Whether a seccomp filter is in the way of this process's system calls, which makes them dearer; null when it is not known.</summary>
    public bool? HasSeccompFilter { get; init; }

    /// <summary>All files of <c>/sys/devices/system/cpu/vulnerabilities</c>, by name.</summary>
    public required IReadOnlyList<HostMitigation> Mitigations { get; init; }

    /// <summary>Whether a hypervisor shows itself.</summary>
    [JsonIgnore]
    public bool IsVirtual => Hypervisor is not null;

    /// <summary>Processor, kernel and hypervisor in a line.</summary>
    public override string ToString()
    {
        string name = Brand.Length > 0 ? Brand : Vendor;
        string machine = Hypervisor is null ? "no hypervisor" : $"under {HypervisorNames.Of(Hypervisor)}";
        return $"{name} (family {Family:x}h, model {Model:x}h, stepping {Stepping}), Linux {KernelRelease}, {machine}";
    }
}

/// <summary>Who stands behind a hypervisor's signature.</summary>
internal static class HypervisorNames
{
    private static readonly Dictionary<string, string> s_names = new(StringComparer.Ordinal)
    {
        ["KVMKVMKVM"] = "KVM",
        ["Linux KVM Hv"] = "KVM",
        ["Microsoft Hv"] = "Hyper-V",
        ["VMwareVMware"] = "VMware",
        ["XenVMMXenVMM"] = "Xen",
        ["VBoxVBoxVBox"] = "VirtualBox",
        ["TCGTCGTCGTCG"] = "QEMU without a hypervisor's help",
        ["bhyve bhyve"] = "bhyve",
        ["ACRNACRNACRN"] = "ACRN",
    };

    public static string Of(string signature) => s_names.GetValueOrDefault(signature, signature.Length == 0 ? "a hypervisor without a name" : signature);
}
