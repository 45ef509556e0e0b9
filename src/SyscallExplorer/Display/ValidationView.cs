using System.Globalization;

namespace SyscallExplorer;

/// <summary>A validation as tables.</summary>
public static class ValidationView
{
    /// <summary>The tables as text.</summary>
    public static string ToText(this ValidationReport report) => string.Join('\n', Tables(report).Select(table => table.ToText()));

    /// <summary>The tables as HTML.</summary>
    public static string ToHtml(this ValidationReport report) =>
        Css.Wrap(string.Concat(Tables(report).Select((table, index) => index == 0 ? Css.Frame(table) : table.ToHtml())));

    private static IEnumerable<TableLayout> Tables(ValidationReport report)
    {
        yield return new TableLayout(
            "Published figures and the model's predictions, in core cycles",
            [
                new("figure"), new("processor"), new("what"), new("published", true), new("model", true), new("model's interval", true), new("error", true),
                new("assumed", true), new("use"), new("source"),
            ],
            [.. report.Rows.Select(Row)]);
        yield return Summary("Errors of what nothing was fitted to, by category", report.ByCategory);
        yield return Summary("Errors of what nothing was fitted to, by family of processors", report.ByFamily);
    }

    private static LayoutRow Row(ValidationRow row) => new(
        [
            row.Figure.Id, row.Figure.Cpu, row.Figure.What, Interval(row.Figure.LowCycles, row.Figure.HighCycles), Number(row.Cycles),
            Interval(row.LowCycles, row.HighCycles), Text.Error(row.Error), row.AssumedShare.ToString("P0", CultureInfo.InvariantCulture),
            row.Figure.IsFitted ? "fit" : "check", row.Figure.Source,
        ]);

    private static TableLayout Summary(string title, IReadOnlyList<ErrorSummary> summaries) => new(
        title,
        [new("rows of"), new("rows", true), new("median error", true), new("90 % within", true), new("within 25 %", true)],
        [
            .. summaries.Select(summary => new LayoutRow(
                [
                    summary.Name, summary.Count.ToString(CultureInfo.InvariantCulture), Share(summary.Median), Share(summary.NinetiethPercentile),
                    $"{summary.WithinQuarter} of {summary.Count}",
                ],
                IsTotal: summary.Name == "all")),
        ]);

    private static string Interval(double low, double high) => low == high ? Number(low) : $"{Number(low)} to {Number(high)}";

    private static string Number(double cycles) => cycles.ToString(cycles < 10 ? "0.##" : "0.#", CultureInfo.InvariantCulture);

    private static string Share(double? error) => error is { } value ? (value * 100).ToString("0.0 '%'", CultureInfo.InvariantCulture) : "too few rows";
}
