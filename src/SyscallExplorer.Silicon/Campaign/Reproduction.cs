using Iced.Intel;

namespace SyscallExplorer.Silicon;

/// <summary>Says of a mismatch what it takes to fix it: the instruction, what differs, and a test that fails until it does not.</summary>
public static class Reproduction
{
    /// <summary>Reduces a mismatch and describes it.</summary>
    /// <param name="mismatch">What a campaign found.</param>
    /// <returns>The instruction, its bytes, the table of differences, and the text of a test.</returns>
    public static string Describe(Mismatch mismatch)
    {
        using var runner = new SiliconRunner(HostProcessor.Model);
        SiliconCase smallest = new Shrinker(runner).Shrink(mismatch.Case, mismatch.Code);
        IReadOnlyList<Difference> differences = SiliconComparison.Compare(runner, smallest, out Instruction instruction);
        return differences.Count > 0
            ? Describe(smallest, mismatch.Code, differences, instruction)
            : $"{instruction} ({mismatch.Code}) differed in the campaign and does not on its own: {string.Join("; ", mismatch.Differences)}{Environment.NewLine}{mismatch.Case}";
    }

    internal static string Describe(SiliconCase smallest, Code code, IReadOnlyList<Difference> differences, in Instruction instruction)
    {
        int[] widths = [differences.Max(d => d.What.Length), differences.Max(d => d.Emulated.Length)];
        IEnumerable<string> rows = differences.Select(d => $"  {d.What.PadRight(widths[0])}  emulated {d.Emulated.PadRight(widths[1])}  native {d.Native}");
        return $$"""
            {{instruction}} ({{Convert.ToHexStringLower(smallest.Code)}}, {{code}}, {{smallest.Bitness}}-bit code)
            {{string.Join(Environment.NewLine, rows)}}

            [SkippableFact]
            public void {{code}}_ends_as_on_silicon()
            {
                Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);
                Assert.Empty(SiliconComparison.Compare("{{smallest}}"));
            }

            """;
    }
}
