using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>The notebooks as files: they open in .NET Interactive, and nothing in them was pasted.</summary>
public sealed class NotebookFileTests
{
    public static TheoryData<string> Notebooks => [.. Directory.EnumerateFiles(Folder(), "*.ipynb").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Notebooks))]
    public void A_notebook_is_of_nbformat_4_5_for_the_csharp_kernel(string name)
    {
        JsonElement notebook = Read(name);
        Assert.Equal((4, 5), (notebook.GetProperty("nbformat").GetInt32(), notebook.GetProperty("nbformat_minor").GetInt32()));
        JsonElement metadata = notebook.GetProperty("metadata");
        Assert.Equal(".net-csharp", metadata.GetProperty("kernelspec").GetProperty("name").GetString());
        Assert.Equal("C#", metadata.GetProperty("language_info").GetProperty("name").GetString());
        string[] names = [.. notebook.GetProperty("cells").EnumerateArray().Select(cell => cell.GetProperty("id").GetString()!)];
        Assert.Equal(names.Distinct(), names);
        Assert.All(names, id => Assert.Matches(new Regex("^[a-zA-Z0-9_-]{1,64}$"), id));
    }

    [Theory]
    [MemberData(nameof(Notebooks))]
    public void A_code_cell_names_its_kernel_and_has_no_outputs(string name)
    {
        foreach (JsonElement cell in Read(name).GetProperty("cells").EnumerateArray().Where(cell => cell.GetProperty("cell_type").GetString() == "code"))
        {
            Assert.Equal("csharp", cell.GetProperty("metadata").GetProperty("polyglot_notebook").GetProperty("kernelName").GetString());
            Assert.Equal("csharp", cell.GetProperty("metadata").GetProperty("dotnet_interactive").GetProperty("language").GetString());
            Assert.Equal(0, cell.GetProperty("outputs").GetArrayLength());
            Assert.Equal(JsonValueKind.Null, cell.GetProperty("execution_count").ValueKind);
        }
    }

    private static JsonElement Read(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(), name))).RootElement;

    private static string Folder() => Path.Combine(Repository.Root, "notebooks");
}
