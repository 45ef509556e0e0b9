using Xunit;
using Real = Microsoft.DotNet.Interactive.Formatting.Formatter;

namespace SyscallExplorer.Notebooks.Tests;

public sealed class FormattingTests
{
    [Fact]
    public void The_convention_gives_what_the_real_formatter_gives()
    {
        var value = new Sample(3);
        Assert.Equal(["text/html", "text/plain"], Real.GetPreferredMimeTypesFor(typeof(Sample)));
        IReadOnlyList<MimeText> mine = Formatter.Format(value, []);
        Assert.Equal(["text/html", "text/plain"], mine.Select(m => m.MediaType));
        foreach (MimeText form in mine)
            Assert.Equal(Real.ToDisplayString(value, form.MediaType), form.Text);
    }

    [Fact]
    public void A_type_that_names_no_media_types_gives_html_alone()
    {
        IReadOnlyList<MimeText> mine = Formatter.Format(new Plain(), []);
        Assert.Equal([new MimeText("text/html", "<b>plain</b>")], mine);
        Assert.Equal(Real.ToDisplayString(new Plain(), "text/html"), mine[0].Text);
    }

    [Fact]
    public void A_derived_type_and_a_nested_value_use_the_formatters_too()
    {
        Assert.Equal("<em>4</em>", Formatter.Format(new Derived(4), [])[0].Text);
        Assert.Contains("<td><em>5</em></td>", Formatter.Html(new[] { new { Name = "x", Value = new Sample(5) } }));
        Assert.Contains("sample 5", Formatter.Plain(new[] { new { Name = "x", Value = new Sample(5) } }));
    }

    [Theory]
    [InlineData(1.5, "1.5")]
    [InlineData("a<b", "a<b")]
    [InlineData(true, "True")]
    [InlineData(DayOfWeek.Friday, "Friday")]
    public void Single_values_are_plain_text(object value, string text) =>
        Assert.Equal([new MimeText("text/plain", text)], Formatter.Format(value, []));

    [Fact]
    public void A_sequence_of_records_is_a_table_in_both_forms()
    {
        var rows = new[] { new { Path = "int 0x80", Cycles = 1200 }, new { Path = "SYSCALL", Cycles = 90 } };
        Assert.Equal("Path      Cycles\n--------  ------\nint 0x80    1200\nSYSCALL       90", Formatter.Plain(rows));
        Assert.Equal("<table><thead><tr><th>Path</th><th>Cycles</th></tr></thead><tbody><tr><td>int 0x80</td><td style=\"text-align:right\">1200</td></tr>" +
            "<tr><td>SYSCALL</td><td style=\"text-align:right\">90</td></tr></tbody></table>", Formatter.Html(rows));
    }

    [Fact]
    public void A_dictionary_is_a_table_of_keys_and_values() =>
        Assert.Equal("key  value\n---  ---------\na    [1, 2, 3]", Formatter.Plain(new Dictionary<string, int[]> { ["a"] = [1, 2, 3] }));

    [Fact]
    public void A_sequence_without_end_is_cut_and_says_so()
    {
        static IEnumerable<int> Endless()
        {
            for (int i = 0; ; i++)
                yield return i;
        }
        Assert.EndsWith("... more follow", Formatter.Plain(Endless()));
    }

    [Fact]
    public void Html_in_values_is_quoted() => Assert.Contains("&lt;b&gt;", Formatter.Html(new[] { "<b>" }));

    [Fact]
    public void A_getter_that_throws_spoils_its_own_cell_only() =>
        Assert.Equal("Good  Bad\n----  ----------------------\n   1  (FormatException: not)", Formatter.Plain(new Thrower()));

    [Fact]
    public void A_value_that_contains_itself_ends() => Assert.NotEmpty(Formatter.Html(new Ring()));

    [Fact]
    public void Random_names_of_charts_become_names_that_follow_from_the_chart()
    {
        string Chart(Guid id) => $"<div id=\"{id:D}\"></div><script>draw_{id:N}('{id:D}', '{Guid.Empty:D}')</script>";
        Guid random = Guid.Parse("75b0ffff-8288-40e7-b342-123545fd4d91");
        string stable = StableIds.Put(Chart(random));
        Assert.DoesNotContain("75b0ffff", stable, StringComparison.Ordinal);
        string name = stable.Split('"')[1];
        Assert.Matches("^c[0-9a-f]{32}$", name);
        Assert.Equal(3, stable.Split(name).Length - 1);

        // Two charts never share a name, even where they are alike.
        Assert.DoesNotContain(name, StableIds.Put(Chart(random)), StringComparison.Ordinal);
        Assert.Equal("<div>none</div>", StableIds.Put("<div>none</div>"));
    }

    [Fact]
    public void Charts_of_other_libraries_are_known_by_name() =>
        Assert.Equal("<div>chart</div>", Formatter.Format(new XPlot.Plotly.PlotlyChart(), [])[0].Text);

    private sealed class Thrower
    {
        public int Good => 1;

        public int Bad => throw new FormatException("not");
    }

    private sealed class Ring
    {
        public Ring Self => this;
    }

    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
    private sealed class TypeFormatterSourceAttribute(Type source) : Attribute
    {
        public Type FormatterSourceType { get; } = source;

        public string[]? PreferredMimeTypes { get; init; }
    }

    [TypeFormatterSource(typeof(SampleSource), PreferredMimeTypes = ["text/html", "text/plain"])]
    private record Sample(int Number);

    private sealed record Derived(int Number) : Sample(Number);

    [TypeFormatterSource(typeof(PlainSource))]
    private sealed class Plain;

    private sealed class SampleSource
    {
        public IEnumerable<object> CreateTypeFormatters() =>
            [new SampleFormatter("text/html", s => $"<em>{s.Number}</em>"), new SampleFormatter("text/plain", s => $"sample {s.Number}")];
    }

    private sealed class SampleFormatter(string mimeType, Func<Sample, string> write)
    {
        public string MimeType => mimeType;

        public bool Format(object value, TextWriter writer)
        {
            writer.Write(write((Sample)value));
            return true;
        }
    }

    private sealed class PlainSource
    {
        public IEnumerable<object> CreateTypeFormatters() => [new PlainFormatter()];
    }

    private sealed class PlainFormatter
    {
        public string MimeType => "text/html";

        public bool Format(object value, TextWriter writer)
        {
            writer.Write("<b>plain</b>");
            return true;
        }
    }
}
