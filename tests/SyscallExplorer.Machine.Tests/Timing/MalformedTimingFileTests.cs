using System.Text.Json.Nodes;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

public sealed class MalformedTimingFileTests
{
    [Fact]
    public void The_small_file_itself_is_right()
    {
        var cpu = TimingFile.Parse(TimingFile.Small());

        Assert.Equal((3, 2), cpu.TscRatio);
        Assert.Equal(384, cpu.FigureOf(TimingEvent.PageWalk4K)?.Cost);
    }

    [Fact]
    public void A_base_with_a_base_of_its_own_is_named()
    {
        JsonObject file = TimingFile.Small();
        file["base"] = "PantherLake";

        Expect(file, "small.json: 'base' names 'PantherLake', which has a base itself. A base must have all its figures in its own file.");
    }

    [Fact]
    public void What_is_wrong_with_a_taken_branch_is_named()
    {
        JsonObject file = TimingFile.Small();
        file["branchPredictor"]!["taken"]!["jump"] = 0;

        Expect(file, "small.json: branchPredictor, taken, 'jump': it must be a whole number above zero.");
    }

    [Fact]
    public void A_missing_source_is_named() =>
        Expect(Spoil(figure => figure.Remove("source")), "small.json: the figure 'add r,m', 'source': the field is missing, and it must be there.");

    [Fact]
    public void A_blank_source_is_named() =>
        Expect(Spoil(figure => figure["source"] = " "), "small.json: the figure 'add r,m', 'source': it must be a text that is not blank.");

    [Fact]
    public void A_negative_cost_is_named() =>
        Expect(Spoil(figure => figure["low"] = -1), "small.json: the figure 'add r,m', 'low': a cost cannot be negative, and this is -1.");

    [Fact]
    public void An_interval_upside_down_is_named() => Expect(
        Spoil(figure => figure["low"] = 3),
        "small.json: the figure 'add r,m', 'low': it is 3, above 'high', which is 2; the interval must run from low to high.");

    [Fact]
    public void A_cost_outside_its_interval_is_named() =>
        Expect(Spoil(figure => figure["cycles"] = 2.5), "small.json: the figure 'add r,m', 'cycles': 2.5 must lie in the interval from 1 to 2.");

    [Fact]
    public void A_cost_that_is_no_number_is_named() =>
        Expect(Spoil(figure => figure["cycles"] = "two"), "small.json: the figure 'add r,m', 'cycles': it must be a number, of at most 1000000000.");

    [Fact]
    public void An_unknown_confidence_is_named() => Expect(
        Spoil(figure => figure["confidence"] = "certain"),
        "small.json: the figure 'add r,m', 'confidence': 'certain' is none of published, fitted, assumed.");

    [Fact]
    public void Another_unit_is_named() => Expect(
        Spoil(figure => figure["unit"] = "ns"),
        "small.json: the figure 'add r,m', 'unit': it must be 'cycles', the clock cycles of the core, not 'ns'.");

    [Fact]
    public void An_unknown_field_is_told_the_nearest() =>
        Expect(Spoil(figure => figure["sauce"] = "x"), "small.json: the figure 'add r,m', 'sauce': there is no such field. Did you mean 'source'?");

    [Theory]
    [InlineData("iretqq r,m", "the figure 'iretqq r,m' can never be used. No mnemonic is named 'iretqq'. Did you mean 'iretq'?")]
    [InlineData("add r,q", "the figure 'add r,q' can never be used. 'q' is no kind of operand. The kinds are ")]
    [InlineData("add x,x", "the figure 'add x,x' can never be used. No form of add has the operands x,x. Its operands are m,i; m,r; r,i; r,m; r,r.")]
    [InlineData("rep add", "the figure 'rep add' can never be used. No family of string instructions is named 'add'.")]
    [InlineData("code:Iretx", "the figure 'code:Iretx' can never be used. No instruction code is named 'Iretx'. Did you mean 'Iretd'?")]
    [InlineData("event:pageWalk4k", "the figure 'event:pageWalk4k' can never be used. No event is named 'event:pageWalk4k'. Did you mean 'event:pageWalk4K'?")]
    [InlineData("add r,m with care", "the figure 'add r,m with care' can never be used. A key is a mnemonic, a blank and the kinds of its operands, such as 'add r,m'.")]
    public void A_key_that_nothing_can_reach_is_named(string key, string sentence) => Expect(Spoil(figure => figure["key"] = key), "small.json: " + sentence);

    [Fact]
    public void A_duplicate_key_is_named()
    {
        var file = TimingFile.Small();
        file["figures"]!.AsArray().Insert(0, TimingFile.Figure("add r,m"));

        Expect(file, "small.json: the figure 'add r,m' is there twice. Keep one of the two.");
    }

    [Fact]
    public void Figures_out_of_order_are_named()
    {
        var file = TimingFile.Small();
        file["figures"]!.AsArray().Add(TimingFile.Figure("cld"));

        Expect(file, "small.json: the figure 'cld' stands after 'other string'. Figures are sorted by key, in ordinal order.");
    }

    [Theory]
    [InlineData("other")]
    [InlineData("event:branchMispredict")]
    public void A_missing_figure_that_every_file_needs_is_named(string key)
    {
        var file = TimingFile.Small();
        file["figures"]!.AsArray().Remove(TimingFile.FigureIn(file, key));

        Expect(file, $"small.json: there is no figure '{key}'. Every file must have one, so that every instruction and event has a cost.");
    }

    [Fact]
    public void Ways_that_do_not_divide_the_entries_are_named()
    {
        var file = TimingFile.Small();
        file["tlb"]!["l2Ways"] = 5;

        Expect(file, "small.json: tlb, 'l2Ways': it must divide l2Entries, which is 16.");
    }

    [Fact]
    public void A_predictor_size_that_is_no_power_of_two_is_named()
    {
        var file = TimingFile.Small();
        file["branchPredictor"]!["targetEntries"] = 7000;

        Expect(file, "small.json: branchPredictor, 'targetEntries': it must be a power of two, not 7000.");
    }

    [Fact]
    public void A_port_that_the_core_has_not_is_named_with_those_it_has()
    {
        var file = TimingFile.Small();
        var figure = TimingFile.FigureIn(file, "other");
        (figure["uops"], figure["latency"], figure["ports"]) = (1, 1, "a|c");

        Expect(file, "small.json: the figure 'other', 'ports': no port is named 'c'; the ports are a, b, l, s.");
    }

    [Fact]
    public void A_figure_with_ports_must_say_its_latency_too()
    {
        var file = TimingFile.Small();
        var figure = TimingFile.FigureIn(file, "other");
        (figure["uops"], figure["ports"]) = (1, "a");

        Expect(file, "small.json: the figure 'other', 'latency': the field is missing, and it must be there.");
    }

    [Fact]
    public void A_file_without_a_base_must_describe_its_pipeline()
    {
        var file = TimingFile.Small();
        file.Remove("pipeline");

        Expect(file, "small.json: the file, 'pipeline': the field is missing, and it must be there.");
    }

    [Fact]
    public void Text_that_is_not_Json_is_told_where()
    {
        var e = Assert.Throws<TimingDataException>(() => Microarchitecture.Parse("{\n  \"name\" 1", "small.json"));

        Assert.Equal("small.json: this is not JSON at line 2, byte 10. A file of timing figures is one JSON object.", e.Message);
    }

    [Fact]
    public void Json_that_is_no_object_is_told_so()
    {
        var e = Assert.Throws<TimingDataException>(() => Microarchitecture.Parse("[]", "small.json"));

        Assert.StartsWith("small.json: the file must be a JSON object with name, vendor, part,", e.Message);
    }

    private static JsonObject Spoil(Action<JsonObject> change)
    {
        var file = TimingFile.Small();
        change(TimingFile.FigureIn(file, "add r,m"));
        return file;
    }

    private static void Expect(JsonObject file, string sentence) =>
        Assert.StartsWith(sentence, Assert.Throws<TimingDataException>(() => TimingFile.Parse(file)).Message);
}
