namespace SyscallExplorer;

/// <summary>
/// How the tables look in any notebook. Each output carries its own style, since nobody knows which outputs share a page; the names are the
/// kit's own, and colours follow the page's: Jupyter's, Visual Studio Code's, or those of the system.
/// </summary>
internal static class Css
{
    public const string Style = """
        <style>
        .sysx { font-variant-numeric: tabular-nums; max-width: 100%; }
        .sysx table { border-collapse: collapse; margin: 0 0 .6em; }
        .sysx caption { text-align: left; font-weight: 600; padding: .2em 0 .5em; min-width: min(32em, 90vw); }
        .sysx th, .sysx td { padding: .2em .7em; text-align: left; border: 0; border-bottom: 1px solid rgba(128, 128, 128, .28); background: none; }
        .sysx td.num, .sysx th.num { text-align: right; white-space: nowrap; }
        .sysx tbody th { font-weight: normal; white-space: nowrap; }
        .sysx tr.total > * { font-weight: 700; border-top: 2px solid rgba(128, 128, 128, .6); border-bottom: 2px solid rgba(128, 128, 128, .6); }
        .sysx tr.trust > *, .sysx tr.origin > * { font-size: .92em; opacity: .85; }
        .sysx .chip { display: inline-block; width: .8em; height: .8em; border-radius: .2em; margin-right: .5em; vertical-align: -.05em; }
        .sysx ul { margin: .3em 0 .6em; padding-left: 1.3em; }
        .sysx pre { margin: .3em 0 .8em; overflow-x: auto; }
        .sysx .mono { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .75em; white-space: nowrap; }
        .sysx .mono td, .sysx .mono th { font-size: inherit; font-family: inherit; padding: .15em .55em; }
        .sysx .beside { display: flex; flex-wrap: wrap; gap: 1em; align-items: flex-start; }
        .sysx .frame { max-height: 32em; max-width: 100%; overflow: auto; border: 1px solid rgba(128, 128, 128, .35); border-radius: .4em; }
        .sysx .frame table, .sysx .frame pre { margin: 0; }
        .sysx .frame pre { padding: .5em .7em; overflow: visible; width: max-content; }
        .sysx .frame thead th { position: sticky; top: 0; z-index: 1; white-space: nowrap;
          background: var(--paper, var(--jp-layout-color0, var(--vscode-editor-background, Canvas))); }
        .sysx .changed { background: rgba(224, 160, 40, .28); font-weight: 600; }
        .sysx .current { background: rgba(211, 69, 91, .25); font-weight: 600; }
        </style>
        """;

    /// <summary>A piece of the kit's HTML with its style.</summary>
    public static string Wrap(string html) => $"<div class=\"sysx\">{Style.ReplaceLineEndings("\n")}\n{html}</div>";

    /// <summary>A table of many rows in a frame that scrolls, which the keyboard reaches too.</summary>
    public static string Frame(TableLayout table) => Frame(Text.Html(table.Title), table.ToHtml());

    /// <summary>The same around any HTML, with a title that is HTML too.</summary>
    public static string Frame(string title, string html) => $"<div class=\"frame\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\">{html}</div>\n";

    /// <summary>A small square in a phase's colour.</summary>
    public static string Chip(Linux.Phase phase) => Chip(PhaseColours.Of(phase));

    /// <summary>A small square in a colour; nothing without one.</summary>
    public static string Chip(string? colour) => colour is null ? "" : $"<span class=\"chip\" style=\"background:{colour}\"></span>";
}
