using System.Globalization;
using SyscallExplorer.Linux;
using Xunit;

namespace SyscallExplorer.Tests;

public sealed class ComparisonViewTests
{
    private const int TerminalWidth = 100;

    [Fact]
    public void The_text_fits_a_terminal_of_100_columns()
    {
        Assert.All(Samples.Comparison.ToText().Split('\n'), line => Assert.InRange(line.Length, 0, TerminalWidth));
        Comparison everyPath = Samples.Compare([.. Enum.GetValues<EntryPath>().Select(path =>
            Samples.Path(path, (PhaseKind.Mitigation, "a long mitigation", 600_000), (PhaseKind.RestoreRegisters, null, 100_000)))]);
        Assert.All(everyPath.ToText().Split('\n'), line => Assert.InRange(line.Length, 0, TerminalWidth));
    }

    [Fact]
    public void Each_phase_has_a_row_and_each_path_a_column()
    {
        string text = Samples.Comparison.ToText();
        Assert.Equal(["136.72", "136.72", "-"], Cells(text, "mitigation (KPTI)")[^3..]);
        Assert.Equal(["-", "-", "1.95"], Cells(text, "handler")[^3..]);
        Assert.Equal(["78.13", "39.06", "31.25"], Cells(text, "hardware entry")[^3..]);
    }

    [Fact]
    public void The_total_is_the_sum_of_the_phases()
    {
        string[] totals = Cells(Samples.Comparison.ToText(), "cycles per call")[^3..];
        for (int path = 0; path < totals.Length; path++)
        {
            PathCost row = Samples.Comparison.Rows[path];
            Assert.Equal(row.Cost, row.Phases.Sum(phase => phase.Cost));
            Assert.Equal(row.Cycles.ToString("0.00", CultureInfo.InvariantCulture), totals[path]);
        }
    }

    [Fact]
    public void What_is_printed_adds_up_too()
    {
        // Each of these phases alone would be rounded up.
        Comparison comparison = Samples.Compare(Samples.Path(EntryPath.Syscall, [.. Enum.GetValues<PhaseKind>().Select(kind => (kind, (string?)null, 1796L))]));
        ComparisonTable table = ComparisonTable.Of(comparison);
        decimal Cell(ComparisonRow row) => decimal.Parse(row.Cells[0], CultureInfo.InvariantCulture);
        decimal sum = table.Rows.Where(row => row.Kind == ComparisonRowKind.Phase).Sum(Cell);
        Assert.Equal(Cell(table.Rows.Single(row => row.Kind == ComparisonRowKind.Total)), sum);
    }

    [Fact]
    public void The_table_says_what_it_can_be_trusted_for()
    {
        string text = Samples.Comparison.ToText();
        Assert.Equal(["assumed", "assumed", "assumed"], Cells(text, "weakest confidence")[^3..]);
        Assert.Equal(["254.91", "158.25", "14.67"], Cells(text, "at the figures' low ends")[^3..]);
        Assert.Equal(["33.3%", "33.3%", "33.3%"], Cells(text, "on assumed figures")[^3..]);
        Assert.Equal(["75%", "75%", "75%"], Cells(text, "in documented code")[^3..]);
        Assert.Equal(["50.5", "50.5", "50.5"], Cells(text, "instructions")[^3..]);
        Assert.DoesNotContain("tabled", text);
    }

    [Fact]
    public void A_difference_is_a_sentence_that_says_whether_the_order_holds()
    {
        string surely = DifferenceSentence.Of(new PathDifference("int 0x80", "SYSENTER", 96.5, 12, 180, 0.5));
        Assert.Equal("int 0x80 costs 96.50 cycles more than SYSENTER (12.00..180.00 over the figures' intervals; 50% of it rests on assumed figures; "
            + "the order holds wherever in their intervals the figures lie).", surely);
        Assert.EndsWith("the order could be reversed).", DifferenceSentence.Of(new PathDifference("a", "b", 5, -1, 11, 1)));
        Assert.Contains("int 0x80 costs", Samples.Comparison.ToText());
    }

    [Fact]
    public void The_html_has_the_same_rows_and_escapes_what_it_shows()
    {
        string html = Samples.Comparison.ToHtml();
        Assert.Contains("<th scope=\"col\" class=\"num\">int 0x80</th>", html);
        Assert.Contains("mitigation (KPTI)</th><td class=\"num\">136.72</td>", html);
        Assert.Contains("<tr class=\"total\">", html);
        Assert.Contains("<li>int 0x80 costs", html);
        Comparison hostile = Samples.Comparison with { Syscall = "<script>" };
        Assert.DoesNotContain("<script>", hostile.ToHtml());
    }

    [Fact]
    public void Views_do_not_depend_on_the_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        (string text, string html, string json) = (Samples.Comparison.ToText(), Samples.Comparison.ToHtml(), Samples.Comparison.Plot().ToJson());
        try
        {
            var strange = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            strange.NumberFormat.NumberDecimalSeparator = ",";
            strange.NumberFormat.NegativeSign = "~";
            CultureInfo.CurrentCulture = strange;
            Assert.Equal((text, html, json), (Samples.Comparison.ToText(), Samples.Comparison.ToHtml(), Samples.Comparison.Plot().ToJson()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_small_share_is_not_shown_as_none()
    {
        Assert.Equal(["0%", "<0.1%", "0.1%", "99.9%", ">99.9%", "100%"], new[] { 0, 0.0001, 0.001, 0.999, 0.9999, 1 }.Select(Text.Percent));
    }

    private static string[] Cells(string text, string heading) =>
        text.Split('\n').Single(line => line.StartsWith(heading, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
