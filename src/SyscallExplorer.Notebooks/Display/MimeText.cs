namespace SyscallExplorer.Notebooks;

/// <summary>A value drawn in one media type.</summary>
/// <param name="MediaType">For example <c>text/html</c>.</param>
/// <param name="Text">The value in that type.</param>
public sealed record MimeText(string MediaType, string Text);

/// <summary>The media types that the host itself writes.</summary>
internal static class MediaTypes
{
    internal const string Html = "text/html";
    internal const string Plain = "text/plain";
    internal const string Markdown = "text/markdown";
    internal const string Svg = "image/svg+xml";
}
