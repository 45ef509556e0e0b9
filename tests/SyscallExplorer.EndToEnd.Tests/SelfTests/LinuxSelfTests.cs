using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Linux's own tests for x86 run on the kit's kernel, and pass.</summary>
public sealed class LinuxSelfTests
{
    private static readonly Lab s_lab = Lab.Boot("Linux_6_1", "Skylake");

    public static TheoryData<SelfTest> Rows() => [.. SelfTestRows.All];

    [SkippableTheory]
    [MemberData(nameof(Rows))]
    public void A_test_of_the_kernel_passes_in_the_kit(SelfTest test)
    {
        string program = SelfTestPrograms.Make(test);
        ProgramRun run = s_lab.Run(new ProgramRequest(program) { Root = test.IsDynamic ? "/" : null });
        string[] lines = run.Output.Split('\n');
        string said = $"{test} said:\n{run.Output}{run.Error}";
        Assert.True(run.ExitStatus == 0, said);
        Assert.True(!lines.Any(line => line.Contains("[FAIL]", StringComparison.Ordinal)), said);
        Assert.True(lines.Count(line => line.TrimStart().StartsWith("[OK]", StringComparison.Ordinal)) == test.Passed, said);
    }
}
