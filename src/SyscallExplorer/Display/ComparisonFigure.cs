using System.Text.Json.Nodes;
using SyscallExplorer.Linux;
using static SyscallExplorer.FigureParts;

namespace SyscallExplorer;

/// <summary>Comparisons as stacked horizontal bars: one trace for each phase, and the interval of the total as an error bar.</summary>
internal static class ComparisonFigure
{
    private const int BarHeight = 52;
    private const int Surroundings = 190;
    private const int LegendLine = 20;
    private const int LeastHeight = 420;

    public static PlotlyFigure Of(Comparison comparison)
    {
        Bar[] bars = [.. comparison.Rows.Select(path => new Bar(null, path))];
        return Draw($"{comparison.Syscall} on {InputsLine.Of(comparison.Inputs)}", bars);
    }

    public static PlotlyFigure Of(string title, IReadOnlyList<(string Label, Comparison Comparison)> comparisons) =>
        Draw(title, [.. comparisons.SelectMany(one => one.Comparison.Rows.Select(path => new Bar(one.Label, path)))]);

    private static PlotlyFigure Draw(string title, Bar[] bars)
    {
        var data = new JsonArray();
        Phase[] phases = [.. bars.SelectMany(bar => bar.Cost.Phases.Select(cost => cost.Phase)).Distinct().Order()];
        foreach (Phase phase in phases)
        {
            data.Add(PhaseTrace(phase, bars));
            if (bars.Any(bar => bar.AssumedOf(phase) > 0))
                data.Add(AssumedTrace(phase, bars));
        }

        data.Add(TotalTrace(bars));
        string description = $"Bar chart of cycles per call by phase, {title}: "
            + string.Join("; ", bars.Select(bar => $"{bar.Name} {Text.Cycles(bar.Cost.Cycles)} ({Text.Interval(bar.Cost.LowCycles, bar.Cost.HighCycles)})")) + ".";
        return new PlotlyFigure(data, BarLayout(title, "cycles per call", "entry path", "phase", Math.Max(LeastHeight, Surroundings + Math.Max(bars.Length * BarHeight, phases.Length * LegendLine))), description);
    }

    private static JsonObject PhaseTrace(Phase phase, Bar[] bars) => new()
    {
        ["type"] = "bar",
        ["orientation"] = "h",
        ["name"] = phase.Name,
        ["legendgroup"] = phase.Name,
        ["x"] = Numbers(bars.Select(bar => bar.CyclesOf(phase) - bar.AssumedOf(phase))),
        ["y"] = Categories(bars),
        ["marker"] = new JsonObject { ["color"] = PhaseColours.Of(phase) },
        ["hovertemplate"] = "%{fullData.name}, published or fitted: %{x:.2f} cycles<extra></extra>",
    };

    /// <summary>What of a phase rests on assumed figures: hatched, in the phase's colour.</summary>
    private static JsonObject AssumedTrace(Phase phase, Bar[] bars) => new()
    {
        ["type"] = "bar",
        ["orientation"] = "h",
        ["name"] = phase.Name,
        ["legendgroup"] = phase.Name,
        ["showlegend"] = false,
        ["x"] = Numbers(bars.Select(bar => bar.AssumedOf(phase))),
        ["y"] = Categories(bars),
        ["marker"] = new JsonObject
        {
            ["color"] = PhaseColours.Of(phase),
            ["pattern"] = new JsonObject { ["shape"] = "/", ["fillmode"] = "overlay", ["fgcolor"] = "rgba(255,255,255,0.65)", ["size"] = 7 },
        },
        ["hovertemplate"] = "%{fullData.name}, assumed: %{x:.2f} cycles<extra></extra>",
    };

    /// <summary>The bars' ends with the intervals; the points themselves are not to be seen.</summary>
    private static JsonObject TotalTrace(Bar[] bars) => new()
    {
        ["type"] = "scatter",
        ["mode"] = "markers",
        ["name"] = "total",
        ["showlegend"] = false,
        ["x"] = Numbers(bars.Select(bar => bar.Cost.Cycles)),
        ["y"] = Categories(bars),
        ["marker"] = new JsonObject { ["color"] = Transparent, ["size"] = 14 },
        ["error_x"] = new JsonObject
        {
            ["type"] = "data",
            ["symmetric"] = false,
            ["array"] = Numbers(bars.Select(bar => bar.Cost.HighCycles - bar.Cost.Cycles)),
            ["arrayminus"] = Numbers(bars.Select(bar => bar.Cost.Cycles - bar.Cost.LowCycles)),
            ["color"] = Ink,
            ["thickness"] = 1.5,
            ["width"] = 6,
        },
        ["text"] = Strings(bars.Select(bar => Text.Interval(bar.Cost.LowCycles, bar.Cost.HighCycles))),
        ["hovertemplate"] = "total: %{x:.2f} cycles, interval %{text}<extra></extra>",
    };

    /// <summary>Labels of the bars; with groups two rows of them, which Plotly draws as an axis of two levels.</summary>
    private static JsonArray Categories(Bar[] bars)
    {
        JsonArray labels = Strings(bars.Select(bar => Plain(bar.Cost.Label)));
        return bars.Any(bar => bar.Group is not null) ? [Strings(bars.Select(bar => Plain(bar.Group ?? ""))), labels] : labels;
    }

    private sealed record Bar(string? Group, PathCost Cost)
    {
        public string Name => Group is null ? Cost.Label : $"{Group}, {Cost.Label}";

        public double AssumedOf(Phase phase) => Cost.Phases.FirstOrDefault(cost => cost.Phase == phase)?.AssumedCycles ?? 0;

        public double CyclesOf(Phase phase) => Cost.Phases.FirstOrDefault(cost => cost.Phase == phase)?.Cycles ?? 0;
    }
}
