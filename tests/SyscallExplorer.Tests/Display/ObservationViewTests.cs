using System.Text.Json;
using Xunit;

namespace SyscallExplorer.Tests;

public sealed class ObservationViewTests
{
    private static CycleProfile Profile => ObservationSamples.Profile;

    private static Timeline Timeline => ObservationSamples.Timeline;

    [Fact]
    public void A_profile_tells_counts_errors_cycles_and_shares_and_what_they_rest_on()
    {
        Assert.Equal("""
            sh -c '<x>' on Linux_5_13, Skylake with pti=on: system calls by count and cycles

            activity          count  errors  cycles  cycles each  share
            -----------------------------------------------------------
            user code             -           1,000            -    50%
            write                 2       1     500          250    25%
            read                  4             250           63  12.5%
            #PF page fault        3             200           67    10%
            idle                  -              50            -   2.5%
            all             6 calls           2,000                100%

            where the cycles went

            phase                   cycles  share  instructions
            ---------------------------------------------------
            user code                1,000    50%            10
            hardware entry             300    15%            20
            handler                    400    20%            10
            exception or interrupt     200    10%            10
            context switch              50   2.5%            10
            halted                      50   2.5%            10
            all                      2,000   100%            70

            75% of the cycles rest on assumed figures; 25% in documented code, 75% in the program.

            """.ReplaceLineEndings("\n"), Profile.ToText());
    }

    [Fact]
    public void Html_escapes_what_programs_are_called_and_write()
    {
        Assert.Contains("sh -c &#39;&lt;x&gt;&#39; on", Profile.ToHtml(), StringComparison.Ordinal);
        Assert.Contains("&quot;&lt;a&gt;&quot;", ObservationSamples.Log.ToHtml(), StringComparison.Ordinal);
        Assert.Contains("/bin/&lt;sh&gt;", ObservationSamples.Map.ToHtml(), StringComparison.Ordinal);
        Assert.DoesNotContain("<x>", ObservationSamples.Observation.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_observation_shows_the_run_and_its_profile()
    {
        Assert.StartsWith(Samples.Run.ToText(), ObservationSamples.Observation.ToText(), StringComparison.Ordinal);
        Assert.EndsWith(Profile.ToText(), ObservationSamples.Observation.ToText(), StringComparison.Ordinal);
        Assert.Contains("<tr class=\"total\"><th scope=\"row\">all</th>", ObservationSamples.Observation.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_figure_of_cycles_has_the_kernels_activities_and_a_trace_for_each_phase()
    {
        JsonElement data = Parse(Profile.Plot()).GetProperty("data");
        Assert.Equal(["hardware entry", "handler", "exception or interrupt", "context switch"], Names(data));
        Assert.Equal(["write", "read", "#PF page fault"], data[0].GetProperty("y").EnumerateArray().Select(label => label.GetString()));
        Assert.Equal([100.0, 200, 0], data[0].GetProperty("x").EnumerateArray().Select(value => value.GetDouble()));
    }

    [Fact]
    public void The_figure_of_counts_tells_successes_from_failures_with_the_most_frequent_on_top()
    {
        JsonElement data = Parse(Profile.PlotCounts()).GetProperty("data");
        Assert.Equal(["succeeded", "failed"], Names(data));
        Assert.Equal(["read", "write"], data[0].GetProperty("y").EnumerateArray().Select(label => label.GetString()));
        Assert.Equal([4.0, 1], data[0].GetProperty("x").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Equal([0.0, 1], data[1].GetProperty("x").EnumerateArray().Select(value => value.GetDouble()));
    }

    [Fact]
    public void What_a_figure_has_no_room_for_stands_together_and_nothing_is_lost()
    {
        CycleProfile many = Profile with
        {
            Activities = [.. Enumerable.Range(0, 60).Select(index => Profile.Activities[1] with { Name = $"call{index:00}" })],
        };
        JsonElement counts = Parse(many.PlotCounts()).GetProperty("data");
        Assert.Equal(60, counts[0].GetProperty("x").EnumerateArray().Sum(value => value.GetDouble()));
        Assert.EndsWith(" others", counts[0].GetProperty("y").EnumerateArray().Last().GetString(), StringComparison.Ordinal);
        double cycles = Parse(many.Plot()).GetProperty("data").EnumerateArray().Sum(trace => trace.GetProperty("x").EnumerateArray().Sum(value => value.GetDouble()));
        Assert.Equal(many.Cycles, cycles, precision: 6);
    }

    [Fact]
    public void All_phases_are_bars_with_their_shares()
    {
        JsonElement trace = Parse(Profile.PlotPhases()).GetProperty("data")[0];
        Assert.Equal("user code", trace.GetProperty("y")[0].GetString());
        Assert.Equal("50%", trace.GetProperty("text")[0].GetString());
        Assert.Equal(Profile.Cycles, trace.GetProperty("x").EnumerateArray().Sum(value => value.GetDouble()), precision: 6);
    }

    [Fact]
    public void A_timeline_is_a_bar_for_each_interval_and_a_mark_for_each_call()
    {
        JsonElement data = Parse(Timeline.Plot()).GetProperty("data");
        Assert.Equal(["user mode", "in the kernel", "ready, not running", "waiting", "system call"], Names(data));
        Assert.Equal([0.0, 1100], data[0].GetProperty("base").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Equal([1000.0, 900], data[0].GetProperty("x").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Equal([0.0, 1], data[0].GetProperty("y").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Equal("waits for a child", data[3].GetProperty("text")[0].GetString());
        Assert.Equal("wait4(-1,  &lt;unfinished ...>", data[4].GetProperty("text")[0].GetString());
        Assert.Contains("1001 x user mode 900", Timeline.Plot().Description, StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_cuts_a_timeline_and_an_empty_one_is_refused()
    {
        JsonElement data = Parse(Timeline.Plot(500, 1050)).GetProperty("data");
        Assert.Equal([500.0], data[0].GetProperty("base").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Equal([500.0], data[0].GetProperty("x").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Contains("from 0 to 2000", Assert.Throws<ArgumentException>(() => Timeline.Plot(3000, 4000)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Intervals_too_short_to_be_seen_are_drawn_together_and_keep_their_length()
    {
        TaskInterval[] short_ = [.. Enumerable.Range(0, 20_000).Select(index =>
            new TaskInterval(index % 2 == 0 ? TaskMode.User : TaskMode.Kernel, index * 256, (index + 1) * 256, null))];
        Timeline busy = Timeline with { End = 20_000 * 256, Tasks = [Timeline.Tasks[0] with { Intervals = short_ }] };
        double[] lengths = [.. Parse(busy.Plot()).GetProperty("data").EnumerateArray().Where(trace => trace.GetProperty("type").GetString() == "bar")
            .SelectMany(trace => trace.GetProperty("x").EnumerateArray().Select(value => value.GetDouble()))];
        Assert.InRange(lengths.Length, 1, 3000);
        Assert.Equal(20_000, lengths.Sum(), precision: 3);
    }

    [Fact]
    public void A_timeline_as_text_has_a_letter_for_each_piece_of_time()
    {
        string[] lines = Timeline.ToText().Split('\n');
        Assert.Contains("1000 sh |" + new string('u', 36) + new string('K', 4) + new string('.', 32) + "|", lines);
        Assert.Contains("1001 x  |" + new string(' ', 18) + new string('-', 22) + new string('u', 32) + "|", lines);
    }

    [Fact]
    public void A_memory_map_as_text_is_what_proc_shows()
    {
        Assert.Equal("""
            memory of process 1000 (sh) at its exit_group, cycle 1,000

            00401000-00403000 r-xp 00001000 00:19 22                                 /bin/<sh>
            7ffcedc56000-7ffcedc77000 rw-p 00000000 00:00 0                          [stack]

            """.ReplaceLineEndings("\n"), ObservationSamples.Map.ToText());
    }

    [Fact]
    public void A_call_is_found_by_its_name_and_a_missing_one_is_told()
    {
        Assert.Equal(2, Profile["write"].Count);
        Assert.Contains("it called read, write", Assert.Throws<ArgumentException>(() => Profile["open"]).Message, StringComparison.Ordinal);
    }

    private static JsonElement Parse(PlotlyFigure figure) => JsonDocument.Parse(figure.ToJson()).RootElement;

    private static string[] Names(JsonElement data) => [.. data.EnumerateArray().Select(trace => trace.GetProperty("name").GetString()!)];
}
