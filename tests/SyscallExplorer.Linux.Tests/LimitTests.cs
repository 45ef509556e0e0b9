using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Linux.Tests.Guest;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Programs that want everything: the run ends, and says which limit, where, and how to raise it. The host is not harmed.</summary>
public sealed class LimitTests
{
    private const long Budget = 20_000_000;
    private const int Write = 1, MemoryMap = 9, Fork = 57, Exit = 60, Open = 2, Pause = 34, Unmap = 11;
    private const ulong Page = 4096;

    [Fact]
    public void A_fork_bomb_ends_at_the_limit_of_tasks()
    {
        RunResult result = Run(new ProgramLimits { Tasks = 40 }, a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            Call(a, Fork);
            a.jmp(again);
        }, out LinuxMachine machine);
        AssertSays(result, "The limit of 40 tasks is reached", "ProgramLimits.Tasks", "--max-tasks");
        Assert.True(machine.IsOver);
    }

    [Fact]
    public void Many_tasks_one_after_the_other_do_not_reach_the_limit()
    {
        RunResult result = Run(new ProgramLimits { Tasks = 3 }, a =>
        {
            Label again = a.CreateLabel(), parent = a.CreateLabel();
            a.mov(ebx, 50);
            a.Label(ref again);
            Call(a, Fork);
            a.test(eax, eax);
            a.jnz(parent);
            a.xor(edi, edi);
            Call(a, Exit);
            a.Label(ref parent);
            a.xor(edx, edx);
            a.xor(esi, esi);
            a.xor(r10d, r10d);
            a.mov(rdi, -1);
            Call(a, 61);
            a.dec(ebx);
            a.jnz(again);
            a.xor(edi, edi);
            Call(a, Exit);
        }, out LinuxMachine machine);
        Assert.True(machine.ExitStatus == 0, result.Message);
    }

    [Fact]
    public void A_memory_hog_ends_at_the_limit_of_memory()
    {
        RunResult result = Run(new ProgramLimits { MemoryBytes = 8 << 20 }, a =>
        {
            Label again = a.CreateLabel(), touch = a.CreateLabel();
            a.Label(ref again);
            a.xor(edi, edi);
            a.mov(esi, 1 << 20);
            a.mov(edx, 3);
            a.mov(r10d, 0x22);
            a.mov(r8, -1);
            a.xor(r9d, r9d);
            Call(a, MemoryMap);
            a.lea(rcx, __[rax + (1 << 20)]);
            a.Label(ref touch);
            a.mov(__byte_ptr[rax], 1);
            a.add(rax, (int)Page);
            a.cmp(rax, rcx);
            a.jb(touch);
            a.jmp(again);
        }, out _);
        AssertSays(result, "The limit of 8 MiB of memory is reached", "ProgramLimits.MemoryBytes", "--max-memory");
    }

    [Fact]
    public void Endless_output_ends_at_the_limit_of_output()
    {
        RunResult result = Run(new ProgramLimits { OutputBytes = 1 << 20 }, a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.mov(edi, 1);
            a.lea(rsi, __[rsp]);
            a.and(rsi, -(int)Page);
            a.mov(edx, (int)Page / 2);
            Call(a, Write);
            a.jmp(again);
        }, out LinuxMachine machine);
        AssertSays(result, "The limit of 1 MiB of output is reached", "ProgramLimits.OutputBytes", "--max-output");
        Assert.InRange(machine.Output.Length, (1 << 20) - (int)Page, 1 << 20);
    }

    [Fact]
    public void A_file_without_end_ends_at_the_limit_of_files()
    {
        RunResult result = Run(new ProgramLimits { FileBytes = 1 << 20 }, a =>
        {
            Label again = a.CreateLabel();
            a.mov(rax, 0x662f_706d_742f);
            a.push(0);
            a.push(rax);
            a.mov(rdi, rsp);
            a.mov(esi, 0x41);
            a.mov(edx, 0x180);
            Call(a, Open);
            a.mov(ebx, eax);
            a.Label(ref again);
            a.mov(edi, ebx);
            a.lea(rsi, __[rsp]);
            a.and(rsi, -(int)Page);
            a.mov(edx, (int)Page / 2);
            Call(a, Write);
            a.jmp(again);
        }, out _);
        AssertSays(result, "The limit of 1 MiB in files is reached", "ProgramLimits.FileBytes", "--max-files");
    }

    [Fact]
    public void A_program_that_unmaps_its_own_stack_is_killed_at_the_instruction_that_misses_it()
    {
        Run(ProgramLimits.Default, a =>
        {
            a.mov(rdi, rsp);
            a.and(rdi, -(int)Page);
            a.sub(rdi, 1 << 20);
            a.mov(esi, (1 << 20) + (int)Page);
            Call(a, Unmap);
            a.push(rax);
        }, out LinuxMachine machine);
        Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
        Assert.True(machine.Fatal?.ToString().Contains("push", StringComparison.Ordinal), machine.Fatal?.ToString());
    }

    [Fact]
    public void A_program_without_end_runs_as_long_as_it_is_allowed_to()
    {
        LinuxMachine machine = Load(ProgramLimits.Default, a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.jmp(again);
        });
        RunResult result = machine.Run(RunLimits.Instructions(100_000));
        Assert.Equal((StopReason.InstructionBudget, 100_000), (result.Reason, result.Instructions));
        result = machine.Run(RunLimits.Cycles(10_000));
        Assert.Equal(StopReason.CycleBudget, result.Reason);
        Assert.False(machine.IsOver);
    }

    [Fact]
    public void A_program_that_nothing_can_wake_is_told_of_and_not_waited_for()
    {
        RunResult result = Run(ProgramLimits.Default, a => Call(a, Pause), out _);
        Assert.Contains("Nothing in the machine can go on: process 1000", result.Message, StringComparison.Ordinal);
    }

    private static LinuxMachine Load(ProgramLimits limits, Action<Assembler> program)
    {
        LinuxMachine machine = LinuxMachine.Boot(Kernels.Linux_5_13, Cpus.Skylake, KernelOptions.Parse(""), limits: limits);
        machine.Load(UserProgram.Assemble(program, 64));
        return machine;
    }

    private static RunResult Run(ProgramLimits limits, Action<Assembler> program, out LinuxMachine machine)
    {
        machine = Load(limits, program);
        return machine.Run(RunLimits.Instructions(Budget));
    }

    private static void AssertSays(RunResult result, params ReadOnlySpan<string> parts)
    {
        foreach (string part in parts)
            Assert.Contains(part, result.Message, StringComparison.Ordinal);
    }
}
