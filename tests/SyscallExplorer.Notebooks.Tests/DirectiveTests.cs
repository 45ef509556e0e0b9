using Xunit;

namespace SyscallExplorer.Notebooks.Tests;

public sealed class DirectiveTests
{
    [Fact]
    public void Code_keeps_its_line_numbers_when_directives_are_taken_out()
    {
        CellPlan plan = CellParser.Parse("#r \"nuget: A.B, 1.2.3\"\n#i \"nuget: feed\"\n#!time\nint x = 1;\n#r \"lib/a.dll\"\nx");
        Assert.True(plan.IsTimed);
        CodeStep[] steps = [.. plan.Steps.Cast<CodeStep>()];
        Assert.Equal([new PackageReference(1, "A.B", "1.2.3"), new FeedReference(2, "feed")], steps[0].References);
        Assert.Equal([new AssemblyReference(5, "lib/a.dll")], steps[1].References);
        Assert.Equal("x", steps[1].Code.Split('\n')[5]);
        Assert.Equal("int x = 1;", steps[1].Code.Split('\n')[3]);
    }

    [Fact]
    public void Markdown_between_code_is_shown_in_its_place()
    {
        CellPlan plan = CellParser.Parse("1\n#!markdown\n# it's \"a\n#!csharp\n2");
        Assert.Collection(plan.Steps,
            s => Assert.Equal("1\n", ((CodeStep)s).Code),
            s => Assert.Equal("# it's \"a", ((MarkdownStep)s).Text),
            s => Assert.Equal("\n\n\n\n2", ((CodeStep)s).Code));
    }

    [Theory]
    [InlineData("var s = @\"\n#!html\n#r \";")]
    [InlineData("/*\n#!html\n*/")]
    [InlineData("var s = \"\"\"\n#!html\n\"\"\";")]
    public void A_line_inside_a_string_or_a_comment_is_no_directive(string cell)
    {
        Assert.Empty(Assert.IsType<CodeStep>(Assert.Single(CellParser.Parse(cell).Steps)).References);
    }

    [Theory]
    [InlineData("1\n#!html\n<b>", 2, "'#!html' is not understood")]
    [InlineData("#!tim", 1, "Did you mean '#!time'?")]
    [InlineData("#!set --name a --value 1", 1, "'#!set' is not understood")]
    [InlineData("#r nuget:A", 1, "needs its name in double quotes")]
    [InlineData("\n#r \"nuget: a b\"", 2, "'a b' is not the name of a package")]
    [InlineData("#i \"feed\"", 1, "names no feed")]
    public void A_directive_that_cannot_be_followed_is_named_with_its_line(string cell, int line, string reason)
    {
        var e = Assert.Throws<DirectiveException>(() => CellParser.Parse(cell));
        Assert.Equal(line, e.Line);
        Assert.Contains(reason, e.Message);
    }

    [Fact]
    public async Task An_unknown_magic_names_the_cell()
    {
        var e = await Assert.ThrowsAsync<NotebookException>(() => Runs.Of(NotebookText.Markdown("x"), NotebookText.Code("1"), NotebookText.Code("\n#!mermaid\ngraph")));
        Assert.Contains("lab.ipynb, cell 3 (code cell 2), line 2: '#!mermaid' is not understood", e.Message);
    }

    [Fact]
    public async Task A_cell_of_another_language_is_refused_by_its_metadata()
    {
        System.Text.Json.Nodes.JsonObject cell = NotebookText.Code("<b>");
        cell["metadata"] = new System.Text.Json.Nodes.JsonObject { ["polyglot_notebook"] = new System.Text.Json.Nodes.JsonObject { ["kernelName"] = "html" } };
        var e = await Assert.ThrowsAsync<NotebookException>(() => Runs.Of(cell));
        Assert.Contains("cell 1, line 1: the cell is written in 'html'", e.Message);
    }
}
