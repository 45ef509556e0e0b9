using Xunit;

namespace SyscallExplorer.Notebooks.Tests;

public sealed class RunningTests
{
    [Fact]
    public async Task State_flows_from_cell_to_cell()
    {
        NotebookRun run = await Runs.OfCells(
            "#r \"nuget: SyscallExplorer\"\nusing SyscallExplorer;\nint a = 20; int Twice(int x) => 2 * x; record R(int X);",
            "var b = Twice(a);\nawait Task.Delay(1);",
            "new R(b + 2).X",
            "typeof(LabInputs).Name",
            "a = 1;",
            "Enumerable.Range(1, 3).Sum() + a");
        Assert.Null(run.Failure);
        Assert.Equal(["42"], run.Cells[2].Shown());
        Assert.Equal(["LabInputs"], run.Cells[3].Shown());
        Assert.Empty(run.Cells[4].Outputs);
        Assert.Equal(["7"], run.Cells[5].Shown());
        Assert.Equal([1, 2, 3, 4, 5, 6], run.Cells.Select(c => c.ExecutionCount!.Value));
    }

    [Fact]
    public async Task Text_and_values_come_out_in_the_order_in_which_the_cell_made_them()
    {
        NotebookRun run = await Runs.OfCells(
            "Console.Write(1); Console.Write(\" two \"); Console.WriteLine('3');\ndisplay(4);\nConsole.Error.WriteLine(\"five\");\n(6, \"x\").Display();\n\"# seven\".DisplayAs(\"text/markdown\");\nHTML(\"<i>8</i>\")",
            "string nothing = null;\nnothing",
            "var place = display(\"first\"); place",
            "place.Update(\"second\");");
        Assert.Null(run.Failure);
        Assert.Collection(run.Cells[0].Outputs,
            o => Assert.Equal(("stdout", "1 two 3\n"), (((TextOutput)o).Stream, ((TextOutput)o).Text)),
            o => Assert.Equal("4", ((ValueOutput)o).In("text/plain")),
            o => Assert.Equal(("stderr", "five\n"), (((TextOutput)o).Stream, ((TextOutput)o).Text)),
            o => Assert.Contains("<td>x</td>", ((ValueOutput)o).In("text/html")),
            o => Assert.Equal("# seven", ((ValueOutput)o).In("text/markdown")),
            o => Assert.Equal(("<i>8</i>", true), (((ValueOutput)o).In("text/html"), ((ValueOutput)o).IsResult)));
        Assert.Empty(run.Cells[1].Outputs);
        Assert.Equal(["second"], run.Cells[2].Shown());
        Assert.Empty(run.Cells[3].Outputs);
    }

    [Fact]
    public async Task Markdown_magic_and_time_magic_show_something()
    {
        NotebookRun run = await Runs.OfCells("#!markdown\n# Hello", "#!time\n1");
        Assert.Equal(["# Hello"], run.Cells[0].Shown("text/markdown"));
        Assert.StartsWith("Wall time: ", run.Cells[1].Shown().Last());
    }

    [Fact]
    public async Task What_goes_past_the_console_class_belongs_to_its_cell()
    {
        const string Raw = "Console.OpenStandardOutput().Write(Encoding.UTF8.GetBytes(\"raw text\\n\"));";
        NotebookRun run = await Runs.OfCells(Raw, "1");
        Assert.Null(run.Failure);
        Assert.Equal("raw text\n", run.Cells[0].Text());
        Assert.Equal("", run.Cells[1].Text());
    }

    [Fact]
    public async Task Labs_in_variables_and_in_shown_values_are_collected_once()
    {
        const string Fake = """
            using SyscallExplorer;
            class Fake(string cpu) : IHasInputs { public LabInputs Inputs => new("5.13", cpu, "nopti", 7, "Table", "1.0", "hash-of-" + cpu); }
            var one = new Fake("Skylake");
            var same = new Fake("Skylake");
            """;
        NotebookRun run = await Runs.OfCells(Fake, "new[] { new Fake(\"Zen2\"), one }");
        Assert.Equal(["Skylake", "Zen2"], run.Labs.Select(l => l.Cpu));
        Assert.Contains("hash-of-Zen2", HtmlReport.Write(run));
        Assert.Contains("\"command_line\": \"nopti\"", ExecutedNotebook.Write(run));
    }

    [Fact]
    public async Task Two_runs_write_the_same_bytes()
    {
        string[] cells = ["var d = new Dictionary<string, int> { [\"a\"] = 1 }; d", "Console.WriteLine(d.Count); new { X = 1, Y = \"z\" }", "throw new InvalidOperationException(\"x\");"];
        NotebookRun first = await Runs.OfCells(cells);
        NotebookRun second = await Runs.OfCells(cells);
        Assert.Equal(ExecutedNotebook.Write(first), ExecutedNotebook.Write(second));
        Assert.Equal(HtmlReport.Write(first), HtmlReport.Write(second));
        Assert.DoesNotContain("execute_input", ExecutedNotebook.Write(first));
    }

    [Fact]
    public async Task Time_stamps_come_only_when_asked_for()
    {
        NotebookRun run = await Runs.Of(Runs.Options with { Timestamps = true }, Path.GetTempPath(), NotebookText.Code("1"));
        Assert.Contains("iopub.execute_input", ExecutedNotebook.Write(run));
    }

    [Fact]
    public async Task Cells_run_in_the_folder_of_the_notebook_and_load_files_from_it()
    {
        using var folder = new TemporaryFolder();
        folder.Write("parts/tools.csx", "#load \"more.csx\"\nint Three() => Two() + 1;");
        folder.Write("parts/more.csx", "int Two() => 2;");
        NotebookRun run = await Runs.Of(Runs.Options, folder.Path, NotebookText.Code("#load \"parts/tools.csx\"\nThree()"), NotebookText.Code("File.Exists(\"parts/more.csx\")"));
        Assert.Null(run.Failure);
        Assert.Equal(["3"], run.Cells[0].Shown());
        Assert.Equal(["True"], run.Cells[1].Shown());
        Assert.Contains("parts/more.csx", HtmlReport.Write(run));
    }

    [Fact]
    public async Task An_empty_notebook_is_no_failure()
    {
        NotebookRun run = await Runs.Of(NotebookText.Markdown("only text"), NotebookText.Code(" \n"));
        Assert.Null(run.Failure);
        Assert.Equal(CellState.NotRun, run.Cells[1].State);
    }
}
