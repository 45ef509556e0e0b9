namespace SyscallExplorer;

/// <summary>Figures of several results together.</summary>
public static class Figures
{
    /// <summary>Comparisons side by side, such as one system call on several processors or with several kernel options.</summary>
    /// <param name="comparisons">The comparisons, each with the label of its group.</param>
    /// <exception cref="ArgumentException">There is no comparison, or two groups have the same label.</exception>
    public static PlotlyFigure Compare(params (string Label, Comparison Comparison)[] comparisons)
    {
        if (comparisons.Length == 0)
            throw new ArgumentException("There is nothing to draw: give at least one comparison with its label, as in (\"Skylake\", comparison).", nameof(comparisons));
        if (comparisons.GroupBy(one => one.Label).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"Two comparisons have the label '{twice.Key}'; each needs its own, or their bars would fall together.", nameof(comparisons));
        string[] calls = [.. comparisons.Select(one => one.Comparison.Syscall).Distinct()];
        return ComparisonFigure.Of(string.Join(", ", calls), comparisons);
    }

    /// <inheritdoc cref="Compare(ValueTuple{string, Comparison}[])"/>
    public static PlotlyFigure Plot(this IEnumerable<(string Label, Comparison Comparison)> comparisons) => Compare([.. comparisons]);
}
