using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>The cycles of one phase of a path.</summary>
/// <param name="Phase">Which.</param>
/// <param name="Cost">1/256 cycles over all calls measured: the phases' costs sum to the path's cost exactly.</param>
/// <param name="Cycles">Cycles of one call.</param>
/// <param name="Instructions">Instructions of one call.</param>
public sealed record PhaseCost(Phase Phase, long Cost, double Cycles, double Instructions)
{
    /// <summary>The phase's name, for plots.</summary>
    public string Name => Phase.Name;

    /// <summary>Cycles of one call that rest on assumed figures.</summary>
    public double AssumedCycles { get; init; }
}

/// <summary>How often one call uses a figure, and what it comes to.</summary>
/// <param name="Figure">The figure; for hosted handlers one from the kernel's table of hypercalls.</param>
/// <param name="Uses">Uses in all calls measured.</param>
public sealed record FigureUse(Figure Figure, long Uses)
{
    /// <summary>
    /// 1/256 cycles that went to it in all calls measured. At the Table depth, uses times figure; at the Pipeline depth, what the instructions took from
    /// their predecessors' retirement to their own.
    /// </summary>
    public long Cost { get; init; } = Uses * Figure.Cost;

    /// <summary>The same with the figure at the low end of its interval.</summary>
    public long Low { get; init; } = Uses * Figure.Low;

    /// <summary>The same with the figure at the high end of its interval.</summary>
    public long High { get; init; } = Uses * Figure.High;
}

/// <summary>The share of a path's cycles that comes from one kind of code.</summary>
/// <param name="Origin">Which kind.</param>
/// <param name="Cycles">Cycles of one call.</param>
/// <param name="Share">0 to 1.</param>
public sealed record OriginShare(CodeOrigin Origin, double Cycles, double Share);

/// <summary>How two paths differ, and how far the difference can be trusted. Figures that both use alike cancel out.</summary>
/// <param name="Slower">The path that costs more.</param>
/// <param name="Faster">The path that costs less.</param>
/// <param name="Cycles">Cycles of one call between them.</param>
/// <param name="LowCycles">The least that the figures' intervals allow; negative when the order could be the other way round.</param>
/// <param name="HighCycles">The most that they allow.</param>
/// <param name="AssumedShare">The share of the difference, 0 to 1, that rests on assumed figures: by absolute contributions.</param>
public sealed record PathDifference(string Slower, string Faster, double Cycles, double LowCycles, double HighCycles, double AssumedShare)
{
    /// <summary>Whether the order stays the same wherever in their intervals the figures lie.</summary>
    public bool OrderSurvives => LowCycles > 0;
}

/// <summary>One system call by several paths.</summary>
/// <param name="Inputs">What it rests on.</param>
/// <param name="Syscall">The call's name.</param>
/// <param name="Rows">The paths, in the order asked for.</param>
/// <param name="Differences">Neighbours in the order of cost, the slowest first.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record Comparison(LabInputs Inputs, string Syscall, IReadOnlyList<PathCost> Rows, IReadOnlyList<PathDifference> Differences) : IHasInputs
{
    /// <summary>The row of a path.</summary>
    /// <exception cref="ArgumentException">The comparison has no such path.</exception>
    public PathCost this[EntryPath path] =>
        Rows.FirstOrDefault(row => row.Path == path)
        ?? throw new ArgumentException($"This comparison has no row for {path}; it has {string.Join(", ", Rows.Select(row => row.Path))}.", nameof(path));

    /// <summary>All phases that occur, in the order of a call.</summary>
    public IReadOnlyList<Phase> Phases => Rows.SelectMany(row => row.Phases.Select(phase => phase.Phase)).Distinct().Order().ToList();
}
