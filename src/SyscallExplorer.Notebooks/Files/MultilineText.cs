using System.Text.Json.Nodes;

namespace SyscallExplorer.Notebooks;

/// <summary>Text as nbformat stores it: one string, or a list of lines that keep their line ends.</summary>
internal static class MultilineText
{
    internal static string Read(JsonNode? node) => node switch
    {
        JsonArray lines => string.Concat(lines.Select(Read)),
        JsonValue value when value.TryGetValue(out string? text) => text,
        _ => "",
    };

    internal static JsonArray Write(string text)
    {
        var lines = new JsonArray();
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start);
            int next = end < 0 ? text.Length : end + 1;
            lines.Add(JsonValue.Create(text[start..next]));
            start = next;
        }
        return lines;
    }
}
