using System.Globalization;
using System.Text.Json.Nodes;
using static SyscallExplorer.FigureParts;

namespace SyscallExplorer;

/// <summary>A timeline as horizontal bars, a row for each task, with a mark where a system call was made.</summary>
internal static class TimelineFigure
{
    private const int RowHeight = 56;
    private const int Surroundings = 190;
    private const int LeastHeight = 300;

    /// <summary>Of a row's height: the rest is for the marks above.</summary>
    private const double BarWidth = 0.6;

    /// <summary>Bars that are shorter than this part of the picture cannot be told apart, and are drawn together.</summary>
    private const int Resolution = 1500;

    /// <summary>More marks than this are a wall.</summary>
    private const int MostMarks = 3000;

    public static PlotlyFigure Of(Timeline timeline, double fromCycles, double toCycles)
    {
        double from = Math.Max(0, fromCycles), to = Math.Min(timeline.EndCycles, toCycles);
        if (!(from < to))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"There is nothing between cycle {fromCycles} and cycle {toCycles}: the run goes from 0 to {timeline.EndCycles}."), nameof(fromCycles));
        }

        TaskTimeline[] tasks = [.. timeline.Tasks];
        Bar[] bars = [.. tasks.SelectMany((task, row) => Bars(task, row, from, to))];
        var data = new JsonArray();
        foreach (TaskMode mode in TaskModeWords.All.Where(mode => bars.Any(bar => bar.Mode == mode)))
            data.Add(ModeTrace(mode, [.. bars.Where(bar => bar.Mode == mode)]));
        ObservedCall[] calls = [.. timeline.Calls.Where(call => call.StartCycles >= from && call.StartCycles < to).Take(MostMarks)];
        if (calls.Length > 0)
            data.Add(MarkTrace(calls, tasks));

        int height = Math.Max(LeastHeight, Surroundings + tasks.Length * RowHeight);
        JsonObject layout = ProgramLayout("Who runs when", timeline.Program, timeline.Inputs, "cycles from the start", "task", "the task is", height);
        layout["barmode"] = "overlay";
        layout["hovermode"] = "closest";
        layout["yaxis"]!["tickvals"] = Numbers(tasks.Select((_, row) => (double)row));
        layout["yaxis"]!["ticktext"] = Strings(tasks.Select(task => Plain(task.Label)));
        layout["yaxis"]!["autorange"] = false;
        layout["yaxis"]!["range"] = Numbers([tasks.Length - 0.5, -0.7]);
        layout["yaxis"]!["showgrid"] = false;
        layout["yaxis"]!["zeroline"] = false;
        layout["xaxis"]!.AsObject().Remove("rangemode");
        layout["xaxis"]!["range"] = Numbers([from, to]);
        return new PlotlyFigure(data, layout, Description(timeline));
    }

    private static string Description(Timeline timeline)
    {
        IEnumerable<string> tasks = timeline.Tasks.Select(task =>
            $"{task.Label} {string.Join(", ", TaskModeWords.All.Select(mode => $"{TaskModeWords.Name(mode)} {Text.Whole(task.CyclesIn(mode))}"))}");
        return $"Timeline of {timeline.Program} on {InputsLine.Of(timeline.Inputs)}, in cycles: {string.Join("; ", tasks)}.";
    }

    private static JsonObject ModeTrace(TaskMode mode, Bar[] bars)
    {
        JsonObject trace = BarTrace(
            TaskModeWords.Name(mode), TaskModeWords.Colour(mode), Numbers(bars.Select(bar => bar.Length)), Numbers(bars.Select(bar => (double)bar.Row)));
        trace["width"] = BarWidth;
        trace["base"] = Numbers(bars.Select(bar => bar.Start));
        trace["text"] = Strings(bars.Select(bar => Plain(bar.Text)));
        trace["textposition"] = "none";
        trace["customdata"] = Numbers(bars.Select(bar => Math.Round(bar.Length, 2)));
        trace["hovertemplate"] = "%{text}<br>%{customdata:,.0f} cycles from %{base:,.0f}<extra></extra>";
        return trace;
    }

    /// <summary>Calls that the kernel was asked for, where the task entered it.</summary>
    private static JsonObject MarkTrace(ObservedCall[] calls, TaskTimeline[] tasks)
    {
        const double aboveTheBar = 0.39;
        double RowOf(ObservedCall call) => Array.FindLastIndex(tasks, task => task.Task == call.Task) - aboveTheBar;
        return new JsonObject
        {
            ["type"] = "scatter",
            ["mode"] = "markers",
            ["name"] = "system call",
            ["x"] = Numbers(calls.Select(call => call.StartCycles)),
            ["y"] = Numbers(calls.Select(RowOf)),
            ["marker"] = new JsonObject { ["symbol"] = "triangle-down", ["size"] = 7, ["color"] = "#2f7fc9" },
            ["text"] = Strings(calls.Select(call => Plain(call.Text.Length > 0 ? call.Text : call.Name))),
            ["hovertemplate"] = "%{text}<extra></extra>",
        };
    }

    private static IEnumerable<Bar> Bars(TaskTimeline task, int row, double from, double to)
    {
        double shortest = (to - from) / Resolution;
        var together = new List<(TaskInterval Interval, double Length)>();
        foreach (TaskInterval interval in task.Intervals)
        {
            double start = Math.Max(from, interval.StartCycles), end = Math.Min(to, interval.StartCycles + interval.Cycles);
            if (end <= start)
                continue;
            if (end - start >= shortest)
            {
                if (together.Count > 0)
                    yield return Merge(together, row, from);
                together.Clear();
                yield return new Bar(interval.Mode, row, start, end - start, TaskModeWords.Describe(interval));
                continue;
            }

            together.Add((interval, end - start));
            if (together.Sum(part => part.Length) >= shortest)
            {
                yield return Merge(together, row, from);
                together.Clear();
            }
        }

        if (together.Count > 0)
            yield return Merge(together, row, from);
    }

    /// <summary>Short intervals as one bar, in the colour of what most of its time went to.</summary>
    private static Bar Merge(List<(TaskInterval Interval, double Length)> parts, int row, double from)
    {
        TaskMode mode = parts.GroupBy(part => part.Interval.Mode).OrderByDescending(group => group.Sum(part => part.Length)).ThenBy(group => group.Key).First().Key;
        string text = parts.Count == 1 ? TaskModeWords.Describe(parts[0].Interval)
            : $"{parts.Count} intervals, mostly {TaskModeWords.Name(mode)}";
        return new Bar(mode, row, Math.Max(from, parts[0].Interval.StartCycles), parts.Sum(part => part.Length), text);
    }

    private sealed record Bar(TaskMode Mode, int Row, double Start, double Length, string Text);
}
