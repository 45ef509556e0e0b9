using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>A published figure beside what the model says of it.</summary>
/// <param name="Figure">The figure.</param>
/// <param name="Cycles">The model's prediction, core cycles.</param>
/// <param name="LowCycles">With every figure of the tables at the low end of its interval.</param>
/// <param name="HighCycles">With every figure of the tables at the high end of its interval.</param>
/// <param name="AssumedShare">The share of the prediction, 0 to 1, that rests on assumed figures.</param>
/// <param name="Uses">The figures that it rests on, in all rounds.</param>
/// <param name="Rounds">How many rounds that were.</param>
public sealed record ValidationRow(
    PublishedFigure Figure, double Cycles, double LowCycles, double HighCycles, double AssumedShare, IReadOnlyList<FigureUse> Uses, int Rounds)
{
    /// <summary>
    /// How far off the prediction is, as a share of the published figure: positive when it is too high, 0 within a published interval.
    /// </summary>
    public double Error =>
        Cycles < Figure.LowCycles ? (Cycles - Figure.LowCycles) / Figure.LowCycles : Cycles > Figure.HighCycles ? (Cycles - Figure.HighCycles) / Figure.HighCycles : 0;
}

/// <summary>The absolute errors of some rows that nothing was fitted to.</summary>
/// <param name="Name">A category or a family of processors.</param>
/// <param name="Count">How many rows.</param>
/// <param name="Median">Their median; null where there are fewer than ten.</param>
/// <param name="NinetiethPercentile">Nine in ten are not larger; null where there are fewer than ten.</param>
/// <param name="WithinQuarter">How many are within 25 %.</param>
public sealed record ErrorSummary(string Name, int Count, double? Median, double? NinetiethPercentile, int WithinQuarter)
{
    /// <summary>Below this many rows no percentile means anything.</summary>
    public const int FewestRows = 10;

    internal static ErrorSummary Of(string name, IEnumerable<ValidationRow> rows)
    {
        double[] errors = [.. rows.Select(row => Math.Abs(row.Error)).Order()];
        bool enough = errors.Length >= FewestRows;
        return new ErrorSummary(
            name, errors.Length, enough ? Percentile(errors, 0.5) : null, enough ? Percentile(errors, 0.9) : null, errors.Count(error => error <= 0.25));
    }

    /// <summary>By linear interpolation between the two nearest.</summary>
    private static double Percentile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        double above = sorted[Math.Min(below + 1, sorted.Length - 1)];
        return sorted[below] + ((above - sorted[below]) * (place - below));
    }
}

/// <summary>All published figures beside the model's predictions.</summary>
/// <param name="Rows">The figures, in the order of the files.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record ValidationReport(IReadOnlyList<ValidationRow> Rows)
{
    /// <summary>The rows that nothing was fitted to.</summary>
    public IEnumerable<ValidationRow> Checks => Rows.Where(row => !row.Figure.IsFitted);

    /// <summary>The errors of those, by category.</summary>
    public IReadOnlyList<ErrorSummary> ByCategory =>
        [.. Checks.GroupBy(row => row.Figure.Category).Select(group => ErrorSummary.Of(group.Key, group)), ErrorSummary.Of("all", Checks)];

    /// <summary>The errors of those, by family of processors.</summary>
    public IReadOnlyList<ErrorSummary> ByFamily => [.. Checks.GroupBy(row => row.Figure.Family).Select(group => ErrorSummary.Of(group.Key, group))];

    /// <summary>Predicts every published figure.</summary>
    /// <param name="progress">Told how many are done, of how many.</param>
    /// <param name="cancellation">Stops between two figures.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static ValidationReport Make(IProgress<(int Done, int Of)>? progress = null, CancellationToken cancellation = default)
    {
        IReadOnlyList<PublishedFigure> figures = PublishedFigures.All;
        var rows = new List<ValidationRow>();
        foreach (PublishedFigure figure in figures)
        {
            cancellation.ThrowIfCancellationRequested();
            Prediction prediction = Predictor.Predict(figure);
            rows.Add(new ValidationRow(figure, prediction.Cycles, prediction.LowCycles, prediction.HighCycles, prediction.AssumedShare, prediction.Figures, prediction.Rounds));
            progress?.Report((rows.Count, figures.Count));
        }

        return new ValidationReport(rows);
    }
}
