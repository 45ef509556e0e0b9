using System.Text.Json.Nodes;

namespace SyscallExplorer.Notebooks;

/// <summary>One cell of a notebook, as the file has it.</summary>
public sealed class NotebookCell
{
    private readonly JsonObject _json;

    internal NotebookCell(JsonObject json, int position, int codePosition)
    {
        _json = json;
        Position = position;
        CodePosition = codePosition;
        Type = (string?)json["cell_type"] ?? "";
        Id = (string?)json["id"] ?? "";
        Source = MultilineText.Read(json["source"]);
        Tags = ReadTags(json);
        Language = ReadLanguage(json);
    }

    /// <summary>The number of the cell among all cells of the source notebook, from 1; 0 for a cell that the host has put in.</summary>
    public int Position { get; }

    /// <summary>The number of the cell among the code cells of the source notebook, from 1; 0 where there is none.</summary>
    public int CodePosition { get; }

    /// <summary><c>code</c>, <c>markdown</c> or <c>raw</c>.</summary>
    public string Type { get; }

    /// <summary>The identifier of the cell in the file.</summary>
    public string Id { get; }

    /// <summary>The text of the cell.</summary>
    public string Source { get; }

    /// <summary>The tags in the cell's metadata.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>The language that polyglot metadata gives the cell, or null.</summary>
    public string? Language { get; }

    /// <summary>Whether the cell is code.</summary>
    public bool IsCode => Type == "code";

    /// <summary>The cell as a message names it: its number among all cells and, where that differs, among the code cells.</summary>
    public string Label => Position == 0 ? "the injected parameters"
        : CodePosition == 0 || CodePosition == Position ? $"cell {Position}"
        : $"cell {Position} (code cell {CodePosition})";

    /// <summary>Pictures that the file attaches to the cell: name, media type, Base64 text.</summary>
    internal IEnumerable<(string Name, string MediaType, string Base64)> Attachments()
    {
        if (_json["attachments"] is not JsonObject attachments)
            yield break;
        foreach ((string name, JsonNode? bundle) in attachments)
            if (bundle is JsonObject media)
                foreach ((string mediaType, JsonNode? data) in media)
                    yield return (name, mediaType, MultilineText.Read(data));
    }

    internal JsonObject Json => _json;

    private static string[] ReadTags(JsonObject json) =>
        json["metadata"]?["tags"] is JsonArray tags
            ? [.. tags.Where(t => t is JsonValue v && v.TryGetValue(out string? _)).Select(t => (string)t!)]
            : [];

    private static string? ReadLanguage(JsonObject json)
    {
        var metadata = json["metadata"] as JsonObject;
        return Text(metadata?["polyglot_notebook"], "kernelName")
            ?? Text(metadata?["dotnet_interactive"], "language")
            ?? Text(metadata?["vscode"], "languageId");
    }

    private static string? Text(JsonNode? node, string key) =>
        node is JsonObject o && o[key] is JsonValue v && v.TryGetValue(out string? text) ? text : null;
}
