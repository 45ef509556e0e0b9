using System.Text;

namespace SyscallExplorer;

/// <summary>What became of a program, as HTML.</summary>
internal static class ProgramRunHtml
{
    public static string Write(ProgramRun run) => Css.Wrap(Body(run));

    public static string Body(ProgramRun run)
    {
        var html = new StringBuilder($"<p><strong>{Text.Html(run.Message)}</strong><br>{Text.Html(ProgramRunText.Summary(run))}</p>\n");
        AppendBlock(html, "standard output", run.Output);
        AppendBlock(html, "standard error", run.Error);
        if (run.Unimplemented.Count > 0)
            html.Append($"<p>{Text.Html(ProgramRunText.Unimplemented(run))}</p>\n");
        foreach (string remark in ProgramRunText.Remarks(run))
            html.Append($"<p>{Text.Html(remark)}</p>\n");
        if (run.Fatal is { } report)
            html.Append(FatalReportHtml.Body(report));
        return html.ToString();
    }

    private static void AppendBlock(StringBuilder html, string heading, string content)
    {
        if (content.Length > 0)
            html.Append($"<div>{heading}</div><pre>{Text.Html(content)}</pre>\n");
    }
}
