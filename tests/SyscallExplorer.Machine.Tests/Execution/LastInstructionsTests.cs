using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The end of a run names the instructions that led to it.</summary>
public class LastInstructionsTests
{
    private readonly MachineBench _bench = new();

    [Fact]
    public void A_budget_end_names_where_it_was_and_what_came_before()
    {
        RunResult result = Run(5, a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.inc(eax);
            a.db(0x48, 0x8D, 0x1D, 7, 0, 0, 0);
            a.jmp(loop);
        });
        Assert.Equal(StopReason.InstructionBudget, result.Reason);
        Assert.Equal(
            ["inc eax", "lea rbx, [0x100010]", "jmp short 0x100000", "inc eax", "lea rbx, [0x100010]"],
            result.LastInstructions.Select(instruction => instruction.Text));
        Assert.Equal(
            "The instruction budget is used up at 10:0000000000100009. The last instructions: 100000 inc eax; 100002 lea rbx, [0x100010]; "
            + "100009 jmp short 0x100000; 100000 inc eax; 100002 lea rbx, [0x100010].",
            result.Message);
    }

    [Fact]
    public void At_most_sixteen_are_kept_and_the_newest_are()
    {
        RunResult result = Run(40, a =>
        {
            for (int i = 0; i < 100; i++)
                a.add(eax, i);
        });
        Assert.Equal(Enumerable.Range(24, 16).Select(i => $"add eax, {Number(i)}"), result.LastInstructions.Select(instruction => instruction.Text));
    }

    [Fact]
    public void A_repeated_instruction_counts_once_and_one_that_faulted_counts()
    {
        _bench[Gpr.Rcx] = 0x20;
        _bench[Gpr.Rdi] = BenchLayout.KernelData + 0xFF0;
        _bench.Unmap(BenchLayout.KernelData + 0x1000);
        _bench.WriteBytes(BenchLayout.Handlers + (int)Vector.PageFault * 16, 0xEB, 0xFE);
        RunResult result = Run(20, a => { a.mov(al, 1); a.rep.stosb(); });
        Assert.Equal(["mov al, 1", "rep stosb [rdi]", "jmp short 0x630e0"], result.LastInstructions.Take(3).Select(instruction => instruction.Text));
    }

    [Fact]
    public void A_run_that_is_cut_into_pieces_names_the_same_ones()
    {
        Action<Assembler> code = a => { a.nop(); a.inc(eax); a.inc(ebx); a.inc(ecx); a.inc(edx); };
        RunResult whole = Run(4, code);
        var other = new MachineBench();
        other.Place(BenchMode.Kernel64, code);
        for (int i = 0; i < 3; i++)
            other.Step();
        Assert.Equal(whole.LastInstructions, other.Step().LastInstructions);
    }

    [Fact]
    public void An_endless_repetition_is_named_where_its_budget_ends()
    {
        _bench[Gpr.Rcx] = ulong.MaxValue;
        _bench[Gpr.Rdi] = BenchLayout.LargePages;
        RunResult result = Run(1000, a => { a.mov(al, 0); a.repe.scasb(); });
        Assert.StartsWith("The instruction budget is used up at 10:0000000000100002.", result.Message);
        Assert.Equal(["mov al, 0", "repe scasb [rdi]"], result.LastInstructions.Select(instruction => instruction.Text));
    }

    [Fact]
    public void A_halt_that_nothing_ends_is_explained_too_and_a_trace_is_not()
    {
        RunResult result = Run(10, a => { a.cli(); a.hlt(); });
        Assert.Equal(StopReason.Halted, result.Reason);
        Assert.EndsWith("and no interrupt will wake it. The last instructions: 100000 cli; 100001 hlt.", result.Message);
        _bench.Place(BenchMode.Kernel64, a => a.nop());
        var trace = new StopAtOnce();
        RunResult stopped = _bench.Cpu.Run(RunLimits.Instructions(1), ref trace);
        Assert.Equal(StopReason.Trace, stopped.Reason);
        Assert.Empty(stopped.LastInstructions);
    }

    private static string Number(int value) => value < 10 ? $"{value}" : $"0x{value:x}";

    private RunResult Run(long budget, Action<Assembler> code)
    {
        _bench.Place(BenchMode.Kernel64, code);
        return _bench.Cpu.Run(RunLimits.Instructions(budget));
    }

    private struct StopAtOnce : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction) => false;

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
