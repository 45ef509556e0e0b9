using System.Text.Json.Nodes;
using SyscallExplorer.Linux;
using static SyscallExplorer.FigureParts;

namespace SyscallExplorer;

/// <summary>A run's cycles as bars: system calls by phase, system calls by count, and all phases.</summary>
internal static class ProfileFigures
{
    private const int BarHeight = 26;
    private const int Surroundings = 170;
    private const int LegendLine = 20;
    private const int LeastHeight = 300;
    private const int MostBars = 24;
    private const string CountColour = "#2f7fc9";
    private const string ErrorColour = "#d3455b";

    /// <summary>The kernel's activities, the costliest on top, each a stack of phases.</summary>
    public static PlotlyFigure ByPhase(CycleProfile profile)
    {
        ActivityProfile[] bars = [.. Shortened(
            [.. profile.Activities.Where(activity => activity.Kind is not (ActivityKind.UserCode or ActivityKind.Idle)).OrderByDescending(activity => activity.Cost)])];
        Phase[] phases = [.. bars.SelectMany(bar => bar.Phases.Select(total => total.Phase)).Distinct().Order()];
        var data = new JsonArray();
        foreach (Phase phase in phases)
        {
            JsonObject trace = BarTrace(new PhaseTotal(phase, 0, 0).Name, PhaseColours.Of(phase), Numbers(bars.Select(bar => CyclesOf(bar, phase))), Labels(bars));
            trace["hovertemplate"] = "%{y}, %{fullData.name}: %{x:,.0f} cycles<extra></extra>";
            data.Add(trace);
        }

        const string title = "System calls and exceptions: cycles by phase";
        string description = $"Bar chart, {Subject(profile, title)}: {string.Join("; ", bars.Select(bar => $"{bar.Name} {Text.Whole(bar.Cycles)}"))}.";
        return new PlotlyFigure(data, ProgramLayout(title, profile.Program, profile.Inputs, "cycles", "activity", "phase", Height(bars.Length, phases.Length)), description);
    }

    /// <summary>The system calls, the most frequent on top; those that failed are a part of the bar.</summary>
    public static PlotlyFigure ByCount(CycleProfile profile)
    {
        ActivityProfile[] bars = [.. Shortened([.. profile.SystemCalls.OrderByDescending(call => call.Count).ThenBy(call => call.Name, StringComparer.Ordinal)])];
        var data = new JsonArray(
            CountTrace("succeeded", CountColour, bars, call => call.Count - call.Errors),
            CountTrace("failed", ErrorColour, bars, call => call.Errors));
        const string title = "System calls by count";
        string description = $"Bar chart, {Subject(profile, title)}: {string.Join("; ", bars.Select(bar => $"{bar.Name} {bar.Count}"))}.";
        return new PlotlyFigure(data, ProgramLayout(title, profile.Program, profile.Inputs, "calls", "system call", "result", Height(bars.Length, 2)), description);
    }

    /// <summary>All cycles of the run by phase.</summary>
    public static PlotlyFigure Phases(CycleProfile profile)
    {
        IReadOnlyList<PhaseTotal> phases = profile.Phases;
        JsonObject trace = BarTrace("cycles", Ink, Numbers(phases.Select(phase => phase.Cycles)), Strings(phases.Select(phase => phase.Name)));
        trace["marker"] = new JsonObject { ["color"] = Strings(phases.Select(phase => PhaseColours.Of(phase.Phase))) };
        trace["text"] = Strings(phases.Select(phase => Plain(Text.Percent((double)phase.Cost / Math.Max(1, profile.Cost)))));
        trace["textposition"] = "outside";
        trace["cliponaxis"] = false;
        trace["showlegend"] = false;
        trace["hovertemplate"] = "%{y}: %{x:,.0f} cycles, %{text}<extra></extra>";
        const string title = "All cycles by phase";
        string description = $"Bar chart, {Subject(profile, title)}: {string.Join("; ", phases.Select(phase => $"{phase.Name} {Text.Whole(phase.Cycles)}"))}.";
        JsonObject layout = ProgramLayout(title, profile.Program, profile.Inputs, "cycles", "phase", "", Height(phases.Count, 0));
        layout["margin"]!["r"] = 70;
        return new PlotlyFigure([trace], layout, description);
    }

    private static string Subject(CycleProfile profile, string title) => $"{title}, {profile.Program} on {InputsLine.Of(profile.Inputs)}";

    private static JsonObject CountTrace(string name, string colour, ActivityProfile[] bars, Func<ActivityProfile, long> count)
    {
        JsonObject trace = BarTrace(name, colour, Numbers(bars.Select(bar => (double)count(bar))), Labels(bars));
        trace["hovertemplate"] = "%{y}: %{x} %{fullData.name}<extra></extra>";
        return trace;
    }

    /// <summary>What a figure has no room for stands together in its last bar.</summary>
    private static IEnumerable<ActivityProfile> Shortened(ActivityProfile[] bars)
    {
        if (bars.Length <= MostBars)
            return bars;
        ActivityProfile[] rest = bars[(MostBars - 1)..];
        IEnumerable<PhaseTotal> phases = rest.SelectMany(bar => bar.Phases).GroupBy(total => total.Phase).OrderBy(group => group.Key)
            .Select(group => new PhaseTotal(group.Key, group.Sum(total => total.Cost), group.Sum(total => total.Instructions)));
        return bars.Take(MostBars - 1)
            .Append(new ActivityProfile(ActivityKind.SystemCall, $"{rest.Length} others", rest.Sum(bar => bar.Count), rest.Sum(bar => bar.Errors), [.. phases]));
    }

    private static int Height(int bars, int legend) => Math.Max(LeastHeight, Surroundings + Math.Max(bars * BarHeight, legend * LegendLine));

    private static double CyclesOf(ActivityProfile activity, Phase phase) => activity.Phases.FirstOrDefault(total => total.Phase == phase)?.Cycles ?? 0;

    private static JsonArray Labels(ActivityProfile[] bars) => Strings(bars.Select(bar => Plain(bar.Name)));
}
