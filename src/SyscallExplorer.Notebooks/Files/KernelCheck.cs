using System.Text.Json.Nodes;

namespace SyscallExplorer.Notebooks;

/// <summary>Refuses a notebook whose language is not C#.</summary>
internal static class KernelCheck
{
    private static readonly HashSet<string> s_csharp = new(StringComparer.OrdinalIgnoreCase) { "c#", "csharp", ".net-csharp", "polyglot-notebook" };

    internal static void Check(Notebook notebook)
    {
        string? kernel = Text(notebook, "kernelspec", "name");
        string? language = Text(notebook, "kernelspec", "language") ?? Text(notebook, "language_info", "name");
        if (kernel is null && language is null || IsCSharp(kernel) || language is not null && IsCSharp(language) && !IsOtherDotNet(kernel))
            return;
        throw new NotebookException($"{notebook.Path} is a notebook for '{kernel ?? language}'; sysx runs C# notebooks, " +
            "whose kernelspec is named '.net-csharp' with the language 'C#'.");
    }

    internal static bool IsCSharp(string? name) => name is not null && s_csharp.Contains(name);

    private static bool IsOtherDotNet(string? kernel) => kernel is not null && kernel.StartsWith(".net-", StringComparison.OrdinalIgnoreCase) && !IsCSharp(kernel);

    private static string? Text(Notebook notebook, string section, string key) =>
        notebook.Json["metadata"] is JsonObject m && m[section] is JsonObject o && o[key] is JsonValue v && v.TryGetValue(out string? s) ? s : null;
}
