using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>What a row of a comparison's table is about.</summary>
internal enum ComparisonRowKind
{
    Phase,
    Total,
    Trust,
    Origin,
}

/// <summary>A row of a comparison's table: a heading and a cell for each path.</summary>
internal sealed record ComparisonRow(ComparisonRowKind Kind, string Heading, IReadOnlyList<string> Cells, Phase? Phase = null);

/// <summary>A comparison laid out as a table; the text and the HTML both write this.</summary>
internal sealed record ComparisonTable(string Title, IReadOnlyList<string> Paths, IReadOnlyList<ComparisonRow> Rows, IReadOnlyList<string> Notes)
{
    private const string Nothing = "-";

    public static ComparisonTable Of(Comparison comparison)
    {
        ComparisonRow Row(ComparisonRowKind kind, string heading, Func<PathCost, string> cell) => new(kind, heading, [.. comparison.Rows.Select(cell)]);

        var rows = new List<ComparisonRow>();
        Dictionary<Phase, double>[] cycles = [.. comparison.Rows.Select(PhaseCycles)];
        foreach (Phase phase in comparison.Phases)
        {
            string[] cells = [.. cycles.Select(path => path.TryGetValue(phase, out double value) ? Text.Cycles(value) : Nothing)];
            rows.Add(new ComparisonRow(ComparisonRowKind.Phase, phase.Name, cells, phase));
        }

        rows.Add(Row(ComparisonRowKind.Total, "cycles per call", path => Text.Cycles(path.Cycles)));
        rows.Add(Row(ComparisonRowKind.Trust, "at the figures' low ends", path => Text.Cycles(path.LowCycles)));
        rows.Add(Row(ComparisonRowKind.Trust, "at the figures' high ends", path => Text.Cycles(path.HighCycles)));
        rows.Add(Row(ComparisonRowKind.Trust, "on a cold core", path => Text.Cycles(path.ColdCycles)));
        rows.Add(Row(ComparisonRowKind.Trust, "weakest confidence", path => path.Weakest.ToString().ToLowerInvariant()));
        rows.Add(Row(ComparisonRowKind.Trust, "on assumed figures", path => Text.Percent(path.AssumedShare)));
        rows.Add(Row(ComparisonRowKind.Trust, "instructions", path => Text.Count(path.Instructions)));
        foreach (CodeOrigin origin in Enum.GetValues<CodeOrigin>())
        {
            if (comparison.Rows.Any(path => Share(path, origin) > 0))
                rows.Add(Row(ComparisonRowKind.Origin, OriginNames.Of(origin), path => Text.Percent(Share(path, origin))));
        }

        return new ComparisonTable(
            $"{comparison.Syscall} on {InputsLine.Of(comparison.Inputs)}: cycles per call by phase",
            [.. comparison.Rows.Select(path => path.Label)],
            rows,
            [.. comparison.Differences.Select(DifferenceSentence.Of)]);
    }

    private static Dictionary<Phase, double> PhaseCycles(PathCost path)
    {
        double[] rounded = RoundedParts.Of([.. path.Phases.Select(phase => phase.Cycles)]);
        return path.Phases.Select((cost, index) => (cost.Phase, Cycles: rounded[index])).ToDictionary(part => part.Phase, part => part.Cycles);
    }

    private static double Share(PathCost path, CodeOrigin origin) => path.Origins.FirstOrDefault(share => share.Origin == origin)?.Share ?? 0;
}

/// <summary>What kinds of code are called in tables.</summary>
internal static class OriginNames
{
    public static string Of(CodeOrigin origin) => origin switch
    {
        CodeOrigin.Documented => "in documented code",
        CodeOrigin.Composed => "in composed code",
        CodeOrigin.Tabled => "in tabled handlers",
        _ => "in the program",
    };
}

/// <summary>What a result rests on, in a few words.</summary>
internal static class InputsLine
{
    public static string Of(LabInputs inputs)
    {
        string options = inputs.CommandLine.Length > 0 ? $" with {inputs.CommandLine}" : "";
        return $"{inputs.Kernel}, {inputs.Cpu}{options}";
    }
}

/// <summary>A difference of two paths as a sentence.</summary>
internal static class DifferenceSentence
{
    public static string Of(PathDifference difference)
    {
        if (difference is { Cycles: 0, LowCycles: 0, HighCycles: 0 })
            return $"{difference.Slower} and {difference.Faster} cost the same, figure for figure.";
        string interval = Text.Interval(difference.LowCycles, difference.HighCycles);
        string order = difference.OrderSurvives ? "the order holds wherever in their intervals the figures lie" : "the order could be reversed";
        return $"{difference.Slower} costs {Text.Cycles(difference.Cycles)} cycles more than {difference.Faster} ({interval} over the figures' intervals; "
            + $"{Text.Percent(difference.AssumedShare)} of it rests on assumed figures; {order}).";
    }
}
