using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Tests;

/// <summary>Programs in a lab, and the lab's own time.</summary>
public sealed class LabTests
{
    [Fact]
    public void A_program_shows_its_output_and_status()
    {
        ProgramRun run = Lab.Boot("5.13", "Skylake").Run(a =>
        {
            Iced.Intel.Label text = a.CreateLabel();
            a.mov(edi, 1);
            a.lea(rsi, __[text]);
            a.mov(edx, 6);
            a.mov(eax, 1);
            a.syscall();
            a.mov(edi, 3);
            a.mov(eax, 231);
            a.syscall();
            a.Label(ref text);
            a.db("hello\n"u8.ToArray());
        });
        Assert.Equal("hello\n", run.Output);
        Assert.Equal(3, run.ExitStatus);
        Assert.Null(run.Fatal);
    }

    [Fact]
    public void A_program_that_never_ends_is_stopped_by_its_budget_with_a_sentence()
    {
        ProgramRun run = Lab.Boot("5.13", "Skylake").Run([0xEB, 0xFE], maxInstructions: 1000);
        Assert.Null(run.ExitStatus);
        Assert.Equal(1000, run.Instructions);
        Assert.Contains("instruction budget", run.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lab_goes_back_to_a_snapshot_and_on_to_the_same_bits()
    {
        Lab lab = Lab.Boot("5.13", "Skylake", "randomize_kstack_offset=on");
        lab.Load(a =>
        {
            Iced.Intel.Label loop = a.CreateLabel();
            a.mov(ebx, 50);
            a.Label(ref loop);
            a.mov(eax, 39);
            a.syscall();
            a.dec(ebx);
            a.jne(loop);
            a.mov(edi, eax);
            a.mov(eax, 231);
            a.syscall();
        });
        lab.Step(777);
        LinuxSnapshot snapshot = lab.Snapshot();
        Lab fork = lab.Fork();
        ProgramRun first = lab.Continue();
        long clock = lab.Machine.Processor.Clock;
        lab.Restore(snapshot);
        ProgramRun second = lab.Continue();
        ProgramRun forked = fork.Continue();
        Assert.Equal(TaskIdentity.Pid & 0xFF, first.ExitStatus);
        foreach (ProgramRun other in (ProgramRun[])[second, forked])
        {
            Assert.Equal(first.Cost, other.Cost);
            Assert.Equal(first.Instructions, other.Instructions);
            Assert.Equal(first.ExitStatus, other.ExitStatus);
        }

        Assert.Equal(clock, lab.Machine.Processor.Clock);
        Assert.Equal(clock, fork.Machine.Processor.Clock);
    }

    [Fact]
    public void Steps_and_one_run_are_the_same()
    {
        Action<Iced.Intel.Assembler> program = a =>
        {
            a.mov(eax, 39);
            a.syscall();
            a.mov(edi, eax);
            a.mov(eax, 231);
            a.syscall();
        };
        Lab stepped = Lab.Boot("5.13", "Zen2", "pti=on");
        stepped.Load(program);
        while (!stepped.Machine.IsOver)
            Assert.Equal(1, stepped.Step().Instructions);
        Lab whole = Lab.Boot("5.13", "Zen2", "pti=on");
        whole.Load(program);
        whole.Continue();
        Assert.Equal(whole.Machine.Processor.Clock, stepped.Machine.Processor.Clock);
        Assert.Equal(whole.Machine.Processor.InstructionCount, stepped.Machine.Processor.InstructionCount);
    }

    [Fact]
    public void A_program_that_cannot_be_assembled_says_why()
    {
        var error = Assert.Throws<ArgumentException>(() => Lab.Boot("5.13", "Skylake").Run(a => a.mov(rax, 1), bitness: 32));
        Assert.Contains("32-bit", error.Message, StringComparison.Ordinal);
    }
}
