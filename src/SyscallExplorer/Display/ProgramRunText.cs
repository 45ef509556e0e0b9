using System.Globalization;
using System.Text;
using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>What became of a program, as plain text.</summary>
internal static class ProgramRunText
{
    /// <summary>Enough of a hash to compare by eye.</summary>
    private const int HashLetters = 12;

    public static string Write(ProgramRun run)
    {
        var text = new StringBuilder(run.Message).Append('\n');
        text.Append(Summary(run)).Append('\n');
        AppendBlock(text, "standard output", run.Output);
        AppendBlock(text, "standard error", run.Error);
        if (run.Unimplemented.Count > 0)
            text.Append(Unimplemented(run)).Append('\n');
        foreach (string remark in Remarks(run))
            text.Append(remark).Append('\n');
        if (run.Fatal is { } report)
            text.Append('\n').Append(report.ToText());
        return text.ToString();
    }

    public static string Summary(ProgramRun run)
    {
        string status = run.ExitStatus is { } value ? $"exit status {value.ToString(CultureInfo.InvariantCulture)}, "
            : run.Signal is { } signal ? $"{SignalNumbers.Name(signal)}, " : "";
        return $"{status}{run.Instructions.ToString(CultureInfo.InvariantCulture)} instructions, {Text.Cycles(run.Cycles)} cycles on {InputsLine.Of(run.Inputs)}";
    }

    public static string Unimplemented(ProgramRun run)
    {
        IEnumerable<string> calls = run.Unimplemented.OrderBy(call => call.Key, StringComparer.Ordinal).Select(call => $"{call.Key} ({call.Value} times)");
        return $"System calls that the kit does not have and answered with -ENOSYS: {string.Join(", ", calls)}.";
    }

    /// <summary>The notes, then the host's files that the run depends on.</summary>
    public static IEnumerable<string> Remarks(ProgramRun run)
    {
        foreach (string note in run.Notes)
            yield return note;
        string[] files = [.. run.HostInputs.Where(input => input.Kind == HostInputKind.Content).Select(input => $"{input.Path} ({input.Hash[..HashLetters]}...)")];
        if (files.Length > 0)
            yield return $"Read from this computer, with the SHA-256 of each: {string.Join(", ", files)}.";
    }

    private static void AppendBlock(StringBuilder text, string heading, string content)
    {
        if (content.Length == 0)
            return;
        text.Append(heading).Append(":\n");
        foreach (string line in content.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
            text.Append("  ").Append(line).Append('\n');
    }
}
