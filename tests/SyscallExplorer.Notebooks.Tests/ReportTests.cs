using System.Text.RegularExpressions;
using Xunit;

namespace SyscallExplorer.Notebooks.Tests;

public sealed partial class ReportTests
{
    private const string Figure = "HTML(\"<div class=\\\"sysx-figure\\\" id=\\\"f\\\"></div><script>if (window.Plotly) { }</script>\")";

    [Fact]
    public async Task The_page_has_title_language_headings_and_no_address_to_load_from()
    {
        NotebookRun run = await Runs.Of(NotebookText.Markdown("# Three ways\n\n## A\n\n## A\n\n## B\n\n- [x] done\n\n| a |\n|--|\n| 1 |"), NotebookText.Code("var x = \"s\"; // why\nx"));
        string html = HtmlReport.Write(run);
        Assert.StartsWith("<!DOCTYPE html>\n<html lang=\"en\">", html);
        Assert.Contains("<title>Three ways</title>", html);
        Assert.Contains("<h2 id=\"section-a\">A</h2>", html);
        Assert.Contains("<h2 id=\"section-a-2\">A</h2>", html);
        Assert.Contains("<li><a href=\"#section-b\">B</a></li>", html);
        Assert.Contains("<span class=\"k\">var</span> x = <span class=\"s\">&quot;s&quot;</span>; <span class=\"c\">// why</span>", html);
        Assert.Contains("<th>a</th>", html);
        Assert.DoesNotMatch(LoadedAddress(), html);
        Assert.Contains(run.InputsHash, html);
    }

    [Fact]
    public async Task The_chart_library_is_there_once_when_a_figure_needs_it_and_not_otherwise()
    {
        string with = HtmlReport.Write(await Runs.OfCells(Figure, Figure));
        string without = HtmlReport.Write(await Runs.OfCells("1"));
        Assert.True(without.Length < 100_000);
        if (Plotly.Script is { } library)
            Assert.Equal(2, with.Split(library[..2000]).Length);
        else
            Assert.Contains("plotly.js from the network", with);
    }

    [Fact]
    public async Task A_picture_beside_the_notebook_or_attached_to_a_cell_goes_into_the_page()
    {
        using var folder = new TemporaryFolder();
        folder.Write("dot.svg", "<svg/>");
        System.Text.Json.Nodes.JsonObject cell = NotebookText.Markdown("![beside](dot.svg) ![attached](attachment:p.png) ![far](no.png)");
        cell["attachments"] = new System.Text.Json.Nodes.JsonObject { ["p.png"] = new System.Text.Json.Nodes.JsonObject { ["image/png"] = "QUJD" } };
        string html = HtmlReport.Write(await Runs.Of(Runs.Options, folder.Path, cell));
        Assert.Contains("src=\"data:image/svg+xml;base64,PHN2Zy8+\" alt=\"beside\"", html);
        Assert.Contains("src=\"data:image/png;base64,QUJD\"", html);
        Assert.Contains("src=\"no.png\"", html);
    }

    [Fact]
    public async Task The_hash_of_the_inputs_changes_with_source_and_parameters_and_with_nothing_else()
    {
        string one = (await Runs.OfCells("1")).InputsHash;
        string same = (await Runs.OfCells("1")).InputsHash;
        string other = (await Runs.OfCells("2")).InputsHash;
        string parameter = (await Runs.Of(Runs.Options with { Parameters = [KeyValuePair.Create("p", "1")] }, Path.GetTempPath(), NotebookText.Code("1"))).InputsHash;
        Assert.Equal(one, same);
        Assert.Equal(3, new[] { one, other, parameter }.Distinct().Count());
    }

    [Theory]
    [InlineData("int x = 0x1f;", "<span class=\"k\">int</span> x = <span class=\"n\">0x1f</span>;")]
    [InlineData("Lab.Boot()", "<span class=\"t\">Lab</span>.<span class=\"f\">Boot</span>()")]
    [InlineData("List<Lab> l;", "<span class=\"t\">List</span>&lt;<span class=\"t\">Lab</span>&gt; l;")]
    [InlineData("#r \"nuget: A\"", "<span class=\"p\">#r &quot;nuget: A&quot;</span>")]
    public void Code_is_coloured_by_the_compilers_tokens(string code, string html) => Assert.Equal(html, CSharpHighlighter.ToHtml(code));

    [Theory]
    [InlineData("#!time\nvar broken = \"")]
    [InlineData("\t<a> & 'b'\r\n}}}")]
    public void Highlighting_loses_no_character_of_any_text(string code)
    {
        string text = Tag().Replace(CSharpHighlighter.ToHtml(code), "");
        Assert.Equal(code, System.Net.WebUtility.HtmlDecode(text));
    }

    [GeneratedRegex("(src|href)=\"(https?:)?//")]
    private static partial Regex LoadedAddress();

    [GeneratedRegex("</?span[^>]*>")]
    private static partial Regex Tag();
}
