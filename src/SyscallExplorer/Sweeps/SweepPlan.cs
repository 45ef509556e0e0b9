using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>A name for a kernel command line, by which rows of a sweep are told apart.</summary>
/// <param name="Name">Such as <c>no mitigations</c>.</param>
/// <param name="CommandLine">Such as <c>mitigations=off</c>.</param>
public sealed record MitigationPreset(string Name, string CommandLine)
{
    /// <summary>What the kernel does by itself on that processor.</summary>
    public static MitigationPreset Defaults { get; } = new("defaults", "");

    /// <summary>None that can be turned off. Kernels that are older than <c>mitigations=</c> take each option of their own.</summary>
    public static MitigationPreset Off { get; } = new("no mitigations", "mitigations=off nopti nospectre_v2 nospectre_v1 mds=off");

    /// <summary>Page-table isolation whether the processor needs it or not.</summary>
    public static MitigationPreset Isolation { get; } = new("isolation forced", "pti=on");

    /// <summary>Page-table isolation without PCIDs: every change of CR3 empties the TLB.</summary>
    public static MitigationPreset IsolationWithoutPcid { get; } = new("isolation, no PCID", "pti=on nopcid");

    /// <summary>All four.</summary>
    public static IReadOnlyList<MitigationPreset> All { get; } = [Defaults, Off, Isolation, IsolationWithoutPcid];
}

/// <summary>What a sweep goes over: all combinations of these.</summary>
public sealed record SweepPlan
{
    /// <summary>The kernels; all, 64-bit and 32-bit, unless told otherwise.</summary>
    public IReadOnlyList<KernelGeneration> Kernels { get; init; } = [.. Linux.Kernels.All, .. Linux.Kernels.I386];

    /// <summary>The processors; all unless told otherwise.</summary>
    public IReadOnlyList<CpuModel> Cpus { get; init; } = Machine.Cpus.Known;

    /// <summary>The paths; all but <see cref="EntryPath.Int80From64Bit"/> unless told otherwise.</summary>
    public IReadOnlyList<EntryPath> Paths { get; init; } = [EntryPath.Int80, EntryPath.Sysenter, EntryPath.SyscallCompat, EntryPath.Syscall];

    /// <summary>The command lines; <see cref="MitigationPreset.All"/> unless told otherwise.</summary>
    public IReadOnlyList<MitigationPreset> Presets { get; init; } = MitigationPreset.All;

    /// <summary>The system call; getpid unless told otherwise.</summary>
    public SyscallRequest Syscall { get; init; } = Syscalls.GetPid;

    /// <summary>For what is random in the guests.</summary>
    public ulong Seed { get; init; }

    /// <summary>How many machines run at the same time; as many as this computer has processors unless told otherwise. The numbers do not depend on it.</summary>
    public int Parallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>Cells of the sweep.</summary>
    public int Count => Kernels.Count * Cpus.Count * Presets.Count * Paths.Count;
}
