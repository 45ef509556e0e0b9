using System.Text.Json;
using Xunit;

namespace SyscallExplorer.Tests;

public sealed class FigureTests
{
    [Fact]
    public void A_comparison_is_one_trace_for_each_phase_and_one_for_the_intervals()
    {
        JsonElement data = Parse(Samples.Comparison.Plot()).GetProperty("data");
        Assert.Equal(["user stub", "hardware entry", "handler", "hardware exit", "mitigation (KPTI)", "total"], data.EnumerateArray().Select(trace => trace.GetProperty("name").GetString()));
        Assert.Equal(["int 0x80", "SYSENTER", "SYSCALL"], data[0].GetProperty("y").EnumerateArray().Select(label => label.GetString()));
        Assert.Equal([0.0, 0.0, 1000 / 512.0], data[2].GetProperty("x").EnumerateArray().Select(value => value.GetDouble()));
    }

    [Fact]
    public void The_bars_of_a_path_end_where_its_total_and_its_interval_stand()
    {
        JsonElement[] traces = [.. Parse(Samples.Comparison.Plot()).GetProperty("data").EnumerateArray()];
        JsonElement total = traces[^1];
        for (int path = 0; path < Samples.Comparison.Rows.Count; path++)
        {
            PathCost row = Samples.Comparison.Rows[path];
            double sum = traces[..^1].Sum(trace => trace.GetProperty("x")[path].GetDouble());
            Assert.Equal(row.Cycles, sum, precision: 6);
            Assert.Equal(row.Cycles, total.GetProperty("x")[path].GetDouble());
            Assert.Equal(row.HighCycles, row.Cycles + total.GetProperty("error_x").GetProperty("array")[path].GetDouble(), precision: 6);
            Assert.Equal(row.LowCycles, row.Cycles - total.GetProperty("error_x").GetProperty("arrayminus")[path].GetDouble(), precision: 6);
        }
    }

    [Fact]
    public void The_axes_have_titles_with_units_and_the_background_is_the_pages()
    {
        JsonElement layout = Parse(Samples.Comparison.Plot()).GetProperty("layout");
        Assert.Equal("cycles per call", layout.GetProperty("xaxis").GetProperty("title").GetProperty("text").GetString());
        Assert.Equal("entry path", layout.GetProperty("yaxis").GetProperty("title").GetProperty("text").GetString());
        Assert.Equal("rgba(0,0,0,0)", layout.GetProperty("plot_bgcolor").GetString());
        Assert.Equal("rgba(0,0,0,0)", layout.GetProperty("paper_bgcolor").GetString());
    }

    [Fact]
    public void A_phase_has_the_same_colour_in_every_figure()
    {
        string? Colour(PlotlyFigure figure, string name) => Parse(figure).GetProperty("data").EnumerateArray()
            .Single(trace => trace.GetProperty("name").GetString() == name).GetProperty("marker").GetProperty("color").GetString();
        Comparison one = Samples.Compare(Samples.Path(EntryPath.Int80, (Linux.PhaseKind.Mitigation, "KPTI", 256), (Linux.PhaseKind.Mitigation, "something new", 256)));
        Assert.Equal(Colour(Samples.Comparison.Plot(), "mitigation (KPTI)"), Colour(one.Plot(), "mitigation (KPTI)"));
        Assert.NotNull(Colour(one.Plot(), "mitigation (something new)"));
    }

    [Fact]
    public void Several_comparisons_stand_in_groups()
    {
        PlotlyFigure figure = Figures.Compare(("pti=on", Samples.Comparison), ("pti=off", Samples.Comparison));
        JsonElement axis = Parse(figure).GetProperty("data")[0].GetProperty("y");
        Assert.Equal(["pti=on", "pti=on", "pti=on", "pti=off", "pti=off", "pti=off"], axis[0].EnumerateArray().Select(label => label.GetString()));
        Assert.Equal("SYSCALL", axis[1][5].GetString());
        Assert.Contains("pti=off, SYSCALL", figure.Description);
        Assert.Equal(figure.ToJson(), new[] { ("pti=on", Samples.Comparison), ("pti=off", Samples.Comparison) }.Plot().ToJson());
    }

    [Fact]
    public void Groups_without_comparisons_or_with_one_label_twice_are_refused()
    {
        Assert.Contains("at least one comparison", Assert.Throws<ArgumentException>(() => Figures.Compare()).Message);
        Assert.Contains("'a'", Assert.Throws<ArgumentException>(() => Figures.Compare(("a", Samples.Comparison), ("a", Samples.Comparison))).Message);
    }

    [Fact]
    public void Equal_figures_give_equal_html_and_others_another_name()
    {
        string html = Samples.Comparison.Plot().ToHtml();
        Assert.Equal(html, Samples.Comparison.Plot().ToHtml());
        PlotlyFigure changed = Samples.Comparison.Plot();
        changed.Layout["height"] = 700;
        Assert.NotEqual(Name(html), Name(changed.ToHtml()));
        Assert.Contains("height:700px", changed.ToHtml());

        static string Name(string text) => text.Split("id=\"")[1].Split('"')[0];
    }

    [Fact]
    public void No_text_of_a_figure_can_end_its_script()
    {
        Comparison hostile = Samples.Comparison with { Syscall = "</script><script>alert(1)</script>" };
        string html = hostile.Plot().ToHtml();
        Assert.Equal(2, html.Split("<script").Length);
        Assert.Equal(2, html.Split("</script").Length);
        Assert.DoesNotContain("alert(1)<", html);
    }

    [Fact]
    public void The_phases_are_plain_sequences_for_other_libraries()
    {
        IReadOnlyList<PhaseSeries> series = Samples.Comparison.ByPhase();
        Assert.Equal("mitigation (KPTI)", series[^1].Name);
        Assert.Equal([70_001 / 512.0, 70_001 / 512.0, 0], series[^1].Cycles);
        Assert.Equal(Tuple.Create("SYSENTER", 70_001 / 512.0), series[^1].Points.ElementAt(1));
    }

    private static JsonElement Parse(PlotlyFigure figure) => JsonDocument.Parse(figure.ToJson()).RootElement;
}
