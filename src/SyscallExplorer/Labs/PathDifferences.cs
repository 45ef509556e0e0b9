using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>Compares paths figure by figure, so that what they share cancels out and only what distinguishes them is in doubt.</summary>
internal static class PathDifferences
{
    /// <summary>Neighbours in the order of cost, the slowest first.</summary>
    public static IReadOnlyList<PathDifference> Of(IReadOnlyList<PathCost> rows)
    {
        List<PathCost> ordered = rows.OrderByDescending(row => row.Cost).ToList();
        return ordered.Zip(ordered.Skip(1)).Select(pair => Between(pair.First, pair.Second)).ToList();
    }

    private static PathDifference Between(PathCost slower, PathCost faster)
    {
        Dictionary<Figure, long> uses = slower.Figures.ToDictionary(use => use.Figure, use => use.Uses);
        foreach (FigureUse use in faster.Figures)
            uses[use.Figure] = uses.GetValueOrDefault(use.Figure) - use.Uses;

        long low = 0, high = 0, all = 0, assumed = 0;
        foreach ((Figure figure, long count) in uses)
        {
            low += count * (count > 0 ? figure.Low : figure.High);
            high += count * (count > 0 ? figure.High : figure.Low);
            long weight = Math.Abs(count * figure.Cost);
            all += weight;
            if (figure.Confidence == Confidence.Assumed)
                assumed += weight;
        }

        return new PathDifference(
            slower.Label, faster.Label, PerCall(slower.Cost - faster.Cost, slower), PerCall(low, slower), PerCall(high, slower),
            all == 0 ? 0 : (double)assumed / all);
    }

    private static double PerCall(long cost, PathCost row) => cost / 256.0 / row.Calls;
}
