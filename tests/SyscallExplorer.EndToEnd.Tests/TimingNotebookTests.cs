using System.Text.RegularExpressions;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The notebooks about what calls cost over kernels and processors, run as a reader runs them.</summary>
public sealed class TimingNotebookTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sysx-timing-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_lab_of_mitigations_prices_each_and_says_why_isolation_is_dearer_without_pcid()
    {
        string html = Run("notebooks/07-what-meltdown-and-spectre-cost.ipynb"), report = ReportText.Words(html);
        Assert.Contains("Heat map, getpid by SYSCALL, defaults: cycles a call, 7 processors by 6 kernels", html, StringComparison.Ordinal);
        Assert.Contains("Heat map, getpid by SYSCALL, no mitigations: cycles a call", html, StringComparison.Ordinal);
        Assert.Matches(@" Linux_4_4 getpid (\d+) \1 0 0 % ", report);
        Assert.Matches(@" Linux_4_20 page-table isolation [1-9]\d* \d+ \d+ \d+ % ", report);

        Row with = RowOf(report, "pti=on"), without = RowOf(report, "pti=on nopcid");
        Assert.Equal((0, 0), (with.Walks, with.TimesEmptied));
        Assert.True(without.Walks > 0);
        Assert.Equal(2, without.TimesEmptied);
        Assert.True(without.Warm > with.Warm, "On Haswell isolation costs more without PCIDs than with them.");

        Assert.Matches(@" entry_SYSCALL_64\+0x[0-9a-f]+ \([0-9a-f]+h\) Pti True False ([0-9A-F]{2})+ jmp short ", report);
        Assert.Equal(SourceTables, Regex.Count(report, @" Share Confidence Source [1-9]\d* % (Published|Fitted|Assumed) \w"));
    }

    [Fact]
    public void The_lab_of_thirty_years_has_every_processor_the_published_figures_and_the_refusals()
    {
        string html = Run("notebooks/08-thirty-years-of-getpid.ipynb"), report = ReportText.Words(html);
        Assert.Contains("Heat map, getpid by its cheapest way, defaults: cycles a call, ", html, StringComparison.Ordinal);
        Assert.Contains("Heat map, getpid by its cheapest way, defaults: ns a call, ", html, StringComparison.Ordinal);
        foreach (string cpu in Machine.Cpus.Known.Select(cpu => cpu.Name))
        {
            Assert.Matches($@" {cpu} [\d_i]+ \d+ % (Published|Fitted|Assumed) \w", report);
            Assert.Matches($@" (19|20)\d\d {cpu} [\d.]+ 2_6_39(_i386)? (Int80|Sysenter|Syscall) \d+ \d+ ", report);
        }

        Assert.Matches(@" Intel386 \S+ (\d+) Int80 \1 1 ", report);
        Assert.Matches(@" getpid by Syscall, [^%]* \d+ \d+ [+-]?\d+ % fit ", report);
        Assert.Matches(@" read by Syscall, [^%]* \d+ \d+ [+-]?\d+ % check ", report);
        Assert.Matches(@" path \d+ \d+ % \d+ % \d+ of \d+ ", report);
        Assert.Contains("... has no long mode, which the kernel needs", report, StringComparison.Ordinal);
        Assert.Contains("... has no SYSENTER in long mode, as no AMD processor has", report, StringComparison.Ordinal);
    }

    [Fact]
    public void The_lab_of_the_readers_own_machine_measures_fits_and_compares_or_says_why_not()
    {
        string html = Run("notebooks/09-your-own-machine.ipynb"), report = ReportText.Words(html);
        Assert.Matches(@" int80_emulation\S* ", report);
        Assert.Matches(@" Linux_6_1 \d+ \d+ Linux_6_8 \d+ \d+ ", report);

        // Where nothing can be measured, or a busy machine gave SYSCALL no figure to fit to, each cell has the sentence instead.
        const string nothing = "There is nothing to fit to. ", notSo = "SYSCALL was not measured so that a model can be fitted to it. ";
        if (report.Contains(nothing, StringComparison.Ordinal) || report.Contains(notSo, StringComparison.Ordinal))
        {
            const int cellsThatFit = 4;
            Assert.Equal(cellsThatFit, Regex.Count(report, Regex.Escape(nothing)) + Regex.Count(report, Regex.Escape(notSo)));
            return;
        }

        Assert.Matches(@" syscall getpid \d+(\.\d)? \d+(\.\d)? (0|[+-]\d+\.\d) % fitted ", report);
        Assert.Matches(@" syscall unused \d+(\.\d)? \d+(\.\d)? (0|[+-]\d+\.\d) % (check|not of the processor) ", report);
        Assert.Contains("Bar chart of core cycles per call, model and machine, getpid: Linux_", html, StringComparison.Ordinal);
        Assert.Matches(@"\d+ characters, \d+ rows, ", report);
    }

    /// <summary>One below each chart, or for the two maps together.</summary>
    private const int SourceTables = 4;

    private static Row RowOf(string report, string options)
    {
        GroupCollection groups = Regex.Match(report, $@" {options} (\d+) (\d+) (\d+) (\d+) ").Groups;
        int Number(int group) => int.Parse(groups[group].Value, System.Globalization.CultureInfo.InvariantCulture);
        return new Row(Number(1) + Number(2), Number(3), Number(4));
    }

    private string Run(string notebook)
    {
        string output = Path.Combine(_folder, "out");
        Tools.Sysx("run", notebook, "--out", output);
        return File.ReadAllText(Path.Combine(output, Path.ChangeExtension(Path.GetFileName(notebook), ".html")));
    }

    private sealed record Row(int Walks, int TimesEmptied, int Warm);
}
