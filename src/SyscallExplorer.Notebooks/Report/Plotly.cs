using System.Text.Json.Nodes;

namespace SyscallExplorer.Notebooks;

/// <summary>The chart library, when the build could embed it.</summary>
public static class Plotly
{
    private static readonly Lazy<string?> s_script = new(() => EmbeddedText.Find("plotly.min.js"));

    /// <summary>The version that reports carry, or null when their charts need the network.</summary>
    public static string? Version { get; } = EmbeddedText.Find("plotly.package.json") is { } json ? (string?)JsonNode.Parse(json)!["version"] : null;

    /// <summary>The library as the content of a script element, or null.</summary>
    internal static string? Script => s_script.Value?.Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a piece of HTML draws with the library.</summary>
    internal static bool IsNeededBy(string html) =>
        html.Contains("Plotly.", StringComparison.Ordinal) || html.Contains("sysx-figure", StringComparison.Ordinal);
}
