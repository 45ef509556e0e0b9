using System.Globalization;
using System.Text.Json.Nodes;
using static SyscallExplorer.FigureParts;

namespace SyscallExplorer;

/// <summary>A calibration, and a comparison with the reader's machine beside it, as tables and as charts.</summary>
public static class CalibrationView
{
    private const string ModelColour = "#2f7fc9", MachineColour = "#d98324";
    private const int BarHeight = 60, Surroundings = 190;

    /// <summary>What was fitted and what is left, as text.</summary>
    public static string ToText(this Calibration calibration) => string.Join('\n', Tables(calibration).Select(table => table.ToText()));

    /// <summary>What was fitted and what is left, as HTML.</summary>
    public static string ToHtml(this Calibration calibration) => Css.Wrap(string.Concat(Tables(calibration).Select(table => table.ToHtml())));

    /// <summary>Model and machine, path by path, as text.</summary>
    public static string ToText(this BesideMachine beside) => Table(beside).ToText();

    /// <summary>Model and machine, path by path, as HTML.</summary>
    public static string ToHtml(this BesideMachine beside) => Css.Wrap(Table(beside).ToHtml());

    /// <summary>Two bars for each path, in core cycles on a logarithmic scale: the model with its interval, and the machine.</summary>
    public static PlotlyFigure Plot(this BesideMachine beside)
    {
        string[] labels = [.. beside.Rows.Select(row => row.Model.Label)];
        JsonObject model = BarTrace("model", ModelColour, Numbers(beside.Rows.Select(row => row.Model.Cycles)), Strings(labels));
        model["error_x"] = new JsonObject
        {
            ["type"] = "data",
            ["symmetric"] = false,
            ["array"] = Numbers(beside.Rows.Select(row => row.Model.HighCycles - row.Model.Cycles)),
            ["arrayminus"] = Numbers(beside.Rows.Select(row => row.Model.Cycles - row.Model.LowCycles)),
            ["color"] = Ink,
        };
        model["hovertemplate"] = "%{y}, model: %{x:.0f} cycles<extra></extra>";
        BesideRow[] measured = [.. beside.Rows.Where(row => row.Machine?.NetCycles is not null)];
        JsonObject machine = BarTrace("this machine", MachineColour, Numbers(measured.Select(row => row.Machine!.NetCycles!.Value)), Strings(measured.Select(row => row.Model.Label)));
        machine["hovertemplate"] = "%{y}, machine: %{x:.0f} cycles<extra></extra>";
        string title = $"{beside.Comparison.Syscall}: {InputsLine.Of(beside.Inputs)}, and this machine";
        JsonObject layout = BarLayout($"{beside.Comparison.Syscall}: the model and this machine", "core cycles per call", "entry path", "", Surroundings + (labels.Length * BarHeight));
        layout["barmode"] = "group";
        layout["xaxis"]!["type"] = "log";
        layout["xaxis"]!.AsObject().Remove("rangemode");
        string words = string.Join("; ", beside.Rows.Select(row => $"{row.Model.Label} {Number(row.Model.Cycles)} and {(row.Machine?.NetCycles is { } cycles ? Number(cycles) : "not measured")}"));
        return new PlotlyFigure([model, machine], layout, $"Bar chart of core cycles per call, model and machine, {title}: {words}.");
    }

    private static TableLayout Table(BesideMachine beside) => new(
        $"{beside.Comparison.Syscall} on {InputsLine.Of(beside.Inputs)}, beside {beside.Measurement.Host?.ToString() ?? beside.Measurement.Unavailable}",
        [new("path"), new("model, cycles", true), new("model's interval", true), new("machine, cycles", true), new("machine, ticks", true), new("machine : model", true), new("remark")],
        [
            .. beside.Rows.Select(row => new LayoutRow(
                [
                    row.Model.Label, Number(row.Model.Cycles), $"{Number(row.Model.LowCycles)} to {Number(row.Model.HighCycles)}", Number(row.Machine?.NetCycles), Number(row.Machine?.NetTicks),
                    row.Ratio is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "-", row.Machine is null ? "not measured here" : row.Machine.Reason ?? "",
                ])),
        ]);

    private static IEnumerable<TableLayout> Tables(Calibration calibration)
    {
        string options = calibration.CommandLine.Length > 0 ? $" with {calibration.CommandLine}" : "";
        yield return new TableLayout(
            $"{calibration.Base} fitted to {calibration.Measurement.Host}, as {calibration.Kernel.Name}{options}",
            [new("figure"), new("cycles", true)],
            [.. calibration.Fitted.Select(pair => new LayoutRow([pair.Key, Number(pair.Value)]))]);
        yield return new TableLayout(
            "What is left, in ticks of the time-stamp counter",
            [new("figure"), new("machine", true), new("model", true), new("error", true), new("use")],
            [
                .. calibration.Rows.Select(row => new LayoutRow(
                    [
                        row.Key, Number(row.MachineTicks), Number(row.ModelTicks), Text.Error(row.Error),
                        row.IsFitted ? "fitted" : row.IsUsable ? "check" : "not of the processor",
                    ])),
            ]);
    }

    private static string Number(double? value) => value is { } number ? number.ToString("0.#", CultureInfo.InvariantCulture) : "-";
}
