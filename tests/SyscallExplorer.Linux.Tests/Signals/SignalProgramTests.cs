namespace SyscallExplorer.Linux.Tests;

/// <summary>Programs of a real compiler that live on signals: what they write must be the same here and on the host.</summary>
public sealed class SignalProgramTests
{
    public static TheoryData<string, int> Programs() => new()
    {
        { "jobs", 64 }, { "jobs", 32 }, { "corners", 64 }, { "corners", 32 }, { "threads", 64 }, { "threads", 32 },
    };

    [SkippableTheory]
    [InlineData("jobs")]
    [InlineData("corners")]
    [InlineData("threads")]
    public void A_program_of_another_C_library_does_too(string name) => Assert.Equal(0, HostProgram.Compare(name, HostCompiler.Musl).ExitStatus);

    [SkippableTheory]
    [MemberData(nameof(Programs))]
    public void A_program_sees_the_same_signals_as_on_the_host(string name, int bitness) =>
        Assert.Equal(0, HostProgram.Compare(name, bitness).ExitStatus);
}
