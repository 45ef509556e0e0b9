namespace SyscallExplorer;

/// <summary>What was observed of a program as text, HTML and figures. A notebook shows the first two by itself.</summary>
public static class ObservationViews
{
    /// <summary>How the program ended, then its profile.</summary>
    public static string ToText(this ProgramObservation observation) => $"{observation.Run.ToText()}\n{observation.Profile.ToText()}";

    /// <summary>The same as a piece of HTML.</summary>
    public static string ToHtml(this ProgramObservation observation) => Css.Wrap(ProgramRunHtml.Body(observation.Run) + ProfileBody(observation.Profile));

    /// <summary>Activities by count and cycles, phases, and what the cycles rest on.</summary>
    public static string ToText(this CycleProfile profile) =>
        $"{ProfileTables.Activities(profile).ToText()}\n{ProfileTables.Phases(profile).ToText()}\n{ProfileTables.Trust(profile)}\n";

    /// <summary>The same as a piece of HTML.</summary>
    public static string ToHtml(this CycleProfile profile) => Css.Wrap(ProfileBody(profile));

    /// <summary>System calls and exceptions, the costliest on top, as bars of cycles stacked by phase. User code and idling are left out.</summary>
    public static PlotlyFigure Plot(this CycleProfile profile) => ProfileFigures.ByPhase(profile);

    /// <summary>System calls by count, the most frequent on top.</summary>
    public static PlotlyFigure PlotCounts(this CycleProfile profile) => ProfileFigures.ByCount(profile);

    /// <summary>All cycles of the run by phase, user code and idling among them.</summary>
    public static PlotlyFigure PlotPhases(this CycleProfile profile) => ProfileFigures.Phases(profile);

    /// <summary>Cycles of each task by what it did, and its life as a line of letters.</summary>
    public static string ToText(this Timeline timeline) => TimelineText.Write(timeline);

    /// <summary>Cycles of each task by what it did, as a piece of HTML.</summary>
    public static string ToHtml(this Timeline timeline) => Css.Wrap(TimelineText.Table(timeline).ToHtml());

    /// <summary>
    /// A row for each task: bars for user mode, kernel, readiness and waiting, and a mark for each system call. Bars too short to be seen are drawn
    /// together; a narrower window shows them.
    /// </summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="fromCycles">Where the window begins, in cycles from the start of the run.</param>
    /// <param name="toCycles">Where it ends.</param>
    /// <exception cref="ArgumentException">Nothing of the run lies in the window.</exception>
    public static PlotlyFigure Plot(this Timeline timeline, double fromCycles = 0, double toCycles = double.MaxValue) =>
        TimelineFigure.Of(timeline, fromCycles, toCycles);

    /// <summary>What /proc/PID/maps holds, below a title.</summary>
    public static string ToText(this AddressSpaceMap map) => AddressSpaceMapTable.Text(map);

    /// <summary>The map as a table with sizes; colours tell what can be executed (red), written (blue) or only read (green).</summary>
    public static string ToHtml(this AddressSpaceMap map) => Css.Wrap(AddressSpaceMapTable.Of(map).ToHtml("mono"));

    /// <summary>A line for each entry on the way, its bits by name.</summary>
    public static string ToText(this PageMap pages) => PageMapTable.Of(pages).ToText();

    /// <summary>The same as a piece of HTML.</summary>
    public static string ToHtml(this PageMap pages) => Css.Wrap(PageMapTable.Of(pages).ToHtml("mono"));

    /// <summary>The lines in a frame that scrolls, as a piece of HTML.</summary>
    public static string ToHtml(this CallLog log) => CallLogHtml.Write(log);

    private static string ProfileBody(CycleProfile profile) =>
        $"<div class=\"beside\">\n{ProfileTables.Activities(profile).ToHtml()}{ProfileTables.Phases(profile).ToHtml()}</div>\n<p>{Text.Html(ProfileTables.Trust(profile))}</p>\n";
}
