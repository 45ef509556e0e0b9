using System.Text;

namespace SyscallExplorer;

/// <summary>A trace as plain text: one line for each instruction, then <c>pt_regs</c>.</summary>
internal static class TraceText
{
    public static string Write(Trace trace)
    {
        IReadOnlyList<TraceColumn> columns = TraceColumns.All;
        string[][] rows = [[.. columns.Select(column => column.Heading)], .. trace.Steps.Select(step => columns.Select(column => column.Cell(step)).ToArray())];
        int[] widths = [.. columns.Select((_, column) => rows.Max(row => row[column].Length))];

        var text = new StringBuilder(TraceColumns.Title(trace)).Append("\n\n");
        foreach (string[] row in rows)
        {
            IEnumerable<string> cells = row.Select((cell, column) => columns[column].IsNumber ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }

        if (trace.PtRegs is { } registers)
        {
            text.Append('\n').Append(TraceColumns.PtRegsTitle(registers)).Append('\n');
            foreach ((string name, int offset, ulong value) in registers.Fields)
                text.Append($"  +{offset,-4}{name,-8}  {Text.Hex(value)}\n");
        }

        return text.ToString();
    }
}
