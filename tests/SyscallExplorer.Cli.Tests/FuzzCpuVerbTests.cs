using SyscallExplorer.Silicon;
using Xunit;

namespace SyscallExplorer.Cli.Tests;

/// <summary>The comparison with the host's processor from the command line.</summary>
public sealed class FuzzCpuVerbTests
{
    [SkippableFact]
    public async Task A_case_that_agrees_gives_0_and_one_that_is_none_gives_2_and_a_sentence()
    {
        Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);
        Result agreed = await Sysx.RunAsync("fuzz-cpu", "--case", "64 01c8 rax=1 rcx=2");
        Assert.Equal(0, agreed.ExitCode);
        Assert.Contains("Nothing differs.", agreed.Output, StringComparison.Ordinal);
        Result wrong = await Sysx.RunAsync("fuzz-cpu", "--case", "64 01c8 eax=1");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("'eax' is no part of a case", wrong.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_page_of_what_is_covered_gives_every_form_that_is_not_compared_a_reason()
    {
        Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);
        string path = Path.Combine(Directory.CreateTempSubdirectory("sysx-coverage-").FullName, "page.md");
        Result run = await Sysx.RunAsync("fuzz-cpu", "--coverage", path);
        Assert.Equal(0, run.ExitCode);
        string page = await File.ReadAllTextAsync(path);
        Assert.Matches(@"- \d+ are compared with silicon", page);
        Assert.Contains("- `RDTSC` (0F 31)", page[page.IndexOf("### Answers for the host", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }
}
