using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>C programs that a notebook compiles.</summary>
public sealed class CProgramTests
{
    private const string Sum = "int main(int count, char **words) { return 40 + count; }";
    private static readonly Lab s_lab = Lab.Boot("5.13", "Skylake");

    [SkippableTheory]
    [InlineData(64, EntryPath.Syscall)]
    [InlineData(32, EntryPath.Sysenter)]
    public void A_program_is_compiled_and_its_calls_tell_their_way(int bitness, EntryPath path)
    {
        CProgram program = CProgram.Compile(Sum, bitness);
        Skip.If(program.Request is null, program.Reason);
        ProgramObservation seen = s_lab.Observe(program.Request!);
        Assert.Equal(41, seen.Run.ExitStatus);
        Assert.Equal(path, seen.Calls[^1].Path);
        Assert.All(seen.Calls, call => Assert.NotNull(call.Path));
    }

    [SkippableFact]
    public void The_same_source_gives_the_same_file_and_the_same_inputs()
    {
        CProgram program = CProgram.Compile(Sum);
        Skip.If(program.Request is null, program.Reason);
        CProgram again = CProgram.Compile(Sum);
        Assert.Equal(program.Request!.Elf!.Value.ToArray(), again.Request!.Elf!.Value.ToArray());
        Assert.Equal(s_lab.Run(program.Request).Inputs.Hash, s_lab.Run(again.Request).Inputs.Hash);
    }

    [SkippableFact]
    public void A_wrong_source_is_an_error_in_the_words_of_the_compiler()
    {
        CProgram fine = CProgram.Compile(Sum);
        Skip.If(fine.Request is null, fine.Reason);
        Assert.Contains("program.c:1", Assert.Throws<ArgumentException>(() => CProgram.Compile("int main(void) { return x; }")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_two_word_sizes_exist() => Assert.Throws<ArgumentException>(() => CProgram.Compile(Sum, 16));
}
