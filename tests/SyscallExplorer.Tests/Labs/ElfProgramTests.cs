using System.Text;
using SyscallExplorer.Linux;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Tests;

/// <summary>Static ELF files in a lab.</summary>
public sealed class ElfProgramTests : IDisposable
{
    private static readonly Lab s_lab = Lab.Boot("5.13", "Skylake");
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_file_runs_with_its_arguments_and_gives_bytes_and_text()
    {
        // Writes the first argument, then what it reads, and exits with the number of arguments.
        File.WriteAllBytes(_file, ElfImage.Program(a =>
        {
            a.mov(rbx, __qword_ptr[rsp]);
            a.mov(rsi, __qword_ptr[rsp + 16]);
            a.mov(edx, 2);
            a.mov(edi, 1);
            a.mov(eax, 1);
            a.syscall();
            a.sub(rsp, 64);
            a.mov(rsi, rsp);
            a.mov(edx, 64);
            a.xor(edi, edi);
            a.xor(eax, eax);
            a.syscall();
            a.mov(edx, eax);
            a.mov(edi, 1);
            a.mov(eax, 1);
            a.syscall();
            a.mov(edi, ebx);
            a.mov(eax, 231);
            a.syscall();
        }).ToBytes());
        ProgramRun run = s_lab.Run(_file, ["hi", "you"], input: " there");
        Assert.Equal("hi there", run.Output);
        Assert.Equal("hi there"u8.ToArray(), run.OutputBytes.ToArray());
        Assert.Equal(3, run.ExitStatus);
        Assert.Null(run.Signal);
        Assert.Contains("exit status 3", run.ToText(), StringComparison.Ordinal);
        Assert.NotEqual(run.Inputs.Hash, s_lab.Run(_file, ["hi", "you"], input: "!").Inputs.Hash);
        Assert.Equal(run.Cost, s_lab.Run(_file, ["hi", "you"], input: " there").Cost);
    }

    [Fact]
    public void A_fatal_signal_is_named_and_reported()
    {
        File.WriteAllBytes(_file, ElfImage.Program(a => a.ud2(), 32).ToBytes());
        ProgramRun run = s_lab.Run(_file);
        Assert.Null(run.ExitStatus);
        Assert.Equal(SignalNumbers.SIGILL, run.Signal);
        Assert.Contains("SIGILL, ", run.ToText(), StringComparison.Ordinal);
        Assert.NotNull(run.Fatal);
    }

    [Fact]
    public void What_is_no_program_is_refused_with_its_name()
    {
        File.WriteAllText(_file, "#!/bin/sh\n", Encoding.ASCII);
        Assert.StartsWith(_file, Assert.Throws<ElfFormatException>(() => s_lab.Run(_file)).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => s_lab.Run(_file + ".absent"));
    }
}
