using System.Text.RegularExpressions;

namespace SyscallExplorer.Notebooks;

/// <summary>Why the process of a notebook ended in the middle of a cell.</summary>
internal static partial class ProcessEnd
{
    internal static CellFailure Describe(int? exitCode, int? announced, string errorText)
    {
        (string name, string value) = announced is { } code
            ? ("ProcessExit", $"the cell ended its process by Environment.Exit({code}).")
            : errorText.Contains("Stack overflow", StringComparison.Ordinal)
                ? ("StackOverflow", "stack overflow: the cell called itself too deeply, and its process died.")
            : errorText.Contains("Process terminated.", StringComparison.Ordinal)
                ? ("FailFast", $"the cell ended its process by Environment.FailFast: {FirstLineAfter(errorText, "Process terminated.")}")
            : errorText.Contains("Unhandled exception.", StringComparison.Ordinal)
                ? ("UnhandledException", $"an exception that nothing caught ended the process: {FirstLineAfter(errorText, "Unhandled exception.")}")
            : ("ProcessDied", $"the process of the notebook died ({Exit(exitCode)}).");
        return new CellFailure(null, name, value, [value]);
    }

    /// <summary>The runtime's last words without what differs from run to run, and without the frames below the cell's own.</summary>
    internal static string Tidy(string errorText)
    {
        string[] lines = RepeatCount().Replace(errorText, "$1 many times").Split('\n');
        int lastOfCell = Array.FindLastIndex(lines, l => IsFrame(l) && l.Contains("Submission#", StringComparison.Ordinal));
        return lastOfCell < 0 ? errorText : string.Join('\n', lines.Where((l, i) => i <= lastOfCell || !IsFrame(l)));
    }

    private static bool IsFrame(string line) => line.StartsWith("   at ", StringComparison.Ordinal);

    private static string FirstLineAfter(string text, string start)
    {
        string rest = text[(text.IndexOf(start, StringComparison.Ordinal) + start.Length)..].TrimStart();
        string line = rest.Split('\n', 2)[0].Trim();
        return line.Length > 0 ? line : "no message.";
    }

    private static string Exit(int? exitCode) => exitCode switch
    {
        null => "it does not say how",
        137 => "it was killed, perhaps for want of memory",
        > 128 => $"signal {exitCode - 128}",
        _ => $"exit code {exitCode}",
    };

    [GeneratedRegex(@"(Repeat(?:ed)?) \d+ times")]
    private static partial Regex RepeatCount();
}
