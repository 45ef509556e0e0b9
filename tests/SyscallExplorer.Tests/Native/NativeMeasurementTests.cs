using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>A measurement: what it flags, how it is looked up, written and read.</summary>
public sealed class NativeMeasurementTests
{
    private static readonly NativeMeasurement s_sample = NativeSamples.Measurement;

    [Fact]
    public void A_way_that_costs_more_than_eight_times_SYSCALL_is_out_of_proportion()
    {
        NativeFigure int80 = s_sample["int80 getpid"];
        Assert.Equal(NativeStatus.Disproportionate, int80.Status);
        Assert.Contains("20 times", int80.Reason, StringComparison.Ordinal);
        Assert.Contains("KVM", int80.Reason, StringComparison.Ordinal);
        Assert.False(int80.UsableForFit);
        Assert.True(s_sample["syscall getpid"].UsableForFit);
    }

    [Fact]
    public void CPUID_is_out_of_proportion_only_under_a_hypervisor()
    {
        NativeFigure cpuid = NativeSamples.Figure(NativeWay.Instruction, "cpuid", 2500);
        Assert.False(Proportion.Judge([cpuid], "KVMKVMKVM")[0].UsableForFit);
        Assert.True(Proportion.Judge([cpuid], null)[0].UsableForFit);
    }

    [Fact]
    public void A_vDSO_function_that_costs_what_the_call_costs_has_made_it()
    {
        IReadOnlyList<NativeFigure> rows = Proportion.Judge([NativeSamples.Figure(NativeWay.Syscall, "time", 300), NativeSamples.Figure(NativeWay.Vdso, "time", 310)], null);
        Assert.Equal(NativeStatus.Disproportionate, rows[1].Status);
        Assert.Contains("clock source", rows[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_is_found_by_its_key_and_by_its_path()
    {
        Assert.Same(s_sample["int80 getpid"], s_sample[EntryPath.Int80, "getpid"]);
        Assert.Contains("syscall getpid", Assert.Throws<ArgumentException>(() => s_sample["syscal getpid"]).Message, StringComparison.Ordinal);
        NativeMeasurement none = NativeMeasurement.None("There is no processor.");
        Assert.Contains("There is no processor.", Assert.Throws<ArgumentException>(() => none["syscall getpid"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_measurement_that_was_written_is_read_again()
    {
        string json = s_sample.ToJson();
        NativeMeasurement again = NativeMeasurement.FromJson(json);
        Assert.Equal(json, again.ToJson());
        Assert.Equal(s_sample.Rows, again.Rows);
        Assert.Equal(s_sample.ToText(), again.ToText());
        Assert.Equal("Not here.", NativeMeasurement.FromJson(NativeMeasurement.None("Not here.").ToJson()).Unavailable);
    }

    [Theory]
    [InlineData("sysx-native-1", "sysx-native-9", "format")]
    [InlineData("\"minTicks\": 302", "\"minTicks\": -302", "rows[0] ('syscall getpid')")]
    [InlineData("\"minTicks\": 302", "\"minTicks\": 999", "the minimum at most the median")]
    [InlineData("\"batches\": 200", "\"batches\": 0", "'batches'")]
    [InlineData("\"key\": \"int80 getpid\"", "\"key\": \"syscall getpid\"", "two of 'rows'")]
    [InlineData("\"low\": 0.7", "\"low\": 0.95", "low <= median <= high")]
    [InlineData("\"batches\": 200", "\"batchs\": 200", "batchs")]
    [InlineData("\"status\": \"Measured\"", "\"status\": \"Guessed\"", "line")]
    public void A_wrong_measurement_is_refused_with_a_sentence(string right, string wrong, string says)
    {
        string json = s_sample.ToJson();
        Assert.Contains(right, json, StringComparison.Ordinal);
        int at = json.IndexOf(right, StringComparison.Ordinal);
        string spoilt = json[..at] + wrong + json[(at + right.Length)..];
        Assert.Contains(says, Assert.Throws<FormatException>(() => NativeMeasurement.FromJson(spoilt)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    public void What_is_no_measurement_is_refused(string text) =>
        Assert.Contains("ToJson writes one", Assert.Throws<FormatException>(() => NativeMeasurement.FromJson(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_views_show_every_figure_and_say_what_is_to_be_said()
    {
        string text = s_sample.ToText(), html = s_sample.ToHtml();
        Assert.All(s_sample.Rows, row => Assert.Contains(row.Key, text, StringComparison.Ordinal));
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 100));
        Assert.Contains("x32 getpid: The kernel has no x32 calls.", text, StringComparison.Ordinal);
        Assert.Contains("&lt;barriers&gt;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<barriers>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Native.Measure(new NativeOptions { Batches = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Native.Measure(new NativeOptions { TimePerFigure = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Native.Measure(new NativeOptions { Cpu = -1 }));
    }
}
