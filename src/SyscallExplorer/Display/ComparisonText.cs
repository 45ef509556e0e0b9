using System.Text;

namespace SyscallExplorer;

/// <summary>A comparison as plain text, for a terminal of 100 columns.</summary>
internal static class ComparisonText
{
    private const int TerminalWidth = 100;
    private const int LeastColumn = 8;

    public static string Write(Comparison comparison)
    {
        ComparisonTable table = ComparisonTable.Of(comparison);
        int heading = table.Rows.Max(row => row.Heading.Length);
        int[] widths = [.. table.Paths.Select((label, column) => Math.Max(ColumnWidth(label), table.Rows.Max(row => row.Cells[column].Length)))];
        int all = heading + widths.Sum(width => width + 2);

        var text = new StringBuilder();
        AppendWrapped(text, table.Title, "");
        text.Append('\n');
        AppendLabels(text, table.Paths, heading, widths);
        ComparisonRowKind? last = null;
        foreach (ComparisonRow row in table.Rows)
        {
            if (last != row.Kind)
                text.Append('-', all).Append('\n');
            last = row.Kind;
            text.Append(row.Heading.PadRight(heading));
            for (int column = 0; column < widths.Length; column++)
                text.Append("  ").Append(row.Cells[column].PadLeft(widths[column]));
            text.Append('\n');
        }

        foreach (string note in table.Notes)
            AppendWrapped(text.Append('\n'), note, "  ");
        return text.ToString();
    }

    /// <summary>A label of several words may stand on several lines.</summary>
    private static int ColumnWidth(string label) => Math.Max(LeastColumn, Text.Wrap(label, LeastColumn).Max(line => line.Length));

    private static void AppendLabels(StringBuilder text, IReadOnlyList<string> labels, int heading, int[] widths)
    {
        string[][] lines = [.. labels.Select((label, column) => Text.Wrap(label, widths[column]).ToArray())];
        int height = lines.Max(label => label.Length);
        for (int line = 0; line < height; line++)
        {
            text.Append((line == height - 1 ? "phase" : "").PadRight(heading));
            for (int column = 0; column < lines.Length; column++)
            {
                int own = line - (height - lines[column].Length);
                text.Append("  ").Append((own >= 0 ? lines[column][own] : "").PadLeft(widths[column]));
            }

            text.Append('\n');
        }
    }

    private static void AppendWrapped(StringBuilder text, string sentence, string indent)
    {
        bool isFirst = true;
        foreach (string line in Text.Wrap(sentence, TerminalWidth - indent.Length))
        {
            text.Append(isFirst ? "" : indent).Append(line).Append('\n');
            isFirst = false;
        }
    }
}
