namespace SyscallExplorer.Linux.Tests;

/// <summary>The division without a division.</summary>
public sealed class DivideByThousandTests
{
    [Fact]
    public void It_is_exact_around_each_multiple_of_a_thousand_and_at_the_ends()
    {
        var random = new Random(1);
        IEnumerable<uint> multiples = Enumerable.Range(0, 100_000).Select(_ => (uint)random.Next(1, 4_294_967) * 1000);
        foreach (uint value in multiples.SelectMany(multiple => (uint[])[multiple - 1, multiple, multiple + 999]).Concat((uint[])[0, 999_999_999, uint.MaxValue]))
            Assert.Equal(value / 1000, (value * (ulong)DivideByThousand.Multiplier) >> DivideByThousand.Shift);
    }
}
