using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// What keeps user mode from steering the kernel's returns on AMD: <c>retbleed=</c> from Linux 5.19 on, and <c>spec_rstack_overflow=</c> from 6.5 on, which
/// replaces the other's thunk. The microcode that makes IBPB forget returns too is taken as loaded.
/// Documentation/admin-guide/hw-vuln/srso.rst and kernel-parameters.txt.
/// </summary>
internal static class ReturnMitigations
{
    private const int Zen3Family = 0x19;
    private static readonly Version s_retbleed = new(5, 19);
    private static readonly Version s_overflow = new(6, 5);

    /// <summary>The features of a boot.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="version">Of the kernel.</param>
    /// <param name="retbleed">The value of <c>retbleed=</c>, or null.</param>
    /// <param name="overflow">The value of <c>spec_rstack_overflow=</c>, or null.</param>
    public static IReadOnlyList<KernelFeature> Of(CpuModel cpu, Version version, string? retbleed, string? overflow)
    {
        if (cpu.Vendor != CpuVendor.Amd)
            return [];
        KernelFeature? first = version >= s_retbleed && Suffers(cpu, Vulnerabilities.Retbleed) ? OfRetbleed(retbleed) : null;
        List<KernelFeature> chosen = first is { } feature ? [feature] : [];
        if (first == KernelFeature.EntryBarrier || version < s_overflow || !Suffers(cpu, Vulnerabilities.Srso))
            return chosen;
        return (overflow ?? "safe-ret") switch
        {
            "safe-ret" => [cpu.Family >= Zen3Family ? KernelFeature.AliasedSafeReturns : KernelFeature.SafeReturns],
            "ibpb" => [.. chosen, KernelFeature.EntryBarrier],
            _ => chosen,
        };
    }

    /// <summary>Whether returns have to be jumps to a thunk for it.</summary>
    public static bool NeedsThunk(KernelFeature feature) =>
        feature is KernelFeature.UntrainReturns or KernelFeature.SafeReturns or KernelFeature.AliasedSafeReturns;

    private static KernelFeature? OfRetbleed(string? value) => value?.Split(',')[0] switch
    {
        "off" => null,
        "ibpb" => KernelFeature.EntryBarrier,
        _ => KernelFeature.UntrainReturns,
    };

    private static bool Suffers(CpuModel cpu, Vulnerabilities weakness) => (cpu.Vulnerabilities & weakness) != 0;
}
