using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>Sweeps over generations, processors, paths and command lines.</summary>
public sealed class SweepTests
{
    private static readonly SweepPlan _plan = new()
    {
        Kernels = [Kernels.Linux_4_4, Kernels.Linux_5_13, Kernels.Linux_5_10_i386],
        Cpus = [Cpus.PentiumIII, Cpus.Skylake, Cpus.Zen2],
        Presets = [MitigationPreset.Defaults, MitigationPreset.Off],
    };

    [Fact]
    public void The_numbers_do_not_depend_on_how_many_machines_run_at_a_time()
    {
        string alone = Sweep.Run(_plan with { Parallelism = 1 }).ToCsv(), together = Sweep.Run(_plan with { Parallelism = 4 }).ToCsv();
        Sweep reversed = Sweep.Run(_plan with { Kernels = [.. _plan.Kernels.Reverse()], Cpus = [.. _plan.Cpus.Reverse()] });

        Assert.Equal(alone, together);
        Assert.Equal(alone.Split('\n').Order(StringComparer.Ordinal), reversed.ToCsv().Split('\n').Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_cell_without_a_path_says_why()
    {
        Sweep sweep = Sweep.Run(_plan);

        Assert.Equal(_plan.Count, sweep.Cells.Count);
        Assert.All(sweep.Cells, cell => Assert.True(cell.Cost is null != (cell.Refusal is null)));
        Assert.Contains("has no long mode", sweep[Kernels.Linux_5_13.Name, "PentiumIII", "defaults", EntryPath.Syscall].Refusal, StringComparison.Ordinal);
        Assert.Contains("has no SYSENTER in long mode", sweep[Kernels.Linux_5_13.Name, "Zen2", "defaults", EntryPath.Sysenter].Refusal, StringComparison.Ordinal);
        Assert.True(sweep[Kernels.Linux_5_13.Name, "Skylake", "no mitigations", EntryPath.Syscall].Cost!.Cycles < sweep[Kernels.Linux_5_13.Name, "Skylake", "defaults", EntryPath.Syscall].Cost!.Cycles);
    }

    [Fact]
    public void A_kernel_is_given_the_options_of_a_preset_that_it_is_not_too_old_for()
    {
        KernelGeneration oldest = Kernels.Linux_2_6_39, newest = Kernels.Linux_6_12;
        string Known(MitigationPreset preset, KernelGeneration kernel) => KernelOptions.Parse(preset.CommandLine).KnownTo(kernel).Text;

        Assert.Equal("", Known(MitigationPreset.Off, oldest));
        Assert.Equal(MitigationPreset.Off.CommandLine, Known(MitigationPreset.Off, newest));
        Assert.Equal("", Known(MitigationPreset.IsolationWithoutPcid, Kernels.Linux_4_4));

        Sweep sweep = Sweep.Run(_plan with { Kernels = [oldest], Cpus = [Cpus.Haswell], Presets = MitigationPreset.All, Paths = [EntryPath.Syscall] });
        Assert.All(sweep.Cells, cell => Assert.Equal(sweep.Cells[0].Cost!.Cycles, cell.Cost!.Cycles));
    }

    [Fact]
    public void It_tells_how_far_it_is_and_can_be_stopped()
    {
        using var stop = new CancellationTokenSource();
        var seen = new Recorder(stop);

        Assert.ThrowsAny<OperationCanceledException>(() => Sweep.Run(_plan with { Parallelism = 1 }, seen, stop.Token));
        Assert.Equal(new SweepProgress(_plan.Paths.Count, _plan.Count), seen.Last);
    }

    [Fact]
    public void The_heat_map_leaves_what_there_is_not_empty()
    {
        PlotlyFigure map = Sweep.Run(_plan).HeatMap(EntryPath.Syscall);

        Assert.Equal(3, map.Data[0]!["z"]!.AsArray().Count);
        Assert.All(map.Data[0]!["z"]![0]!.AsArray(), Assert.Null);
        Assert.NotNull(map.Data[0]!["z"]![1]![1]);
    }

    private sealed class Recorder(CancellationTokenSource stop) : IProgress<SweepProgress>
    {
        public SweepProgress Last { get; private set; }

        public void Report(SweepProgress value)
        {
            Last = value;
            stop.Cancel();
        }
    }
}
