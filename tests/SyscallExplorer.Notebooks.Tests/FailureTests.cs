using Xunit;

namespace SyscallExplorer.Notebooks.Tests;

/// <summary>Whatever a cell does, what ran before it is kept, and the run says which cell it was.</summary>
public sealed class FailureTests
{
    private const string Before = "Console.WriteLine(\"earlier\"); 41 + 1";

    [Fact]
    public async Task A_compile_error_names_the_cell_the_line_and_the_compilers_message()
    {
        NotebookRun run = await Failing("int a = 1;\n\nint b = nothing;");
        Assert.EndsWith("lab.ipynb, cell 2, line 3: CS0103: The name 'nothing' does not exist in the current context", run.Failure);
    }

    [Fact]
    public async Task Every_line_counts_after_directives_too()
    {
        NotebookRun run = await Failing("#!time\n#r \"nuget: SyscallExplorer\"\n#!csharp\nint b = nothing;");
        Assert.Contains("cell 2, line 4: CS0103", run.Failure);
    }

    [Fact]
    public async Task An_exception_names_the_line_that_threw_it()
    {
        NotebookRun run = await Failing("int Half(int x)\n{\n    throw new ArgumentException(\"odd\");\n}\nConsole.WriteLine(\"in it\");\nHalf(3)");
        Assert.Contains("cell 2, line 3: System.ArgumentException: odd", run.Failure);
        Assert.Equal("in it\n", run.Cells[1].Text());
        ErrorOutput error = Assert.Single(run.Cells[1].Outputs.OfType<ErrorOutput>());
        Assert.Equal(["System.ArgumentException: odd", "   at Half in cell 2, line 3", "   at the cell in cell 2, line 6"], error.Traceback);
    }

    [Fact]
    public async Task An_endless_loop_ends_at_the_time_limit()
    {
        NotebookRun run = await Failing("Console.Write(\"turning\");\nwhile (true) ;", TimeSpan.FromSeconds(8));
        Assert.Contains("cell 2: the cell ran longer than 8 seconds", run.Failure);
        Assert.Equal("turning", run.Cells[1].Text());
    }

    [Fact]
    public async Task A_cell_that_prints_for_ever_ends_at_the_time_limit()
    {
        NotebookRun run = await Failing("while (true) Console.WriteLine(new string('x', 10000));", TimeSpan.FromSeconds(8));
        Assert.Contains("cell 2: the cell ran longer than 8 seconds", run.Failure);
        Assert.True(run.Cells[1].Text().Length < 5_000_000);
    }

    [Fact]
    public async Task A_stack_overflow_is_told_as_one()
    {
        NotebookRun run = await Failing("int Deep(int x) => Deep(x + 1) + 1;\nConsole.Write(\"before\");\nDeep(0)");
        Assert.Contains("cell 2: stack overflow", run.Failure);
        Assert.Equal("before", run.Cells[1].Text());
    }

    [Fact]
    public async Task Environment_Exit_is_told_with_its_code()
    {
        NotebookRun run = await Failing("Console.Write(\"leaving\");\nEnvironment.Exit(0);");
        Assert.Contains("cell 2: the cell ended its process by Environment.Exit(0).", run.Failure);
        Assert.Equal("leaving", run.Cells[1].Text());
    }

    [Fact]
    public async Task FailFast_is_told_with_its_message()
    {
        NotebookRun run = await Failing("Environment.FailFast(\"no way on\");");
        Assert.Contains("cell 2: the cell ended its process by Environment.FailFast: no way on", run.Failure);
    }

    [Fact]
    public async Task An_exception_on_another_thread_is_told()
    {
        NotebookRun run = await Failing("var t = new System.Threading.Thread(() => throw new Exception(\"elsewhere\")); t.Start(); t.Join(); System.Threading.Thread.Sleep(20000);");
        Assert.Contains("cell 2: an exception that nothing caught ended the process: System.Exception: elsewhere", run.Failure);
    }

    [Fact]
    public async Task A_formatter_that_throws_fails_its_cell()
    {
        const string Bad = """
            class TypeFormatterSourceAttribute : Attribute { public Type FormatterSourceType => typeof(Source); }
            class Source { public IEnumerable<object> CreateTypeFormatters() => throw new Exception("no formatters"); }
            [TypeFormatterSource] class Bad { }
            new Bad()
            """;
        NotebookRun run = await Failing(Bad);
        Assert.Contains("System.Exception: no formatters", run.Failure);
    }

    [Fact]
    public async Task A_missing_library_names_the_line()
    {
        NotebookRun run = await Failing("1\n#r \"no/such.dll\"");
        Assert.Contains("cell 2, line 2: there is no library 'no/such.dll'", run.Failure);
    }

    [Fact]
    public async Task An_interrupted_run_keeps_what_it_has()
    {
        using var cancel = new CancellationTokenSource();
        Notebook notebook = Notebook.Parse(NotebookText.Of(NotebookText.Code(Before), NotebookText.Code("while (true) ;")), "lab.ipynb");
        var progress = new WhenDone(1, cancel);
        NotebookRun run = await NotebookRunner.RunAsync(notebook, Runs.Options, progress, cancel.Token);
        Assert.Contains("the run was interrupted here", run.Failure);
        Assert.Equal(["42"], run.Cells[0].Shown());
    }

    private static async Task<NotebookRun> Failing(string cell, TimeSpan? limit = null)
    {
        NotebookRun run = await Runs.Of(Runs.Options with { CellTimeout = limit }, Path.GetTempPath(),
            NotebookText.Code(Before), NotebookText.Code(cell), NotebookText.Code("\"never reached\""));
        Assert.Equal([CellState.Ran, CellState.Failed, CellState.NotRun], run.Cells.Select(c => c.State));
        Assert.Equal("earlier\n", run.Cells[0].Text());
        Assert.Equal(["42"], run.Cells[0].Shown());
        string html = HtmlReport.Write(run);
        Assert.Contains("This run stopped early.", html);
        Assert.Contains("earlier", html);
        Assert.Contains("\"output_type\": \"error\"", ExecutedNotebook.Write(run));
        return run;
    }

    private sealed class WhenDone(int cells, CancellationTokenSource cancel) : IProgress<RunProgress>
    {
        public void Report(RunProgress value)
        {
            if (value.Done == cells)
                cancel.Cancel();
        }
    }
}
