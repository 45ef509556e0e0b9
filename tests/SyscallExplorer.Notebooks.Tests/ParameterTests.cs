using Xunit;

namespace SyscallExplorer.Notebooks.Tests;

public sealed class ParameterTests
{
    private const string Declaring = "#r \"nuget: SyscallExplorer\"\nvar cpu = \"Skylake\";\nint rounds = 3;\nvar share = 0.5;\nconst bool Loud = false;\nvar day = DayOfWeek.Monday;\nstring Name() => cpu;";

    [Fact]
    public async Task Values_come_after_the_cell_that_declares_them_and_are_seen_by_all_later_cells()
    {
        NotebookRun run = await Run(("cpu", "12"), ("rounds", "7"), ("share", "2"), ("Loud", "true"), ("day", "Friday"));
        Assert.Null(run.Failure);
        Assert.Equal(["injected-parameters"], run.Cells[1].Cell.Tags);
        Assert.Equal(["12 7 2 True Friday"], run.Cells[2].Shown());
        Assert.Contains("rounds = 7", HtmlReport.Write(run));
    }

    [Theory]
    [InlineData("cpuu", "1", "has no parameter 'cpuu'. Did you mean 'cpu'? It has Loud, cpu, day, rounds, share.")]
    [InlineData("rounds", "many", "'rounds' of lab.ipynb is of type int; 'many' is not")]
    [InlineData("1st", "1", "'1st' cannot be the name of a parameter")]
    public void A_value_that_does_not_fit_is_refused(string name, string value, string reason)
    {
        Notebook notebook = Notebook.Parse(NotebookText.Of(NotebookText.Code(Declaring, "parameters")), "lab.ipynb");
        var e = Assert.Throws<NotebookException>(() => ParameterCell.Inject(notebook, [KeyValuePair.Create(name, value)]));
        Assert.Contains(reason, e.Message);
        Assert.Equal(NotebookFault.Request, e.Fault);
    }

    [Fact]
    public void Without_a_cell_that_declares_them_values_come_first_with_the_type_that_fits()
    {
        Notebook notebook = Notebook.Parse(NotebookText.Of(NotebookText.Code("1")), "lab.ipynb");
        string cell = ParameterCell.Inject(notebook, [
            KeyValuePair.Create("a", "1"), KeyValuePair.Create("b", "5000000000"), KeyValuePair.Create("c", "1.5"),
            KeyValuePair.Create("d", "True"), KeyValuePair.Create("e", "a\"b"), KeyValuePair.Create("f", "")])[0].Source;
        Assert.Equal("// Parameters\nvar a = 1;\nvar b = 5000000000L;\nvar c = 1.5d;\nvar d = true;\nvar e = \"a\\\"b\";\nvar f = \"\";", cell);
    }

    [Fact]
    public void An_earlier_cell_of_values_is_replaced()
    {
        Notebook notebook = Notebook.Parse(NotebookText.Of(NotebookText.Code(Declaring, "parameters"), NotebookText.Code("cpu = \"old\";", "injected-parameters")), "lab.ipynb");
        IReadOnlyList<NotebookCell> cells = ParameterCell.Inject(notebook, [KeyValuePair.Create("cpu", "new")]);
        Assert.Equal(["// Parameters\ncpu = \"new\";"], cells.Skip(1).Select(c => c.Source));
    }

    private static Task<NotebookRun> Run(params (string Name, string Value)[] values) => Runs.Of(
        Runs.Options with { Parameters = [.. values.Select(v => KeyValuePair.Create(v.Name, v.Value))] }, Path.GetTempPath(),
        NotebookText.Code(Declaring, "parameters"), NotebookText.Code("$\"{Name()} {rounds} {share} {Loud} {day}\""));
}
