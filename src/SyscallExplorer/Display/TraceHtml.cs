using System.Text;
using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>A trace as a scrolling HTML table that marks each change of ring, CR3, GS base and RSP, with <c>pt_regs</c> beside it.</summary>
internal static class TraceHtml
{
    public static string Write(Trace trace)
    {
        string title = Text.Html(TraceColumns.Title(trace));
        var html = new StringBuilder($"<p><strong>{title}</strong></p>\n<div class=\"beside\">\n");
        html.Append($"<div class=\"frame\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table class=\"mono\">\n<thead><tr>");
        foreach (TraceColumn column in TraceColumns.All)
            html.Append($"<th scope=\"col\"{Class(column, isChanged: false)}>{Text.Html(column.Heading)}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        TraceStep? last = null;
        foreach (TraceStep step in trace.Steps)
        {
            html.Append("<tr>");
            foreach (TraceColumn column in TraceColumns.All)
            {
                string cell = column.Cell(step);
                bool isChanged = column.IsState && last is not null && column.Cell(last) != cell;
                string chip = column.Heading == "phase" ? Css.Chip(step.Phase) : "";
                html.Append($"<td{Class(column, isChanged)}>{chip}{Text.Html(cell)}</td>");
            }

            html.Append("</tr>\n");
            last = step;
        }

        html.Append("</tbody></table></div>\n");
        if (trace.PtRegs is { } registers)
            html.Append(PtRegsHtml.Write(TraceColumns.PtRegsTitle(registers), registers));
        return Css.Wrap(html.Append("</div>\n").ToString());
    }

    private static string Class(TraceColumn column, bool isChanged)
    {
        string names = string.Join(' ', new[] { column.IsNumber ? "num" : "", isChanged ? "changed" : "" }.Where(name => name.Length > 0));
        return names.Length > 0 ? $" class=\"{names}\"" : "";
    }
}

/// <summary><c>pt_regs</c> as an HTML table.</summary>
internal static class PtRegsHtml
{
    public static string Write(string title, PtRegs registers)
    {
        var html = new StringBuilder($"<table class=\"mono\"><caption>{Text.Html(title)}</caption>\n");
        html.Append("<thead><tr><th scope=\"col\">field</th><th scope=\"col\" class=\"num\">offset</th><th scope=\"col\">value</th></tr></thead>\n<tbody>\n");
        foreach ((string name, int offset, ulong value) in registers.Fields)
            html.Append($"<tr><th scope=\"row\">{name}</th><td class=\"num\">{offset}</td><td>{Text.Hex(value)}</td></tr>\n");
        return html.Append("</tbody></table>\n").ToString();
    }
}
