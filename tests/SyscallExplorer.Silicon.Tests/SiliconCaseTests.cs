using Xunit;

namespace SyscallExplorer.Silicon.Tests;

/// <summary>Cases as text.</summary>
public sealed class SiliconCaseTests
{
    [Theory]
    [InlineData("64 480fafc1 rax=ffffffffffffffff rcx=2 flags=202")]
    [InlineData("32 f00fb10b at=20001040 rbx=10000ffe flags=40293 ds=f fs=1000 gs=7fff00000000 image+0=40 image+21=ff0002 data+ffe=0102")]
    public void A_case_reads_as_it_was_written(string text) => Assert.Equal(text, SiliconCase.Parse(text).ToString());

    [Theory]
    [InlineData("8 90", "64, 32 or 16")]
    [InlineData("64", "64, 32 or 16")]
    [InlineData("64 90 rax", "'rax' is no part")]
    [InlineData("64 90 xyz=1", "'xyz' is no part")]
    public void What_is_no_case_gets_a_sentence(string text, string part) =>
        Assert.Contains(part, Assert.Throws<FormatException>(() => SiliconCase.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_known_difference_has_a_reason_of_its_own() =>
        Assert.Equal(KnownDifferences.All.Count, KnownDifferences.All.Select(kind => kind.Reason).Distinct().Count());
}
