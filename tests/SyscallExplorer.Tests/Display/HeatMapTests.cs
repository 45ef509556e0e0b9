using System.Text.Json.Nodes;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

public sealed class HeatMapTests
{
    [Fact]
    public void A_cell_without_a_path_is_empty_and_has_no_text()
    {
        var sweep = Sweep.Run(new SweepPlan
        {
            Kernels = [Kernels.Linux_4_4],
            Cpus = [Cpus.Intel386, Cpus.Haswell],
            Paths = [EntryPath.Syscall],
            Presets = [MitigationPreset.Defaults],
        });
        JsonNode map = sweep.HeatMap().Data[0]!;
        Assert.Null(map["z"]![0]![0]);
        Assert.Equal("", map["text"]![0]![0]!.GetValue<string>());
        Assert.NotNull(map["z"]![1]![0]);
        Assert.Matches(@"^\d+\*?$", map["text"]![1]![0]!.GetValue<string>());
    }
}
