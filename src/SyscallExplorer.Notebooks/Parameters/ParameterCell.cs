using System.Text.Json.Nodes;
using Microsoft.CodeAnalysis.CSharp;

namespace SyscallExplorer.Notebooks;

/// <summary>Puts the user's values into a notebook: a cell of assignments after the one tagged <c>parameters</c>.</summary>
internal static class ParameterCell
{
    private const string DeclaringTag = "parameters";
    private const string InjectedTag = "injected-parameters";

    /// <returns>The cells to run.</returns>
    /// <exception cref="NotebookException">The notebook declares no such parameter, or not of that type.</exception>
    internal static IReadOnlyList<NotebookCell> Inject(Notebook notebook, IReadOnlyList<KeyValuePair<string, string>> values)
    {
        if (values.Count == 0)
            return notebook.Cells;
        foreach (string name in values.Select(v => v.Key).Where(n => !SyntaxFacts.IsValidIdentifier(n)))
            throw new NotebookException($"'{name}' cannot be the name of a parameter: it is not a C# name.", NotebookFault.Request);
        List<NotebookCell> cells = [.. notebook.Cells.Where(c => !c.Tags.Contains(InjectedTag))];
        int declaring = cells.FindIndex(c => c.IsCode && c.Tags.Contains(DeclaringTag));
        DeclaredParameter[]? declared = declaring < 0 ? null : DeclaredParameter.ReadAll(cells[declaring].Source);
        IEnumerable<string> lines = values.Select(v => Assignment(notebook, declared, v.Key, v.Value));
        cells.Insert(declaring + 1, Cell("// Parameters\n" + string.Join('\n', lines)));
        return cells;
    }

    private static string Assignment(Notebook notebook, DeclaredParameter[]? declared, string name, string value)
    {
        if (declared is null)
            return $"var {name} = {ParameterLiteral.Infer(value)};";
        DeclaredParameter parameter = declared.FirstOrDefault(d => d.Name == name) ?? throw Unknown(notebook, declared, name);
        string literal = parameter.Literal(value)
            ?? throw new NotebookException($"The parameter '{name}' of {notebook.Path} is of type {parameter.Type}; '{value}' is not.", NotebookFault.Request);
        // Assigning, not declaring anew: what the parameters cell computes later from the variable by a function sees the new value.
        return parameter.IsConstant ? $"const {parameter.Type} {name} = {literal};" : $"{name} = {literal};";
    }

    private static NotebookException Unknown(Notebook notebook, DeclaredParameter[] declared, string name)
    {
        string near = NearestName.Find(name, declared.Select(d => d.Name)) is { } n ? $" Did you mean '{n}'?" : "";
        string known = declared.Length > 0 ? $" It has {string.Join(", ", declared.Select(d => d.Name).Order(StringComparer.Ordinal))}." : " Its parameters cell declares none.";
        return new NotebookException($"{notebook.Path} has no parameter '{name}'.{near}{known}", NotebookFault.Request);
    }

    private static NotebookCell Cell(string source) => new(new JsonObject
    {
        ["cell_type"] = "code",
        ["execution_count"] = null,
        ["id"] = InjectedTag,
        ["metadata"] = new JsonObject
        {
            ["dotnet_interactive"] = new JsonObject { ["language"] = "csharp" },
            ["polyglot_notebook"] = new JsonObject { ["kernelName"] = "csharp" },
            ["tags"] = new JsonArray(InjectedTag),
        },
        ["outputs"] = new JsonArray(),
        ["source"] = MultilineText.Write(source),
    }, position: 0, codePosition: 0);
}
