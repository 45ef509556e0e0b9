using System.Net;
using System.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>Draws a table as HTML.</summary>
internal static class HtmlTable
{
    internal static string Write(Table table, int depth)
    {
        var html = new StringBuilder("<table>");
        if (table.Columns.Count > 0)
        {
            html.Append("<thead><tr>");
            foreach (string column in table.Columns)
                html.Append("<th>").Append(WebUtility.HtmlEncode(column)).Append("</th>");
            html.Append("</tr></thead>");
        }
        html.Append("<tbody>");
        foreach (IReadOnlyList<object?> row in table.Rows)
        {
            html.Append("<tr>");
            foreach (object? value in row)
                html.Append(Scalar.IsNumber(value) ? "<td style=\"text-align:right\">" : "<td>").Append(Formatter.Html(value, depth + 1)).Append("</td>");
            html.Append("</tr>");
        }
        html.Append("</tbody></table>");
        if (table.Note is not null)
            html.Append("<p><em>").Append(WebUtility.HtmlEncode(table.Note)).Append("</em></p>");
        return html.ToString();
    }
}
