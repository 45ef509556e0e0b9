using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

public sealed class MicroarchitectureTests
{
    public static TheoryData<string> Every => [.. Microarchitecture.Names];

    [Fact]
    public void The_names_are_in_alphabetical_order() => Assert.Equal(Microarchitecture.Names.Order(StringComparer.Ordinal), Microarchitecture.Names);

    [Theory, MemberData(nameof(Every))]
    public void Every_embedded_file_parses(string name)
    {
        var cpu = Microarchitecture.Load(name);

        Assert.Equal(name, cpu.Name);
        Assert.Contains(cpu.Vendor, new[] { "Intel", "AMD" });
        Assert.InRange(cpu.NominalGigahertz, 0.03, 6);
        Assert.NotEmpty(cpu.NominalGigahertzSource);
        Assert.Equal((1, 1), cpu.TscRatio);
    }

    [Theory, MemberData(nameof(Every))]
    public void Every_figure_has_a_source_and_lies_in_its_interval(string name) =>
        Assert.All(Microarchitecture.Load(name).Figures, figure =>
        {
            Assert.False(string.IsNullOrWhiteSpace(figure.Source));
            Assert.InRange(figure.Cost, figure.Low, figure.High);
            Assert.InRange(figure.Low, 0, long.MaxValue);
            Assert.Same(figure, Microarchitecture.Load(name).Figures[figure.Index]);
        });

    [Theory, MemberData(nameof(Every))]
    public void Every_fitted_figure_states_its_rule(string name) =>
        Assert.All(
            Microarchitecture.Load(name).Figures.Where(figure => figure.Confidence == Confidence.Fitted),
            figure => Assert.StartsWith("fitted: ", figure.Note));

    [Theory, MemberData(nameof(Every))]
    public void A_cost_is_the_files_number_rounded_to_1_256_of_a_cycle(string name)
    {
        using var document = JsonDocument.Parse(EmbeddedText(name));
        foreach (var figure in document.RootElement.GetProperty("figures").EnumerateArray())
        {
            var cost = Microarchitecture.Load(name).Figures.Single(f => f.Key == figure.GetProperty("key").GetString()).Cost;
            Assert.InRange(Math.Abs((cost / 256m) - figure.GetProperty("cycles").GetDecimal()), 0m, 1m / 512);
        }
    }

    [Theory, MemberData(nameof(Every))]
    public void The_data_hash_is_that_of_the_files_bytes_and_of_its_bases(string name)
    {
        using var document = JsonDocument.Parse(EmbeddedText(name));
        bool hasBase = document.RootElement.TryGetProperty("base", out JsonElement other);
        string text = EmbeddedText(name) + (hasBase ? EmbeddedText(other.GetString()!) : "");
        Assert.Equal(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text))).ToLowerInvariant(), Microarchitecture.Load(name).DataHash);
    }

    [Theory, MemberData(nameof(Every))]
    public void Every_event_has_a_figure(string name) =>
        Assert.All(Enum.GetValues<TimingEvent>().Where(e => !FigureKeys.OptionalEvents.Contains(e)), e => Assert.Equal(FigureKeys.Of(e), Microarchitecture.Load(name).FigureOf(e)?.Key));

    [Theory, MemberData(nameof(Every))]
    public void Every_instruction_code_has_a_figure(string name) =>
        Assert.All(Enum.GetValues<Code>(), code => Assert.NotNull(Microarchitecture.Load(name).FigureOf(new Instruction { Code = code })));

    [Theory, MemberData(nameof(Every))]
    public void The_call_into_the_host_costs_nothing(string name) =>
        Assert.Equal(0, Microarchitecture.Load(name).FigureOf(Instruction.Create(Code.Vmcall)).High);

    [Fact]
    public void A_microarchitecture_is_loaded_once_and_found_in_any_case() =>
        Assert.Same(Microarchitecture.Load("Skylake"), Microarchitecture.Load("skylake"));

    [Fact]
    public void An_unknown_name_is_told_the_nearest_and_all()
    {
        var e = Assert.Throws<ArgumentException>(() => Microarchitecture.Load("Skylke"));

        Assert.Equal($"No microarchitecture is named 'Skylke'. Did you mean 'Skylake'? Known microarchitectures: {string.Join(", ", Microarchitecture.Names)}.", e.Message);
    }

    [Fact]
    public void A_name_near_to_none_gets_only_the_list()
    {
        var e = Assert.Throws<ArgumentException>(() => Microarchitecture.Load("Itanium"));

        Assert.Equal($"No microarchitecture is named 'Itanium'. Known microarchitectures: {string.Join(", ", Microarchitecture.Names)}.", e.Message);
    }

    [Fact]
    public void The_weakest_confidence_is_the_largest() =>
        Assert.Equal(Confidence.Assumed, new[] { Confidence.Published, Confidence.Assumed, Confidence.Fitted }.Max());

    [Fact]
    public void What_a_file_takes_over_from_its_base_is_assumed_within_a_wider_interval()
    {
        Microarchitecture own = Microarchitecture.Load("PantherLake");
        Microarchitecture other = Microarchitecture.Load("Skylake");
        string[] optional = [.. FigureKeys.OptionalEvents.Select(FigureKeys.Of)];
        Assert.DoesNotContain(own.Figures, figure => figure.Key == FigureKeys.Of(TimingEvent.CpuidFeatureLeaf));
        Assert.All(other.Figures.Where(figure => !optional.Contains(figure.Key)), figure =>
        {
            Figure taken = own.Figures.Single(candidate => candidate.Key == figure.Key);
            Assert.Equal((figure.Cost, figure.Low / 2, figure.High * 2, Confidence.Assumed), (taken.Cost, taken.Low, taken.High, taken.Confidence));
            Assert.StartsWith("assumed to be as on Skylake: ", taken.Source);
        });
    }

    [Fact]
    public void Event_delivery_by_FRED_costs_what_the_IDT_does_where_a_file_has_no_figure_for_it()
    {
        Assert.Equal("event:exceptionDelivery", Microarchitecture.Load("Skylake").FigureOf(TimingEvent.FredDelivery)?.Key);
        Assert.Equal("event:fredDelivery", Microarchitecture.Load("PantherLake").FigureOf(TimingEvent.FredDelivery)?.Key);
    }

    private static Stream Embedded(string name) =>
        typeof(Microarchitecture).Assembly.GetManifestResourceStream($"microarchitectures/{name.ToLowerInvariant()}.json")!;

    private static string EmbeddedText(string name)
    {
        using var reader = new StreamReader(Embedded(name));
        return reader.ReadToEnd();
    }
}
