namespace SyscallExplorer.Machine;

/// <summary>All models in one list. It is a class of its own, since the later models take features over from those of <see cref="Cpus"/>.</summary>
internal static class KnownCpus
{
    public static IReadOnlyList<CpuModel> Models { get; } =
    [
        Cpus.Intel386, Cpus.Intel486, Cpus.Pentium, Cpus.PentiumIII, Cpus.Pentium4Northwood, Cpus.Pentium4Prescott, Cpus.Core2, Cpus.Westmere, Cpus.SandyBridge, Cpus.Haswell,
        Cpus.Skylake, Cpus.CascadeLake, Cpus.IceLake, Cpus.SapphireRapids, Cpus.PantherLake,
        Cpus.K7, Cpus.K8, Cpus.K10, Cpus.Bulldozer, Cpus.Steamroller, Cpus.Zen, Cpus.Zen2, Cpus.Zen3, Cpus.Zen4,
    ];
}
