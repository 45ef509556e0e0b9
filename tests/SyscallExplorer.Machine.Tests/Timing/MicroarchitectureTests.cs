using System.Security.Cryptography;
using System.Text.Json;
using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

public sealed class MicroarchitectureTests
{
    public static TheoryData<string> Every => [.. Microarchitecture.Names];

    [Fact]
    public void The_names_are_in_alphabetical_order() => Assert.Equal(["Haswell", "Skylake", "Zen2"], Microarchitecture.Names);

    [Theory, MemberData(nameof(Every))]
    public void Every_embedded_file_parses(string name)
    {
        var cpu = Microarchitecture.Load(name);

        Assert.Equal(name, cpu.Name);
        Assert.Contains(cpu.Vendor, new[] { "Intel", "AMD" });
        Assert.InRange(cpu.NominalGigahertz, 1, 6);
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
    public void The_data_hash_is_that_of_the_files_bytes(string name)
    {
        using var stream = Embedded(name);

        Assert.Equal(Convert.ToHexString(SHA256.HashData(stream)).ToLowerInvariant(), Microarchitecture.Load(name).DataHash);
    }

    [Theory, MemberData(nameof(Every))]
    public void Every_event_has_a_figure(string name) =>
        Assert.All(Enum.GetValues<TimingEvent>(), e => Assert.Equal(FigureKeys.Of(e), Microarchitecture.Load(name).FigureOf(e).Key));

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

        Assert.Equal("No microarchitecture is named 'Skylke'. Did you mean 'Skylake'? Known microarchitectures: Haswell, Skylake, Zen2.", e.Message);
    }

    [Fact]
    public void A_name_near_to_none_gets_only_the_list()
    {
        var e = Assert.Throws<ArgumentException>(() => Microarchitecture.Load("Cortex"));

        Assert.Equal("No microarchitecture is named 'Cortex'. Known microarchitectures: Haswell, Skylake, Zen2.", e.Message);
    }

    [Fact]
    public void The_weakest_confidence_is_the_largest() =>
        Assert.Equal(Confidence.Assumed, new[] { Confidence.Published, Confidence.Assumed, Confidence.Fitted }.Max());

    private static Stream Embedded(string name) =>
        typeof(Microarchitecture).Assembly.GetManifestResourceStream($"microarchitectures/{name.ToLowerInvariant()}.json")!;

    private static string EmbeddedText(string name)
    {
        using var reader = new StreamReader(Embedded(name));
        return reader.ReadToEnd();
    }
}
