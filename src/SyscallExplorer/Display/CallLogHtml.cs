namespace SyscallExplorer;

/// <summary>System calls as strace's lines, in a frame that scrolls.</summary>
internal static class CallLogHtml
{
    public static string Write(CallLog log)
    {
        string title = Text.Html($"{log.Program} on {InputsLine.Of(log.Inputs)}: {log.Lines.Count} lines of strace{(log.IsComplete ? "" : ", the beginning of all")}");
        return Css.Wrap($"<p><strong>{title}</strong></p>\n{Css.Frame(title, $"<pre>{Text.Html(log.Text)}</pre>")}");
    }
}
