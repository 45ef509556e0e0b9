using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using SyscallExplorer.Notebooks;

namespace SyscallExplorer.Cli;

/// <summary><c>sysx run</c>: runs notebooks and writes what came of them.</summary>
internal static class RunVerb
{
    internal static Command Create()
    {
        var notebooks = new Argument<string[]>("notebooks") { Description = "The notebooks (.ipynb) to run.", Arity = ArgumentArity.OneOrMore };
        var folder = new Option<string>("--out", "-o") { Description = "The folder for the executed notebook and the HTML report.", Required = true, HelpName = "folder" };
        var parameters = new Option<KeyValuePair<string, string>[]>("--parameter", "-p")
        {
            Description = "A value for a parameter of the notebooks; may be given several times.",
            HelpName = "name=value",
            CustomParser = ReadParameters,
        };
        var timeout = new Option<TimeSpan?>("--cell-timeout")
        {
            Description = "How many seconds one cell may run. Without it, for ever.",
            HelpName = "seconds",
            CustomParser = ReadSeconds,
        };
        var timestamps = new Option<bool>("--timestamps") { Description = "Note when each cell ran. Two runs then differ." };
        var noHtml = new Option<bool>("--no-html") { Description = "Write only the executed notebook." };
        var command = new Command("run", "Runs C# notebooks; writes each as an executed notebook and as a self-contained HTML page.")
        {
            notebooks, folder, parameters, timeout, timestamps, noHtml,
        };
        command.SetAction((result, cancel) => RunCommand.ExecuteAsync(
            new RunRequest(
                result.GetRequiredValue(notebooks),
                result.GetRequiredValue(folder),
                result.GetValue(parameters) ?? [],
                result.GetValue(timeout),
                result.GetValue(timestamps),
                !result.GetValue(noHtml)),
            cancel));
        return command;
    }

    private static KeyValuePair<string, string>[] ReadParameters(ArgumentResult result)
    {
        var values = new List<KeyValuePair<string, string>>();
        foreach (string text in result.Tokens.Select(t => t.Value))
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                values.Add(KeyValuePair.Create(text[..equals].Trim(), text[(equals + 1)..]));
            else
                result.AddError($"'{text}' gives no parameter a value; write -p name=value.");
        }
        return [.. values];
    }

    private static TimeSpan? ReadSeconds(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= 1_000_000)
            return TimeSpan.FromSeconds(seconds);
        result.AddError($"'{text}' is not a time limit; --cell-timeout takes a number of seconds above 0, at most 1000000.");
        return null;
    }
}
