using System.Text.Json.Nodes;
using Xunit;

namespace SyscallExplorer.Notebooks.Tests;

public sealed class ReadingTests
{
    [Fact]
    public void What_is_read_is_written_back_with_every_key_that_nobody_knows()
    {
        string text = """
            {"nbformat":4,"nbformat_minor":5,"metadata":{"custom":{"z":1,"a":[true,null,1.5]}},"extra":"kept",
             "cells":[{"cell_type":"markdown","id":"a1","metadata":{"mine":2},"source":["# é <b>\n","two"],"attachments":{"p.png":{"image/png":"AAAA"}},"other":{}}]}
            """;
        JsonNode before = JsonNode.Parse(text)!;
        JsonNode after = JsonNode.Parse(Notebook.Parse(text, "lab.ipynb").ToText())!;
        Assert.True(JsonNode.DeepEquals(before, after));
    }

    [Fact]
    public void The_file_is_laid_out_as_Jupyter_does()
    {
        string text = Notebook.Parse(NotebookText.Of(NotebookText.Markdown("grün <&> 'x'")), "lab.ipynb").ToText();
        Assert.StartsWith("{\n \"cells\": [\n  {\n", text);
        Assert.Contains("grün <&> 'x'", text);
        Assert.EndsWith("}\n", text);
    }

    [Theory]
    [InlineData("\"one\\ntwo\"")]
    [InlineData("[\"one\\n\", \"two\"]")]
    public void A_source_is_a_text_or_a_list_of_lines(string source)
    {
        Notebook notebook = Notebook.Parse($$"""{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"raw","id":"a","metadata":{},"source":{{source}}}]}""", "lab.ipynb");
        Assert.Equal("one\ntwo", notebook.Cells[0].Source);
    }

    [Fact]
    public void Cells_of_an_older_file_get_identifiers_that_stay_the_same()
    {
        const string Text = """{"nbformat":4,"nbformat_minor":2,"metadata":{},"cells":[{"cell_type":"raw","metadata":{},"source":"a"},{"cell_type":"raw","metadata":{},"source":"a"}]}""";
        Notebook first = Notebook.Parse(Text, "lab.ipynb");
        Assert.Equal(2, first.Cells.Select(c => c.Id).Distinct().Count());
        Assert.Equal(first.ToText(), Notebook.Parse(Text, "lab.ipynb").ToText());
        Assert.Contains("\"nbformat_minor\": 5", first.ToText());
    }

    [Theory]
    [InlineData("not json", "is not JSON")]
    [InlineData("{\"a\":1,\"cells\":[}", "is not JSON (line 1)")]
    [InlineData("{}", "without the number 'nbformat'")]
    [InlineData("[]", "without the number 'nbformat'")]
    [InlineData("{\"nbformat\":\"4\"}", "without the number 'nbformat'")]
    [InlineData("{\"nbformat\":3,\"worksheets\":[]}", "has notebook format 3; sysx reads format 4")]
    [InlineData("{\"nbformat\":4}", "no list 'cells'")]
    [InlineData("{\"nbformat\":4,\"cells\":[1]}", "cell 1: this is not a cell")]
    [InlineData("{\"nbformat\":4,\"cells\":[{\"cell_type\":\"slide\",\"source\":\"\"}]}", "cell 1: there are no cells of type 'slide'")]
    [InlineData("{\"nbformat\":4,\"cells\":[{\"cell_type\":\"raw\"}]}", "cell 1: the cell has no 'source'")]
    [InlineData("{\"nbformat\":4,\"nbformat\":4,\"cells\":[]}", "same key twice")]
    public void What_is_no_notebook_is_refused_with_the_reason(string text, string reason)
    {
        var e = Assert.Throws<NotebookException>(() => Notebook.Parse(text, "lab.ipynb"));
        Assert.Contains(reason, e.Message);
        Assert.Contains("lab.ipynb", e.Message);
        Assert.Equal(NotebookFault.Notebook, e.Fault);
    }

    [Fact]
    public void A_missing_file_is_named_with_its_nearest_neighbour()
    {
        using var folder = new TemporaryFolder();
        folder.Write("01-ways.ipynb", "{}");
        var e = Assert.Throws<NotebookException>(() => Notebook.Read(Path.Combine(folder.Path, "01-way.ipynb")));
        Assert.Contains("Did you mean '01-ways.ipynb'?", e.Message);
        Assert.Equal(NotebookFault.Request, e.Fault);
    }

    [Fact]
    public async Task A_notebook_of_another_language_is_refused()
    {
        string text = NotebookText.Of(NotebookText.Code("print(1)")).Replace(".net-csharp", "python3").Replace("C#", "python");
        var e = await Assert.ThrowsAsync<NotebookException>(() => NotebookRunner.RunAsync(Notebook.Parse(text, "lab.ipynb"), Runs.Options));
        Assert.Contains("is a notebook for 'python3'; sysx runs C# notebooks", e.Message);
    }
}
