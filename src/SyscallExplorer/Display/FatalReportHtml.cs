using System.Text;
using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>The report of a fatal exception as HTML: the sentence, the code around, the registers.</summary>
internal static class FatalReportHtml
{
    public static string Write(FatalReport report) => Css.Wrap(Body(report));

    public static string Body(FatalReport report)
    {
        var html = new StringBuilder($"<p><strong>{Text.Html(report.Title)}</strong></p>\n<div class=\"beside\">\n<table class=\"mono\">\n<tbody>\n");
        foreach (ReportLine line in report.Disassembly)
        {
            string mark = line.IsCurrent ? " class=\"current\"" : "";
            html.Append($"<tr{mark}><td>{Text.Hex(line.Address)}</td><td>{Text.Html(line.Text)}</td></tr>\n");
        }

        return html.Append("</tbody></table>\n").Append(PtRegsHtml.Write("registers", report.Registers)).Append("</div>\n").ToString();
    }
}
