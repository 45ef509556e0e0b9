using System.Globalization;
using System.Net;
using System.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>What the write-up rests on.</summary>
internal static class Foot
{
    internal static string Of(NotebookRun run)
    {
        var html = new StringBuilder();
        html.Append("<footer id=\"inputs\"><h2>What this write-up rests on</h2>\n<dl>");
        Line("Notebook", run.Notebook.FileName);
        Line("Made by", $"sysx {BuiltInLibrary.HostVersion}");
        Line("Library", $"SyscallExplorer {BuiltInLibrary.Version}");
        Line("Charts", Plotly.Version is { } version ? $"plotly.js {version}, inside this page" : "plotly.js from the network");
        Line("Parameters", run.Options.Parameters.Count == 0 ? "the notebook's own" : string.Join(", ", run.Options.Parameters.Select(p => $"{p.Key} = {p.Value}")));
        foreach (SourceUsed source in run.Sources)
            Line(source.What == "package" ? "Package" : source.What == "library" ? "Library file" : "Script file", $"{source.Name} {source.Detail}");
        if (run.Options.Timestamps && run.Cells.Select(c => c.Ended).LastOrDefault(t => t is not null) is { } ended)
            Line("Made at", ended.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        html.Append($"<dt>Hash of all inputs</dt><dd><code class=\"hash\">{run.InputsHash}</code></dd></dl>\n");
        AppendLabs(html, run.Labs);
        return html.Append("</footer>\n").ToString();

        void Line(string name, string value) => html.Append($"<dt>{WebUtility.HtmlEncode(name)}</dt><dd>{WebUtility.HtmlEncode(value)}</dd>\n");
    }

    private static void AppendLabs(StringBuilder html, IReadOnlyList<LabInputs> labs)
    {
        if (labs.Count == 0)
            return;
        html.Append("<div class=\"scroll\"><table class=\"labs\"><caption>The labs</caption><thead><tr><th>Kernel</th><th>CPU</th><th>Options</th><th>Seed</th><th>Timing</th><th>Library</th><th>Hash</th></tr></thead><tbody>");
        foreach (LabInputs lab in labs)
        {
            string[] cells = [lab.Kernel, lab.Cpu, lab.CommandLine.Length > 0 ? lab.CommandLine : "none", lab.Seed.ToString(CultureInfo.InvariantCulture), lab.TimingDepth, lab.LibraryVersion];
            html.Append("<tr>");
            foreach (string cell in cells)
                html.Append("<td>").Append(WebUtility.HtmlEncode(cell)).Append("</td>");
            html.Append("<td><code class=\"hash\">").Append(WebUtility.HtmlEncode(lab.Hash)).Append("</code></td></tr>");
        }
        html.Append("</tbody></table></div>\n");
    }
}
