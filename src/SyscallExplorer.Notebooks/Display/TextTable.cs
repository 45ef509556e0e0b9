using System.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>Draws a table as text in columns.</summary>
internal static class TextTable
{
    internal static string Write(Table table)
    {
        string[][] rows = [.. table.Rows.Select(r => r.Select(Formatter.Line).ToArray())];
        bool hasHead = table.Columns.Count > 0;
        int columns = hasHead ? table.Columns.Count : 1;
        int[] widths = [.. Enumerable.Range(0, columns).Select(c => rows.Select(r => r[c].Length).Append(hasHead ? table.Columns[c].Length : 0).Max())];
        bool[] right = [.. Enumerable.Range(0, columns).Select(c => table.Rows.Count > 0 && table.Rows.All(r => Scalar.IsNumber(r[c])))];
        var text = new StringBuilder();
        if (hasHead)
        {
            Append(text, [.. table.Columns], widths, right);
            Append(text, [.. widths.Select(w => new string('-', w))], widths, right);
        }
        foreach (string[] row in rows)
            Append(text, row, widths, right);
        if (table.Note is not null)
            text.Append("... ").Append(table.Note).Append('\n');
        return text.ToString().TrimEnd('\n');
    }

    private static void Append(StringBuilder text, string[] row, int[] widths, bool[] right)
    {
        for (int i = 0; i < row.Length; i++)
        {
            string cell = right[i] ? row[i].PadLeft(widths[i]) : i == row.Length - 1 ? row[i] : row[i].PadRight(widths[i]);
            text.Append(i > 0 ? "  " : "").Append(cell);
        }
        text.Append('\n');
    }
}
