using System.Net;
using System.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>Draws what came out of a cell.</summary>
internal sealed class OutputHtml(MarkdownRenderer markdown)
{
    internal string Of(CellOutput output) => output switch
    {
        TextOutput text => $"<pre class=\"stream {text.Stream}\">{AnsiText.ToHtml(text.Text)}</pre>",
        ErrorOutput error => Error(error),
        ValueOutput value => Value(value),
        _ => "",
    };

    private static string Error(ErrorOutput error)
    {
        var lines = new StringBuilder();
        foreach (string line in error.Traceback)
            lines.Append(WebUtility.HtmlEncode(line)).Append('\n');
        return $"<div class=\"error\" role=\"alert\"><strong>{WebUtility.HtmlEncode(error.Name)}</strong><pre>{lines}</pre></div>";
    }

    /// <summary>The richest form that a page can show.</summary>
    private string Value(ValueOutput value)
    {
        if (value.In(MediaTypes.Html) is { } html)
            return $"<div class=\"value\">{html}</div>";
        if (value.In(MediaTypes.Svg) is { } svg)
            return $"<div class=\"value\">{svg}</div>";
        if (value.Bundle.FirstOrDefault(b => b.MediaType is "image/png" or "image/jpeg" or "image/gif") is { } picture)
            return $"<div class=\"value\"><img alt=\"\" src=\"data:{picture.MediaType};base64,{WebUtility.HtmlEncode(picture.Text.ReplaceLineEndings(""))}\"></div>";
        if (value.In(MediaTypes.Markdown) is { } text)
            return $"<div class=\"value prose\">{markdown.ToHtml(text)}</div>";
        return $"<pre class=\"value\">{AnsiText.ToHtml(value.In(MediaTypes.Plain) ?? value.Bundle.FirstOrDefault()?.Text ?? "")}</pre>";
    }
}
