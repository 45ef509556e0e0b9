using System.Globalization;
using System.Text;
using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>What became of a program, as plain text.</summary>
internal static class ProgramRunText
{
    public static string Write(ProgramRun run)
    {
        var text = new StringBuilder(run.Message).Append('\n');
        text.Append(Summary(run)).Append('\n');
        AppendBlock(text, "standard output", run.Output);
        AppendBlock(text, "standard error", run.Error);
        if (run.Unimplemented.Count > 0)
            text.Append(Unimplemented(run)).Append('\n');
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

    private static void AppendBlock(StringBuilder text, string heading, string content)
    {
        if (content.Length == 0)
            return;
        text.Append(heading).Append(":\n");
        foreach (string line in content.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
            text.Append("  ").Append(line).Append('\n');
    }
}
