namespace SyscallExplorer;

/// <summary>Makes the formatters of the kit's results. Notebook hosts call it by convention; see <see cref="TypeFormatterSourceAttribute"/>.</summary>
internal sealed class ResultFormatterSource
{
    public IEnumerable<object> CreateTypeFormatters() => [new ResultFormatter("text/html", Html), new ResultFormatter("text/plain", Plain)];

    private static string? Html(object value) => value switch
    {
        Comparison comparison => comparison.ToHtml(),
        Trace trace => trace.ToHtml(),
        ProgramRun run => run.ToHtml(),
        ProgramObservation observation => observation.ToHtml(),
        CycleProfile profile => profile.ToHtml(),
        Timeline timeline => timeline.ToHtml(),
        AddressSpaceMap map => map.ToHtml(),
        PageMap pages => pages.ToHtml(),
        CallLog log => log.ToHtml(),
        ValidationReport report => report.ToHtml(),
        Sweep sweep => sweep.ToHtml(),
        Calibration calibration => calibration.ToHtml(),
        BesideMachine beside => beside.ToHtml(),
        NativeMeasurement native => native.ToHtml(),
        PlotlyFigure figure => figure.ToHtml(),
        FatalReportView view => view.Report.ToHtml(),
        _ => null,
    };

    private static string? Plain(object value) => value switch
    {
        Comparison comparison => comparison.ToText(),
        Trace trace => trace.ToText(),
        ProgramRun run => run.ToText(),
        ProgramObservation observation => observation.ToText(),
        CycleProfile profile => profile.ToText(),
        Timeline timeline => timeline.ToText(),
        AddressSpaceMap map => map.ToText(),
        PageMap pages => pages.ToText(),
        CallLog log => log.Text,
        ValidationReport report => report.ToText(),
        Sweep sweep => sweep.ToText(),
        Calibration calibration => calibration.ToText(),
        BesideMachine beside => beside.ToText(),
        NativeMeasurement native => native.ToText(),
        PlotlyFigure figure => figure.Description,
        FatalReportView view => view.Report.ToText(),
        _ => null,
    };
}

/// <summary>A formatter as notebook hosts expect it, by the names and signatures of its members.</summary>
internal sealed class ResultFormatter(string mimeType, Func<object, string?> format)
{
    public string MimeType { get; } = mimeType;

    /// <summary>Writes a value; false leaves it to the host.</summary>
    public bool Format(object instance, TextWriter writer)
    {
        if (format(instance) is not { } text)
            return false;
        writer.Write(text);
        return true;
    }
}
