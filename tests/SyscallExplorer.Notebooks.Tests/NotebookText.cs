using System.Text.Json.Nodes;

namespace SyscallExplorer.Notebooks.Tests;

/// <summary>Makes the text of notebooks for tests.</summary>
internal static class NotebookText
{
    internal static JsonObject Code(string source, params string[] tags) => new()
    {
        ["cell_type"] = "code",
        ["execution_count"] = null,
        ["id"] = "code-" + Math.Abs(source.Aggregate(17, (h, c) => h * 31 + c)),
        ["metadata"] = tags.Length == 0 ? [] : new JsonObject { ["tags"] = new JsonArray([.. tags.Select(t => JsonValue.Create(t))]) },
        ["outputs"] = new JsonArray(),
        ["source"] = source,
    };

    internal static JsonObject Markdown(string source) => new()
    {
        ["cell_type"] = "markdown",
        ["id"] = "text-" + Math.Abs(source.Aggregate(17, (h, c) => h * 31 + c)),
        ["metadata"] = new JsonObject(),
        ["source"] = source,
    };

    internal static string Of(params JsonObject[] cells) => new JsonObject
    {
        ["cells"] = new JsonArray([.. cells]),
        ["metadata"] = new JsonObject
        {
            ["kernelspec"] = new JsonObject { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" },
            ["language_info"] = new JsonObject { ["name"] = "C#" },
        },
        ["nbformat"] = 4,
        ["nbformat_minor"] = 5,
    }.ToJsonString();
}
