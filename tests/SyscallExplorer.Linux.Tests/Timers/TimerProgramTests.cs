namespace SyscallExplorer.Linux.Tests;

/// <summary>Programs of a real compiler that live on futexes, restartable sequences and processor time: they must see the same here and on the host.</summary>
public sealed class TimerProgramTests
{
    public static TheoryData<string, int> Programs() => new()
    {
        { "inherit", 64 }, { "inherit", 32 }, { "sequences", 64 }, { "sequences", 32 }, { "sequences", HostCompiler.Musl },
        { "cputime", 64 }, { "cputime", 32 }, { "cputime", HostCompiler.Musl },
    };

    [SkippableTheory]
    [MemberData(nameof(Programs))]
    public void A_program_sees_the_same_as_on_the_host(string name, int bitness) =>
        Assert.Equal(0, HostProgram.Compare($"../Timers/{name}", bitness).ExitStatus);
}
