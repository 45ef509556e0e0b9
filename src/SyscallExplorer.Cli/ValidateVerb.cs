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
        figures = row.Uses.Select(use => new
        {
            key = use.Figure.Key,
            uses = (double)use.Uses / row.Rounds,
            figure = use.Figure.Cost / 256.0,
            cycles = use.Cost / 256.0 / row.Rounds,
            low = use.Low / 256.0 / row.Rounds,
            high = use.High / 256.0 / row.Rounds,
            confidence = use.Figure.Confidence.ToString().ToLowerInvariant(),
            ordinary = use.Figure.Timing is not null,
        }),
    };
}
