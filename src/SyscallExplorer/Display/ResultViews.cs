using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>The results as text, HTML, figures and plain series. A notebook shows them by itself; these are for everybody else.</summary>
public static class ResultViews
{
    /// <summary>The table of cycles by phase with what it can be trusted for, for a terminal of 100 columns.</summary>
    public static string ToText(this Comparison comparison) => ComparisonText.Write(comparison);

    /// <summary>The table as a piece of HTML.</summary>
    public static string ToHtml(this Comparison comparison) => ComparisonHtml.Write(comparison);

    /// <summary>Stacked bars by phase, in cycles per call; the error bars are the intervals of the totals.</summary>
    public static PlotlyFigure Plot(this Comparison comparison) => ComparisonFigure.Of(comparison);

    /// <summary>The same numbers as plain sequences, one series for each phase, for any plotting library.</summary>
    public static IReadOnlyList<PhaseSeries> ByPhase(this Comparison comparison)
    {
        string[] paths = [.. comparison.Rows.Select(path => path.Label)];
        return [.. comparison.Phases.Select(phase => new PhaseSeries(phase.Name, paths, [.. comparison.Rows.Select(path => CyclesOf(path, phase))]))];
    }

    /// <summary>One line for each instruction with its registers and cycles, then <c>pt_regs</c>.</summary>
    public static string ToText(this Trace trace) => TraceText.Write(trace);

    /// <summary>The trace as a scrolling table that marks changes of ring, CR3, GS base and RSP.</summary>
    public static string ToHtml(this Trace trace) => TraceHtml.Write(trace);

    /// <summary>How the program ended, what it wrote and what it cost.</summary>
    public static string ToText(this ProgramRun run) => ProgramRunText.Write(run);

    /// <summary>The same as a piece of HTML.</summary>
    public static string ToHtml(this ProgramRun run) => ProgramRunHtml.Write(run);

    /// <summary>The report of a fatal exception: the sentence, the registers, the code around.</summary>
    public static string ToText(this FatalReport report) => report.ToString().ReplaceLineEndings("\n");

    /// <summary>The same as a piece of HTML.</summary>
    public static string ToHtml(this FatalReport report) => FatalReportHtml.Write(report);

    /// <summary>The report as a value that a notebook shows in full.</summary>
    public static FatalReportView View(this FatalReport report) => new(report);

    private static double CyclesOf(PathCost path, Phase phase) => path.Phases.FirstOrDefault(cost => cost.Phase == phase)?.Cycles ?? 0;
}

/// <summary>The report of a fatal exception for a notebook; the kernel's own record knows nothing of notebooks.</summary>
/// <param name="Report">The report.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record FatalReportView(FatalReport Report)
{
    /// <inheritdoc/>
    public override string ToString() => Report.ToText();
}
