using System.Text;

namespace SyscallExplorer;

/// <summary>A comparison as an HTML table with its differences below.</summary>
internal static class ComparisonHtml
{
    public static string Write(Comparison comparison)
    {
        ComparisonTable table = ComparisonTable.Of(comparison);
        var html = new StringBuilder();
        html.Append($"<table><caption>{Text.Html(table.Title)}</caption>\n<thead><tr><th scope=\"col\">phase</th>");
        foreach (string path in table.Paths)
            html.Append($"<th scope=\"col\" class=\"num\">{Text.Html(path)}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (ComparisonRow row in table.Rows)
        {
            string chip = row.Phase is { } phase ? Css.Chip(phase) : "";
            html.Append($"<tr class=\"{row.Kind.ToString().ToLowerInvariant()}\"><th scope=\"row\">{chip}{Text.Html(row.Heading)}</th>");
            foreach (string cell in row.Cells)
                html.Append($"<td class=\"num\">{Text.Html(cell)}</td>");
            html.Append("</tr>\n");
        }

        html.Append("</tbody></table>\n");
        if (table.Notes.Count > 0)
            html.Append("<ul>\n").Append(string.Concat(table.Notes.Select(note => $"<li>{Text.Html(note)}</li>\n"))).Append("</ul>\n");
        return Css.Wrap(html.ToString());
    }
}
