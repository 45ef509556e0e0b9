using System.Text.RegularExpressions;
using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace SyscallExplorer.Notebooks;

/// <summary>A heading of the report.</summary>
internal sealed record Heading(int Level, string Id, string Text);

/// <summary>Draws the Markdown of one report; pictures go into the page, and headings get one name each.</summary>
internal sealed partial class MarkdownRenderer(string folder)
{
    private static readonly MarkdownPipeline s_pipeline = new MarkdownPipelineBuilder().UseAdvancedExtensions().UseAutoIdentifiers().Build();

    private readonly HashSet<string> _ids = [];

    internal List<Heading> Headings { get; } = [];

    internal string ToHtml(string markdown, NotebookCell? cell = null)
    {
        MarkdownDocument document = Markdown.Parse(markdown, s_pipeline);
        foreach (HeadingBlock heading in document.Descendants<HeadingBlock>())
            Name(heading);
        foreach (LinkInline link in document.Descendants<LinkInline>().Where(l => l.IsImage))
            link.Url = Embed(link.Url, cell) ?? link.Url;
        foreach (FencedCodeBlock block in document.Descendants<FencedCodeBlock>().ToArray())
            Highlight(block);
        return document.ToHtml(s_pipeline);
    }

    private void Name(HeadingBlock heading)
    {
        string text = string.Concat(heading.Inline?.Descendants<LeafInline>().Select(i => i is LiteralInline l ? l.Content.ToString() : i is CodeInline c ? c.Content : "") ?? []);
        // The prefix keeps a heading from taking the name that a figure has on the same page.
        string stem = "section-" + NotName().Replace(text.ToLowerInvariant(), "-").Trim('-');
        string id = stem;
        for (int n = 2; !_ids.Add(id); n++)
            id = $"{stem}-{n}";
        heading.GetAttributes().Id = id;
        Headings.Add(new Heading(heading.Level, id, text));
    }

    private static void Highlight(FencedCodeBlock block)
    {
        if (block.Info is not ("csharp" or "cs" or "c#") || block.Parent is not { } parent)
            return;
        var html = new HtmlBlock(null!) { Lines = new Markdig.Helpers.StringLineGroup($"<pre><code>{CSharpHighlighter.ToHtml(block.Lines.ToString())}</code></pre>") };
        int index = parent.IndexOf(block);
        parent.RemoveAt(index);
        parent.Insert(index, html);
    }

    /// <returns>The picture as a data address when it is attached to the cell or lies beside the notebook.</returns>
    private string? Embed(string? url, NotebookCell? cell)
    {
        if (string.IsNullOrEmpty(url))
            return null;
        if (url.StartsWith("attachment:", StringComparison.Ordinal))
        {
            string name = Uri.UnescapeDataString(url["attachment:".Length..]);
            return cell?.Attachments().Where(a => a.Name == name).Select(a => $"data:{a.MediaType};base64,{a.Base64.ReplaceLineEndings("")}").FirstOrDefault();
        }
        if (url.Contains(':', StringComparison.Ordinal) || MediaTypeOf(url) is not { } mediaType)
            return null;
        string file = Path.GetFullPath(Path.Combine(folder, Uri.UnescapeDataString(url)));
        return File.Exists(file) ? $"data:{mediaType};base64,{Convert.ToBase64String(File.ReadAllBytes(file))}" : null;
    }

    private static string? MediaTypeOf(string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".png" => "image/png",
        ".jpg" or ".jpeg" => "image/jpeg",
        ".gif" => "image/gif",
        ".svg" => "image/svg+xml",
        ".webp" => "image/webp",
        _ => null,
    };

    [GeneratedRegex(@"[^\p{L}\p{Nd}]+")]
    private static partial Regex NotName();
}
