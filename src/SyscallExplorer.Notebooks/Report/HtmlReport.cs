using System.Net;
using System.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>Writes a notebook after its run as one page that needs nothing beside it.</summary>
public static class HtmlReport
{
    private const int LeastHeadingsForContents = 3;

    /// <summary>The page.</summary>
    /// <param name="run">The notebook after its run.</param>
    public static string Write(NotebookRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var markdown = new MarkdownRenderer(run.Notebook.Folder);
        var outputs = new OutputHtml(markdown);
        var body = new StringBuilder();
        foreach (CellRun cell in run.Cells)
            AppendCell(body, cell, markdown, outputs);
        string title = markdown.Headings.FirstOrDefault(h => h.Level == 1)?.Text ?? Path.GetFileNameWithoutExtension(run.Notebook.FileName);
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .Append("<meta name=\"color-scheme\" content=\"light dark\">\n")
            .Append("<meta name=\"generator\" content=\"sysx ").Append(WebUtility.HtmlEncode(BuiltInLibrary.HostVersion)).Append("\">\n")
            .Append("<link rel=\"icon\" href=\"data:,\">\n")
            .Append("<title>").Append(WebUtility.HtmlEncode(title)).Append("</title>\n")
            .Append("<style>\n").Append(EmbeddedText.Get("report.css")).Append("</style>\n");
        if (Plotly.Script is { } plotly && HasCharts(run))
            page.Append("<script>").Append(plotly).Append("</script>\n");
        page.Append("<script>\n").Append(EmbeddedText.Get("report.js")).Append("</script>\n</head>\n<body>\n")
            .Append("<header class=\"bar\"><span>").Append(WebUtility.HtmlEncode(run.Notebook.FileName)).Append("</span>")
            .Append("<button type=\"button\" id=\"theme\" aria-label=\"Switch between light and dark\">Light / dark</button></header>\n<main>\n");
        if (run.Stop is { } failure)
            page.Append("<p class=\"error\" role=\"alert\"><strong>This run stopped early.</strong> ").Append(WebUtility.HtmlEncode(failure)).Append("</p>\n");
        if (!markdown.Headings.Any(h => h.Level == 1))
            page.Append("<h1>").Append(WebUtility.HtmlEncode(title)).Append("</h1>\n");
        int afterTitle = body.ToString().IndexOf("</h1>", StringComparison.Ordinal);
        body.Insert(afterTitle < 0 ? 0 : afterTitle + "</h1>".Length, Contents(markdown.Headings));
        return page.Append(body).Append("</main>\n").Append(Foot.Of(run)).Append("</body>\n</html>\n").ToString();
    }

    /// <summary>Whether the page of a run has charts.</summary>
    /// <param name="run">The notebook after its run.</param>
    public static bool HasCharts(NotebookRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Cells.SelectMany(c => c.Outputs).OfType<ValueOutput>().Any(v => v.In(MediaTypes.Html) is { } html && Plotly.IsNeededBy(html));
    }

    private static string Contents(List<Heading> headings)
    {
        Heading[] sections = [.. headings.Where(h => h.Level == 2)];
        if (sections.Length < LeastHeadingsForContents)
            return "";
        IEnumerable<string> items = sections.Select(s => $"<li><a href=\"#{s.Id}\">{WebUtility.HtmlEncode(s.Text)}</a></li>");
        return $"\n<nav aria-label=\"Contents\"><ol>{string.Concat(items)}</ol></nav>\n";
    }

    private static void AppendCell(StringBuilder body, CellRun cell, MarkdownRenderer markdown, OutputHtml outputs)
    {
        string id = cell.Cell.Position > 0 ? $"cell-{cell.Cell.Position}" : "cell-parameters";
        switch (cell.Cell.Type)
        {
            case "markdown":
                body.Append("<section class=\"prose\" id=\"").Append(id).Append("\">\n").Append(markdown.ToHtml(cell.Cell.Source, cell.Cell)).Append("</section>\n");
                break;
            case "code" when cell.Cell.Source.Length > 0 || cell.Outputs.Count > 0:
                body.Append("<section class=\"cell ").Append(cell.State.ToString().ToLowerInvariant()).Append("\" id=\"").Append(id).Append("\">\n");
                AppendCode(body, cell);
                foreach (CellOutput output in cell.Outputs)
                    body.Append("<div class=\"output scroll\">").Append(outputs.Of(output)).Append("</div>\n");
                body.Append("</section>\n");
                break;
        }
    }

    private static void AppendCode(StringBuilder body, CellRun cell)
    {
        if (cell.Cell.Tags.Contains("remove-input"))
            return;
        bool isFolded = cell.Cell.Tags.Contains("hide-input");
        body.Append(isFolded ? "<details><summary>Code</summary>\n" : "").Append("<div class=\"code\">")
            .Append("<pre tabindex=\"0\"><code>").Append(CSharpHighlighter.ToHtml(cell.Cell.Source.TrimEnd())).Append("</code></pre>")
            .Append("<span class=\"count\" aria-hidden=\"true\">").Append(cell.ExecutionCount is { } n ? $"{n}" : "").Append("</span></div>\n")
            .Append(isFolded ? "</details>\n" : "");
    }
}
