using System.Text.Json.Nodes;
using Xunit;

namespace SyscallExplorer.Cli.Tests;

public sealed class CommandTests : IDisposable
{
    private const string Head = "{\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{\"kernelspec\":{\"name\":\".net-csharp\",\"language\":\"C#\"}},\"cells\":[";

    private readonly string _folder = Directory.CreateTempSubdirectory("sysx-cli-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_run_prints_what_is_to_be_shown_then_the_paths_of_both_files()
    {
        string notebook = Write("lab.ipynb", Cell("var rows = new[] { new { Path = \"SYSCALL\", Cycles = n } };", ""), Cell("rows", "show"));
        Result run = await Sysx.RunAsync("run", notebook, "--out", Out, "-p", "n=5");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal($"Path     Cycles\n-------  ------\nSYSCALL       5\n\n{Out}/lab.ipynb\n{Out}/lab.html\n", run.Output.ReplaceLineEndings("\n").Replace('\\', '/'));
        Assert.Contains("lab.ipynb: cell 1 (1 of 3 code cells done)", run.Error);
        Assert.Contains("SYSCALL", await File.ReadAllTextAsync(Path.Combine(Out, "lab.html")));
        Assert.Equal(3, JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Out, "lab.ipynb")))!["cells"]!.AsArray().Count);
    }

    [Fact]
    public async Task Without_html_only_the_notebook_is_written()
    {
        Result run = await Sysx.RunAsync("run", Write("lab.ipynb", Cell("1", "")), "--out", Out, "--no-html");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(["lab.ipynb"], Directory.GetFiles(Out).Select(f => Path.GetFileName(f)));
    }

    [Fact]
    public async Task A_failing_cell_gives_1_and_what_ran_before_is_written()
    {
        string bad = Write("bad.ipynb", Cell("6 * 7", ""), Cell("throw new Exception(\"oops\");", ""));
        string good = Write("good.ipynb", Cell("1", ""));
        Result run = await Sysx.RunAsync("run", bad, good, "--out", Out);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"sysx: {bad}, cell 2, line 1: System.Exception: oops", run.Error);
        Assert.Contains("42", await File.ReadAllTextAsync(Path.Combine(Out, "bad.html")));
        Assert.True(File.Exists(Path.Combine(Out, "good.ipynb")));
    }

    [Fact]
    public async Task An_endless_cell_gives_1()
    {
        Result run = await Sysx.RunAsync("run", Write("lab.ipynb", Cell("while (true) ;", "")), "--out", Out, "--cell-timeout", "1.5");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("cell 1: the cell ran longer than 1.5 seconds", run.Error);
    }

    [Theory]
    [InlineData("this is no JSON", "is not JSON")]
    [InlineData("{\"nbformat\":3,\"nbformat_minor\":0,\"worksheets\":[]}", "has notebook format 3")]
    public async Task A_broken_notebook_gives_1_and_a_sentence(string text, string reason)
    {
        string file = Path.Combine(_folder, "broken.ipynb");
        await File.WriteAllTextAsync(file, text);
        Result run = await Sysx.RunAsync("run", file, "--out", Out);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(reason, run.Error);
        Assert.DoesNotContain("   at ", run.Error);
    }

    public static TheoryData<string[], string> WrongCommandLines => new()
    {
        { ["run", "missing.ipynb", "--out", "OUT"], "There is no notebook 'missing.ipynb'." },
        { ["run", "LAB"], "Option '--out' is required." },
        { ["run", "--out", "OUT"], "Required argument missing for command: 'run'." },
        { ["run", "LAB", "--out", "OUT", "--cell-timeout", "soon"], "'soon' is not a time limit" },
        { ["run", "LAB", "--out", "OUT", "-p", "novalue"], "write -p name=value" },
        { ["run", "LAB", "--out", "OUT", "-p", "rond=1"], "has no parameter 'rond'. Did you mean 'rounds'?" },
        { ["run", "LAB", "LAB", "--out", "OUT"], "would both be written to 'lab.ipynb'" },
        { ["run", "LAB", "--out", "FOLDER"], "would overwrite" },
        { ["run", "LAB", "--out", "LAB"], "is a file; --out takes a folder" },
        { ["run", "FOLDER", "--out", "OUT"], "is a folder; name a notebook file in it" },
        { ["fly"], "'fly'" },
    };

    [Theory]
    [MemberData(nameof(WrongCommandLines))]
    public async Task A_wrong_command_line_gives_2_and_a_sentence(string[] arguments, string reason)
    {
        string lab = Write("lab.ipynb", Cell("int rounds = 1;", "parameters"));
        Result run = await Sysx.RunAsync([.. arguments.Select(a => a switch { "OUT" => Out, "LAB" => lab, "FOLDER" => _folder, _ => a })]);
        Assert.Contains(reason, run.Error);
        Assert.Equal(2, run.ExitCode);
        Assert.DoesNotContain("   at ", run.Error);
    }

    [Fact]
    public async Task Version_and_help_are_told()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+", (await Sysx.RunAsync("--version")).Output);
        Assert.Contains("--cell-timeout", (await Sysx.RunAsync("run", "--help")).Output);
    }

    private string Out => Path.Combine(_folder, "out");

    private string Write(string name, params string[] cells)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllText(file, Head + string.Join(',', cells) + "]}");
        return file;
    }

    private static string Cell(string source, string tag) => new JsonObject
    {
        ["cell_type"] = "code",
        ["execution_count"] = null,
        ["id"] = "a" + source.Length,
        ["metadata"] = new JsonObject { ["tags"] = new JsonArray(tag) },
        ["outputs"] = new JsonArray(),
        ["source"] = source,
    }.ToJsonString();
}
