using System.Text;

namespace SyscallExplorer;

/// <summary>A timeline as text: a line for each task, a letter for each piece of time; and the table that HTML shows too.</summary>
internal static class TimelineText
{
    private const int Width = 72;

    public static string Write(Timeline timeline)
    {
        var text = new StringBuilder(Table(timeline).ToText()).Append('\n');
        int label = timeline.Tasks.Select(task => task.Label.Length).DefaultIfEmpty().Max();
        foreach (TaskTimeline task in timeline.Tasks)
            text.Append(task.Label.PadRight(label)).Append(" |").Append(Letters(task, timeline.End)).Append("|\n");
        IEnumerable<string> legend = TaskModeWords.All.Select(mode => $"{TaskModeWords.Letter(mode)} {TaskModeWords.Name(mode)}");
        return text.Append(' ', label + 2).Append(string.Join("; ", legend)).Append('\n').ToString();
    }

    public static TableLayout Table(Timeline timeline)
    {
        ILookup<int, ObservedCall> calls = timeline.Calls.ToLookup(call => call.Task);
        string cut = timeline.IsComplete ? "" : " (only its beginning was kept)";
        return new TableLayout(
            $"{timeline.Program} on {InputsLine.Of(timeline.Inputs)}: cycles of its tasks{cut}",
            [new("task"), new("parent", true), .. TaskModeWords.All.Select(mode => new LayoutColumn(TaskModeWords.Name(mode), true)), new("system calls", true)],
            [.. timeline.Tasks.Select(task => new LayoutRow(
                [task.Label, task.Parent.ToString(System.Globalization.CultureInfo.InvariantCulture), .. TaskModeWords.All.Select(mode => Text.Whole(task.CyclesIn(mode))), Text.Whole(calls[task.Task].Count())]))]);
    }

    /// <summary>What most of each piece of time went to; a blank where the task does not live.</summary>
    private static string Letters(TaskTimeline task, long end)
    {
        var shares = new long[Width, TaskModeWords.All.Count];
        double piece = Math.Max(1, end) / (double)Width;
        foreach (TaskInterval interval in task.Intervals)
        {
            for (int column = (int)(interval.Start / piece); column < Width && column * piece < interval.End; column++)
            {
                double share = Math.Min(interval.End, (column + 1) * piece) - Math.Max(interval.Start, column * piece);
                shares[column, (int)interval.Mode] += (long)Math.Max(0, share);
            }
        }

        return string.Concat(Enumerable.Range(0, Width).Select(column => LetterOf(shares, column)));
    }

    private static char LetterOf(long[,] shares, int column)
    {
        TaskMode most = TaskModeWords.All.MaxBy(mode => shares[column, (int)mode]);
        return shares[column, (int)most] == 0 ? ' ' : TaskModeWords.Letter(most);
    }
}
