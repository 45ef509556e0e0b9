using SyscallExplorer.Machine;
using Xunit;
using Xunit.Abstractions;

namespace SyscallExplorer.Silicon.Tests;

/// <summary>The emulated processor against the one that the tests run on.</summary>
public sealed class CampaignTests(ITestOutputHelper output)
{
    private const ulong Seed = 20_260_101;
    private const long SampleSize = 3_000_000;
    private const int ShownFindings = 5;

    /// <summary>One case in so many may differ on a processor that nobody has looked at yet; a defect of a common part shows above that.</summary>
    private const int UnprovenShare = 50;

    [SkippableFact]
    public void A_sample_of_all_forms_ends_as_on_silicon()
    {
        Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);
        CampaignResult result = new SiliconCampaign(Seed).RunCases(SampleSize);
        output.WriteLine($"{result.Cases:n0} cases, {result.FormCount} forms, {result.Elapsed.TotalSeconds:f0} s");
        foreach ((string reason, long count) in result.KnownDifferences)
            output.WriteLine($"{count,8:n0} {reason}");

        IEnumerable<string> findings = result.Examples.GroupBy(example => example.Code).Take(ShownFindings).Select(group => Reproduction.Describe(group.First()));
        long granted = HostProcessor.IsProven ? 0 : result.Cases / UnprovenShare;
        output.WriteLine($"{result.MismatchCount:n0} mismatches; {granted:n0} are granted to this processor.");
        Assert.True(result.MismatchCount <= granted, $"{result.MismatchCount} mismatches. {string.Join(Environment.NewLine, findings)}");
        var catalog = new FormCatalog(HostProcessor.Model);
        Assert.All(catalog.Forms64.Concat(catalog.Forms32).Concat(catalog.Forms16), form => Assert.True(result.CasesByForm[(int)form.Code] > 0, $"{form.Code} had no case."));
        if (HostProcessor.IsProven)
            Assert.Equal(0, result.WorkerDeaths);
    }

    [SkippableFact]
    public void Equal_seeds_give_equal_campaigns()
    {
        Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);
        CampaignResult first = new SiliconCampaign(Seed + 1).RunCases(20_000);
        CampaignResult second = new SiliconCampaign(Seed + 1).RunCases(20_000);
        Assert.Equal(first.CasesByForm, second.CasesByForm);
        Assert.Equal(first.CompletedByForm, second.CompletedByForm);
    }

    [SkippableFact]
    public void A_planted_defect_is_found_and_reduced_to_what_it_takes()
    {
        Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);

        // RDX is wrong whenever bit 5 of RCX is set at the end of an instruction that raised nothing.
        static void Defect(EndState end)
        {
            if (end.Kind == EndKind.Completed && (end.Registers[(int)Gpr.Rcx] & 32) != 0)
                end.Registers[(int)Gpr.Rdx] ^= 1;
        }

        CampaignResult result = new SiliconCampaign(Seed) { Defect = Defect }.RunCases(4_000);
        Assert.InRange(result.MismatchCount, 100, result.Cases);
        Mismatch found = result.Examples.First(example => example.Case.Bitness == 64 && example.Code == Iced.Intel.Code.Nop_rm32
            || example.Code.ToString().StartsWith("Mov_", StringComparison.Ordinal) || example.Code.ToString().StartsWith("Add_", StringComparison.Ordinal));
        using var runner = new SiliconRunner(HostProcessor.Model) { Defect = Defect };
        SiliconCase smallest = new Shrinker(runner).Shrink(found.Case, found.Code);

        IReadOnlyList<Difference> differences = SiliconComparison.Compare(runner, smallest, out Iced.Intel.Instruction instruction);
        Assert.Equal(found.Code, instruction.Code);
        Assert.Equal("RDX", Assert.Single(differences).What);
        Assert.True(smallest.ToString().Length < found.Case.ToString().Length / 10, smallest.ToString());
        Assert.DoesNotContain("image+", smallest.ToString(), StringComparison.Ordinal);

        string test = Reproduction.Describe(smallest, found.Code, differences, instruction);
        Assert.Contains($"SiliconComparison.Compare(\"{smallest}\")", test, StringComparison.Ordinal);
        Assert.Contains("[SkippableFact]", test, StringComparison.Ordinal);
    }
}
