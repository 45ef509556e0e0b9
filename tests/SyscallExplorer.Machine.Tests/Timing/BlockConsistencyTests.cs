using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The Pipeline depth beside <c>llvm-mca</c>, which models the same cores by the same tables: consistency, and not accuracy.</summary>
public sealed class BlockConsistencyTests(ITestOutputHelper output)
{
    /// <summary>llvm-mca lets no store feed a load and keeps the stack pointer in a register; the kit's model does otherwise on purpose.</summary>
    private static readonly string[] _modelledOtherwise = ["forwarding", "stack"];

    [Fact]
    public void Most_blocks_take_as_long_as_another_model_of_the_same_core_says()
    {
        Dictionary<string, Block> blocks = ReadBlocks();
        List<(string Core, Block Block, double Difference)> compared = [.. Compare(blocks)];

        foreach (IGrouping<string, double> core in compared.GroupBy(one => one.Core, one => one.Difference))
            output.WriteLine($"{core.Key}: {core.Count()} blocks, median {Percentile(core, 0.5):P1}, 90 % within {Percentile(core, 0.9):P1}");
        foreach (IGrouping<string, double> kind in compared.GroupBy(one => one.Block.Kind, one => one.Difference))
            output.WriteLine($"{kind.Key}: median {Percentile(kind, 0.5):P1}, 90 % within {Percentile(kind, 0.9):P1}");
        double[] all = [.. compared.Where(one => !_modelledOtherwise.Contains(one.Block.Kind)).Select(one => one.Difference)];
        output.WriteLine($"all but {string.Join(" and ", _modelledOtherwise)}: {all.Length}, median {Percentile(all, 0.5):P1}, 90 % within {Percentile(all, 0.9):P1}");

        Assert.True(blocks.Count >= 200, $"There are {blocks.Count} blocks.");
        Assert.All(compared.GroupBy(one => one.Core), core => Assert.True(core.Count() >= 200, $"{core.Key} has {core.Count()} blocks."));
        Assert.True(Percentile(compared.Select(one => one.Difference), 0.5) <= 0.1, $"The median difference of all blocks is {Percentile(compared.Select(one => one.Difference), 0.5):P1}.");
    }

    private static IEnumerable<(string Core, Block Block, double Difference)> Compare(Dictionary<string, Block> blocks)
    {
        foreach (string[] fields in Lines("llvm-mca.csv"))
        {
            Block block = blocks[fields[0]];
            double other = double.Parse(fields[2], CultureInfo.InvariantCulture);
            double own = BlockTiming.CyclesPerIteration(Microarchitecture.Load(fields[1]), block.Code);
            yield return (fields[1], block, Math.Abs(own - other) / other);
        }
    }

    private static double Percentile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)(share * (sorted.Length - 1))];
    }

    private static Dictionary<string, Block> ReadBlocks() =>
        Lines("blocks.csv").ToDictionary(fields => fields[0], fields => new Block(fields[1], Convert.FromHexString(fields[^1])));

    private static IEnumerable<string[]> Lines(string file) =>
        File.ReadLines(Path.Combine(Repository.Root, "data", "blocks", file)).Skip(1).Select(line => line.Split(','));

    private sealed record Block(string Kind, byte[] Code);
}
