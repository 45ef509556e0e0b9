namespace SyscallExplorer;

/// <summary>
/// One phase over all paths of a comparison, as plain sequences: what a stacked chart of any plotting library takes as one series.
/// </summary>
/// <param name="Name">The phase's name.</param>
/// <param name="Paths">The paths' labels: the keys of a chart.</param>
/// <param name="Cycles">Cycles of one call by each path, 0 where a path has no such phase: the values of a chart.</param>
public sealed record PhaseSeries(string Name, IReadOnlyList<string> Paths, IReadOnlyList<double> Cycles)
{
    /// <summary>Label and cycles of each path, for libraries that take pairs.</summary>
    public IEnumerable<Tuple<string, double>> Points => Paths.Zip(Cycles, Tuple.Create);
}
