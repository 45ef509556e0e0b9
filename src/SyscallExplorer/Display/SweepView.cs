using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using static SyscallExplorer.FigureParts;

namespace SyscallExplorer;

/// <summary>A sweep as a table, as text that other programs read, and as a heat map.</summary>
public static class SweepView
{
    private const int RowHeight = 30;
    private const int Surroundings = 210;

    /// <summary>The cells as comma-separated values with a line of headings; a cell without a path has its reason in the last column.</summary>
    public static string ToCsv(this Sweep sweep)
    {
        var text = new StringBuilder("kernel,cpu,preset,path,cycles,low,high,cold,nanoseconds,assumed,weakest,refusal\n");
        foreach (SweepCell cell in sweep.Cells)
        {
            string numbers = cell.Cost is { } cost
                ? string.Create(CultureInfo.InvariantCulture, $"{cost.Cycles},{cost.LowCycles},{cost.HighCycles},{cost.ColdCycles},{cost.Nanoseconds:0.###},{cost.AssumedShare:0.###},{cost.Weakest}")
                : ",,,,,,";
            text.Append(CultureInfo.InvariantCulture, $"{cell.Kernel},{cell.Cpu},\"{cell.Preset}\",{cell.Path},{numbers},\"{cell.Refusal?.Replace("\"", "\"\"", StringComparison.Ordinal)}\"\n");
        }

        return text.ToString();
    }

    /// <summary>The cells that have a path, as text.</summary>
    public static string ToText(this Sweep sweep) => Table(sweep).ToText();

    /// <summary>The cells that have a path, as HTML.</summary>
    public static string ToHtml(this Sweep sweep) => Css.Wrap(Css.Frame(Table(sweep)));

    /// <summary>
    /// Kernels across, processors down, colours on a logarithmic scale. A cell takes the cheapest of the paths, unless one is asked for; one that there is
    /// not stays empty.
    /// </summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="path">One path, or null for the cheapest.</param>
    /// <param name="preset">The name of a command line, or null for the plan's first.</param>
    /// <param name="inNanoseconds">Nanoseconds at each processor's nominal clock in the place of cycles.</param>
    public static PlotlyFigure HeatMap(this Sweep sweep, EntryPath? path = null, string? preset = null, bool inNanoseconds = false)
    {
        string chosen = preset ?? sweep.Plan.Presets[0].Name;
        string[] kernels = [.. sweep.Plan.Kernels.Select(kernel => kernel.Name)], cpus = [.. sweep.Plan.Cpus.Select(cpu => cpu.Name)];
        ILookup<(string Kernel, string Cpu), SweepCell> cells = sweep.Cells
            .Where(cell => cell.Preset == chosen && cell.Cost is not null && (path is null || cell.Path == path))
            .ToLookup(cell => (cell.Kernel, cell.Cpu));
        SweepCell?[][] grid = [.. cpus.Select(cpu => kernels.Select(kernel => cells[(kernel, cpu)].MinBy(cell => cell.Cost!.Cycles)).ToArray())];
        double Value(SweepCell cell) => inNanoseconds ? cell.Cost!.Nanoseconds : cell.Cost!.Cycles;
        string unit = inNanoseconds ? "ns" : "cycles";
        string title = $"{sweep.Plan.Syscall} by {(path is { } one ? PathKind.Of(one).Label : "its cheapest way")}, {chosen}: {unit} a call";
        var trace = new JsonObject
        {
            ["type"] = "heatmap",
            ["x"] = Strings(kernels.Select(Short)),
            ["y"] = Strings(cpus),
            ["z"] = Rows(grid, cell => JsonValue.Create(Math.Log10(Value(cell)))),
            ["text"] = Texts(grid, cell => Value(cell).ToString("0", CultureInfo.InvariantCulture) + Mark(cell)),
            ["customdata"] = Rows(grid, cell => JsonValue.Create(Hover(cell))),
            ["texttemplate"] = "%{text}",
            ["hovertemplate"] = "%{y}, %{x}: %{customdata}<extra></extra>",
            ["colorscale"] = "Viridis",
            ["hoverongaps"] = false,
            ["colorbar"] = new JsonObject { ["title"] = new JsonObject { ["text"] = unit }, ["tickvals"] = Numbers([1, 2, 3, 4]), ["ticktext"] = Strings(["10", "100", "1000", "10000"]) },
        };
        JsonObject layout = BarLayout(title, "kernel", "processor", "", Surroundings + (cpus.Length * RowHeight));
        layout.Remove("barmode");
        layout["xaxis"] = new JsonObject { ["title"] = new JsonObject { ["text"] = "kernel" }, ["automargin"] = true, ["type"] = "category", ["tickangle"] = -35 };
        string least = grid.SelectMany(row => row).OfType<SweepCell>().MinBy(Value) is { } low ? $"; the least is {Value(low):0} on {low.Cpu} with {low.Kernel}" : "";
        return new PlotlyFigure([trace], layout, $"Heat map, {title}, {cpus.Length} processors by {kernels.Length} kernels{least}.");
    }

    private static string Short(string kernel) => kernel.Replace("Linux ", "", StringComparison.Ordinal).Replace("Linux_", "", StringComparison.Ordinal);

    /// <summary>A star on what rests mostly on assumptions.</summary>
    private static string Mark(SweepCell cell) => cell.Cost!.AssumedShare > 0.5 ? "*" : "";

    private static string Hover(SweepCell cell)
    {
        SweepCost cost = cell.Cost!;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{PathKind.Of(cell.Path).Label}, {cost.Cycles:0} cycles ({cost.LowCycles:0} to {cost.HighCycles:0}), {cost.Nanoseconds:0} ns, {cost.AssumedShare:P0} assumed");
    }

    private static JsonArray Rows(SweepCell?[][] grid, Func<SweepCell, JsonNode?> value) =>
        [.. grid.Select(row => (JsonNode)new JsonArray([.. row.Select(cell => cell is null ? null : value(cell))]))];

    /// <summary>Plotly writes "null" into a cell whose text is null.</summary>
    private static JsonArray Texts(SweepCell?[][] grid, Func<SweepCell, string> text) =>
        [.. grid.Select(row => Strings(row.Select(cell => cell is null ? "" : text(cell))))];

    private static TableLayout Table(Sweep sweep) => new(
        $"{sweep.Plan.Syscall}: {sweep.Cells.Count(cell => cell.Cost is not null)} of {sweep.Cells.Count} cells have such a path",
        [new("kernel"), new("processor"), new("command line"), new("path"), new("cycles", true), new("from", true), new("to", true), new("cold", true), new("ns", true), new("assumed", true)],
        [.. sweep.Cells.Where(cell => cell.Cost is not null).Select(Row)]);

    private static LayoutRow Row(SweepCell cell)
    {
        SweepCost cost = cell.Cost!;
        string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
        return new LayoutRow(
            [
                cell.Kernel, cell.Cpu, cell.Preset, PathKind.Of(cell.Path).Label, Number(cost.Cycles), Number(cost.LowCycles), Number(cost.HighCycles),
                Number(cost.ColdCycles), Number(cost.Nanoseconds), cost.AssumedShare.ToString("P0", CultureInfo.InvariantCulture),
            ]);
    }
}
