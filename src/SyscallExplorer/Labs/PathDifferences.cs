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
        Dictionary<Figure, FigureUse> left = slower.Figures.ToDictionary(use => use.Figure), right = faster.Figures.ToDictionary(use => use.Figure);
        long low = 0, high = 0, all = 0, assumed = 0;
        foreach (Figure figure in left.Keys.Union(right.Keys))
        {
            FigureUse here = left.GetValueOrDefault(figure) ?? new FigureUse(figure, 0), there = right.GetValueOrDefault(figure) ?? new FigureUse(figure, 0);
            FigureUse difference = Subtract(here, there);
            low += difference.Low;
            high += difference.High;
            all += Math.Abs(difference.Cost);
            if (figure.Confidence == Confidence.Assumed)
                assumed += Math.Abs(difference.Cost);
        }

        return new PathDifference(
            slower.Label, faster.Label, PerCall(slower.Cost - faster.Cost, slower), PerCall(low, slower), PerCall(high, slower),
            all == 0 ? 0 : (double)assumed / all);
    }

    /// <summary>A figure is the same for both, so that only the uses that one has more of are in doubt.</summary>
    private static FigureUse Subtract(FigureUse here, FigureUse there)
    {
        FigureUse one = here.Cost >= there.Cost ? here : there, other = here.Cost >= there.Cost ? there : here;
        long cost = one.Cost - other.Cost;
        long below = Spread(one.Cost - one.Low, other.Cost - other.Low), above = Spread(one.High - one.Cost, other.High - other.Cost);
        return here.Cost >= there.Cost
            ? new FigureUse(here.Figure, here.Uses - there.Uses) { Cost = cost, Low = cost - below, High = cost + above }
            : new FigureUse(here.Figure, here.Uses - there.Uses) { Cost = -cost, Low = -cost - above, High = -cost + below };
    }

    private static long Spread(long one, long other) => Math.Abs(one - other);

    private static double PerCall(long cost, PathCost row) => cost / 256.0 / row.Calls;
}
