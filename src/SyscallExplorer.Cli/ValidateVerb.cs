using System.CommandLine;
using System.Text.Json;

namespace SyscallExplorer.Cli;

/// <summary><c>sysx validate</c>: the model beside what others have published.</summary>
internal static class ValidateVerb
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    internal static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Write the rows as JSON, with the figures that each prediction rests on." };
        var command = new Command("validate", "Predicts every published figure in data/published and prints the errors.") { json };
        command.SetAction((parsed, cancellation) => Task.FromResult(Print(parsed.GetValue(json), cancellation)));
        return command;
    }

    private static int Print(bool asJson, CancellationToken cancellation)
    {
        var report = ValidationReport.Make(cancellation: cancellation);
        Console.WriteLine(asJson ? JsonSerializer.Serialize(report.Rows.Select(Shape), s_indented) : report.ToText());
        return ExitCodes.Success;
    }

    private static object Shape(ValidationRow row) => new
    {
        id = row.Figure.Id,
        cpu = row.Figure.Cpu,
        use = row.Figure.IsFitted ? "fit" : "check",
        low = row.Figure.LowCycles,
        high = row.Figure.HighCycles,
        predicted = row.Cycles,
        error = row.Error,
        figures = row.Uses.ToDictionary(use => use.Figure.Key, use => use.Uses),
        cycles = row.Uses.ToDictionary(use => use.Figure.Key, use => use.Figure.Cost / 256.0),
    };
}
