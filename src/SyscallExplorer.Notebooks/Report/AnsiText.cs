using System.Net;
using System.Text.RegularExpressions;

namespace SyscallExplorer.Notebooks;

/// <summary>Text of a console for a page: quoted, without the terminal's colour codes.</summary>
internal static partial class AnsiText
{
    internal static string ToHtml(string text) => WebUtility.HtmlEncode(Escape().Replace(text, ""));

    [GeneratedRegex("\u001b\\[[0-9;?]*[ -/]*[@-~]")]
    private static partial Regex Escape();
}
