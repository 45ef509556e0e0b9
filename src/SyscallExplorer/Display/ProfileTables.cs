using System.Globalization;

namespace SyscallExplorer;

/// <summary>A run's cycles laid out as two tables: by activity, with the system calls by count, and by phase.</summary>
internal static class ProfileTables
{
    private const string Nothing = "-";

    public static TableLayout Activities(CycleProfile profile)
    {
        double[] cycles = RoundedParts.Of([.. profile.Activities.Select(activity => activity.Cycles)], steps: 1);
        IEnumerable<LayoutRow> rows = profile.Activities.Select((activity, index) => new LayoutRow(
        [
            activity.Name,
            activity.Count > 0 ? Number(activity.Count) : Nothing,
            activity.Errors > 0 ? Number(activity.Errors) : "",
            Text.Whole(cycles[index]),
            activity.Count > 0 ? Text.Whole(activity.CyclesEach) : Nothing,
            Text.Percent(Share(activity.Cost, profile)),
        ]));
        LayoutRow total = new(
            ["all", Number(profile.SystemCalls.Sum(call => call.Count)) + " calls", "", Text.Whole(profile.Cycles), "", Text.Percent(1)], IsTotal: true);
        return new TableLayout(
            $"{profile.Program} on {InputsLine.Of(profile.Inputs)}: system calls by count and cycles",
            [new("activity"), new("count", true), new("errors", true), new("cycles", true), new("cycles each", true), new("share", true)],
            [.. rows, total]);
    }

    public static TableLayout Phases(CycleProfile profile)
    {
        IReadOnlyList<PhaseTotal> phases = profile.Phases;
        double[] cycles = RoundedParts.Of([.. phases.Select(phase => phase.Cycles)], steps: 1);
        IEnumerable<LayoutRow> rows = phases.Select((phase, index) => new LayoutRow(
            [phase.Name, Text.Whole(cycles[index]), Text.Percent(Share(phase.Cost, profile)), Number(phase.Instructions)], Colour: PhaseColours.Of(phase.Phase)));
        LayoutRow total = new(["all", Text.Whole(profile.Cycles), Text.Percent(1), Number(phases.Sum(phase => phase.Instructions))], IsTotal: true);
        return new TableLayout("where the cycles went", [new("phase"), new("cycles", true), new("share", true), new("instructions", true)], [.. rows, total]);
    }

    /// <summary>What the cycles can be trusted for.</summary>
    public static string Trust(CycleProfile profile)
    {
        if (profile.Figures.Count == 0)
            return "No figure was used.";
        IEnumerable<string> origins = profile.Origins.Select(origin => $"{Text.Percent(origin.Share)} {OriginNames.Of(origin.Origin)}");
        return $"{Text.Percent(profile.AssumedShare)} of the cycles rest on assumed figures; {string.Join(", ", origins)}.";
    }

    private static double Share(long cost, CycleProfile profile) => profile.Cost == 0 ? 0 : (double)cost / profile.Cost;

    private static string Number(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
