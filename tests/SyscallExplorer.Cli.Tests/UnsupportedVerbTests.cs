using Xunit;

namespace SyscallExplorer.Cli.Tests;

/// <summary>The list of what the processor does not execute yet.</summary>
public sealed class UnsupportedVerbTests
{
    [Fact]
    public async Task The_list_of_a_feature_counts_its_forms()
    {
        Result run = await Sysx.RunAsync("unsupported", "--feature", "SSE");
        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"\d+ of \d+ forms are supported\.", run.Output);
    }

    [Fact]
    public async Task What_is_built_is_not_in_the_list()
    {
        Result run = await Sysx.RunAsync("unsupported");
        Assert.DoesNotContain("SYSCALL", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("ADD r/m64, r64", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_feature_that_does_not_exist_gives_2_and_the_nearest()
    {
        Result run = await Sysx.RunAsync("unsupported", "--feature", "BMI3");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("Did you mean 'BMI", run.Error, StringComparison.Ordinal);
    }
}
