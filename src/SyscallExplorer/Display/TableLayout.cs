using System.Text;

namespace SyscallExplorer;

/// <summary>A column of a table.</summary>
/// <param name="Heading">Its heading.</param>
/// <param name="IsNumber">Whether it stands to the right.</param>
internal sealed record LayoutColumn(string Heading, bool IsNumber = false);

/// <summary>A row of a table.</summary>
/// <param name="Cells">A text for each column.</param>
/// <param name="IsTotal">Whether it sums up those above.</param>
/// <param name="Colour">Of the square before its first cell, or null.</param>
internal sealed record LayoutRow(IReadOnlyList<string> Cells, bool IsTotal = false, string? Colour = null);

/// <summary>A table before it is text or HTML.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Columns">Its columns; the first one says what a row is about.</param>
/// <param name="Rows">Its rows.</param>
internal sealed record TableLayout(string Title, IReadOnlyList<LayoutColumn> Columns, IReadOnlyList<LayoutRow> Rows)
{
    public string ToText()
    {
        int[] widths = [.. Columns.Select((column, index) => Rows.Select(row => row.Cells[index].Length).Append(column.Heading.Length).Max())];
        var text = new StringBuilder(Title).Append("\n\n");
        AppendLine(text, [.. Columns.Select(column => column.Heading)], widths);
        text.Append('-', widths.Sum() + 2 * (widths.Length - 1)).Append('\n');
        foreach (LayoutRow row in Rows)
            AppendLine(text, row.Cells, widths);
        return text.ToString();
    }

    public string ToHtml(string? tableClass = null)
    {
        string kind = tableClass is null ? "" : $" class=\"{tableClass}\"";
        var html = new StringBuilder($"<table{kind}><caption>{Text.Html(Title)}</caption>\n<thead><tr>");
        foreach (LayoutColumn column in Columns)
            html.Append($"<th scope=\"col\"{Numeric(column)}>{Text.Html(column.Heading)}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (LayoutRow row in Rows)
        {
            html.Append(row.IsTotal ? "<tr class=\"total\">" : "<tr>");
            for (int column = 0; column < Columns.Count; column++)
            {
                string cell = Text.Html(row.Cells[column]);
                html.Append(column == 0 ? $"<th scope=\"row\">{Css.Chip(row.Colour)}{cell}</th>" : $"<td{Numeric(Columns[column])}>{cell}</td>");
            }

            html.Append("</tr>\n");
        }

        return html.Append("</tbody></table>\n").ToString();
    }

    private static string Numeric(LayoutColumn column) => column.IsNumber ? " class=\"num\"" : "";

    private void AppendLine(StringBuilder text, IReadOnlyList<string> cells, int[] widths)
    {
        IEnumerable<string> padded = cells.Select((cell, column) => Columns[column].IsNumber ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
        text.Append(string.Join("  ", padded).TrimEnd()).Append('\n');
    }
}
