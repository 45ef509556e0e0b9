using System.Net;
using System.Text.RegularExpressions;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>What a reader sees of a notebook's report.</summary>
internal static class ReportText
{
    /// <summary>The words of the page, with one space between them.</summary>
    internal static string Words(string html)
    {
        string text = Regex.Replace(Regex.Replace(html, @"<(script|style).*?</\1>", "", RegexOptions.Singleline), "<[^>]+>", " ");
        return Regex.Replace(WebUtility.HtmlDecode(text), @"\s+", " ");
    }
}
