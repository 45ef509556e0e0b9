using System.Globalization;
using System.Text;

namespace SyscallExplorer;

/// <summary>A native measurement as text and HTML: the machine, the clock, the figures, and what is to be said of them.</summary>
internal static class NativeTable
{
    private const int TerminalWidth = 100;

    public static string Text(NativeMeasurement measurement)
    {
        var text = new StringBuilder();
        foreach (string sentence in Head(measurement))
            Append(text, sentence, "");
        if (measurement.Rows.Count > 0)
            text.Append('\n').Append(Of(measurement).ToText()).Append('\n');
        foreach (string note in Notes(measurement))
            Append(text, note, "  ");
        return text.ToString();
    }

    public static string Html(NativeMeasurement measurement)
    {
        var html = new StringBuilder();
        foreach (string sentence in Head(measurement))
            html.Append($"<p>{SyscallExplorer.Text.Html(sentence)}</p>\n");
        if (measurement.Rows.Count > 0)
            html.Append(Of(measurement).ToHtml());
        string[] notes = [.. Notes(measurement)];
        if (notes.Length > 0)
            html.Append("<ul>\n").Append(string.Concat(notes.Select(note => $"<li>{SyscallExplorer.Text.Html(note)}</li>\n"))).Append("</ul>\n");
        return Css.Wrap(html.ToString());
    }

    private static TableLayout Of(NativeMeasurement measurement) => new(
        "Ticks of the time-stamp counter per call, and cycles of the core derived from them",
        [new("figure"), new("min", true), new("median", true), new("loop", true), new("net ticks", true), new("net cycles", true), new("for fits")],
        [.. measurement.Rows.Select(Row)]);

    private static LayoutRow Row(NativeFigure row) => row.Timing is { } timing
        ? new([row.Key, Number(timing.MinTicks), Number(timing.MedianTicks), Number(timing.ControlTicks), Number(timing.NetTicks), Number(timing.NetCycles), row.UsableForFit ? "yes" : "no"])
        : new([row.Key, "-", "-", "-", "-", "-", "no"]);

    private static IEnumerable<string> Head(NativeMeasurement measurement)
    {
        if (measurement.Host is { } host)
            yield return $"{host}, clock source {host.ClockSource ?? "unknown"}{(host.HasSeccompFilter == true ? ", with a seccomp filter in the way of system calls" : "")}.";
        if (measurement.Unavailable is { } why)
            yield return why;
        if (measurement is { Tsc: { } tsc, TicksPerCycle: { } ratio })
        {
            string place = measurement.Cpu is { } cpu ? $"on CPU {cpu}" : "on any CPU: the kernel would not keep the programs on one";
            yield return string.Create(CultureInfo.InvariantCulture,
                $"The time-stamp counter runs at {tsc.Hertz / 1e6:0.0} MHz ({tsc.Source}). A cycle of the core took {ratio.Median:0.000} ticks ({ratio.Low:0.000}..{ratio.High:0.000}), measured {place}.");
        }

        string[] met = [.. measurement.Host?.Mitigations.Where(m => m.State != "Not affected").Select(m => $"{m.Weakness}: {m.State}") ?? []];
        if (met.Length > 0)
            yield return $"Mitigations: {string.Join("; ", met)}.";
    }

    /// <summary>Figures that have the same thing said of them share a note.</summary>
    private static IEnumerable<string> Notes(NativeMeasurement measurement) =>
        measurement.Rows.Where(row => row.Reason is not null).GroupBy(row => row.Reason!).Select(group => $"{string.Join(", ", group.Select(row => row.Key))}: {group.Key}");

    private static string Number(double value) => SyscallExplorer.Text.Cycles(value);

    private static void Append(StringBuilder text, string sentence, string indent)
    {
        string[] lines = [.. SyscallExplorer.Text.Wrap(sentence, TerminalWidth - indent.Length)];
        for (int i = 0; i < lines.Length; i++)
            text.Append(i == 0 ? "" : indent).Append(lines[i]).Append('\n');
    }
}

/// <summary>A native measurement as text and HTML. A notebook shows it by itself.</summary>
public static class NativeViews
{
    /// <summary>The machine, its clock, the figures and the notes, for a terminal of 100 columns.</summary>
    public static string ToText(this NativeMeasurement measurement) => NativeTable.Text(measurement);

    /// <summary>The same as a piece of HTML.</summary>
    public static string ToHtml(this NativeMeasurement measurement) => NativeTable.Html(measurement);
}
