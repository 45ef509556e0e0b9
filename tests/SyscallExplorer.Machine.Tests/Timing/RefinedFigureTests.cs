using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>WRMSR and IRET cost what they do: by the register that is written, and by what is returned to.</summary>
public sealed class RefinedFigureTests
{
    [Theory]
    [InlineData(TimingDepth.Table)]
    [InlineData(TimingDepth.Pipeline)]
    public void An_IRET_that_stays_in_ring_0_has_a_figure_of_its_own(TimingDepth depth)
    {
        var bench = new MachineBench();

        Assert.Equal(["iret:sameLevel"], Charged(bench, depth, ReturnToRing0).Where(key => key.StartsWith("iret", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(TimingDepth.Table)]
    [InlineData(TimingDepth.Pipeline)]
    public void An_IRET_to_ring_3_costs_what_the_instruction_does(TimingDepth depth)
    {
        var bench = new MachineBench();

        Assert.Equal(["iretq"], Charged(bench, depth, a =>
        {
            a.push(BenchSelectors.UserData);
            a.push((int)(BenchLayout.UserStackTop - 0x100));
            a.push((int)Rflags.Fixed);
            a.push(BenchSelectors.UserCode64);
            a.push((int)BenchLayout.UserCode);
            a.iretq();
        }).Where(key => key.StartsWith("iret", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(Msr.FsBase, "wrmsr:IA32_FS_BASE")]
    [InlineData(Msr.KernelGsBase, "wrmsr:IA32_KERNEL_GS_BASE")]
    [InlineData(Msr.TscDeadline, "wrmsr:IA32_TSC_DEADLINE")]
    [InlineData(Msr.Star, "wrmsr")]
    public void A_WRMSR_costs_what_its_register_does(uint register, string key)
    {
        foreach (TimingDepth depth in Enum.GetValues<TimingDepth>())
            Assert.Equal([key], Charged(new MachineBench(), depth, Write(register)).Where(charged => charged.StartsWith("wrmsr", StringComparison.Ordinal)));
    }

    [Fact]
    public void At_the_Table_depth_figures_times_uses_are_the_clock()
    {
        var bench = new MachineBench();
        long before = bench.Cpu.Clock;
        Charged(bench, TimingDepth.Table, a =>
        {
            Write(Msr.FsBase)(a);
            Write(Msr.Star)(a);
            ReturnToRing0(a);
        });

        Assert.Equal(bench.Cpu.Clock - before, bench.Cpu.Model.Microarchitecture.Figures.Sum(figure => figure.Cost * bench.Cpu.FigureLedger![figure.Index]));
    }

    [Fact]
    public void At_the_Pipeline_depth_the_difference_of_two_registers_is_that_of_their_figures()
    {
        long Clock(uint register)
        {
            var bench = new MachineBench();
            Charged(bench, TimingDepth.Pipeline, Write(register));
            return bench.Cpu.Clock;
        }

        Microarchitecture core = new MachineBench().Cpu.Model.Microarchitecture;
        long Cost(string key) => core.Figures.Single(figure => figure.Key == key).Cost;

        Assert.Equal(Cost("wrmsr") - Cost("wrmsr:IA32_FS_BASE"), Clock(Msr.Star) - Clock(Msr.FsBase));
    }

    [Fact]
    public void A_write_that_faults_costs_what_the_instruction_does_whatever_was_written_before()
    {
        var bench = new MachineBench();

        Assert.Equal(["wrmsr", "wrmsr:IA32_FS_BASE"], Charged(bench, TimingDepth.Table, a =>
        {
            Label again = a.CreateLabel();
            a.xor(eax, eax);
            a.xor(edx, edx);
            a.mov(ecx, unchecked((int)Msr.FsBase));
            a.Label(ref again);
            a.wrmsr();
            a.mov(edx, 0x4000_0000);
            a.jmp(again);
        }).Where(key => key.StartsWith("wrmsr", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_another_core_does_in_a_case_says_nothing_beside_a_figure_of_ones_own()
    {
        Microarchitecture own = Microarchitecture.Load("Intel386");

        Assert.Equal(Confidence.Published, own.Figures.Single(figure => figure.Key == "iret:sameLevel").Confidence);
        Assert.DoesNotContain(Microarchitecture.Load("Intel486").Figures, figure => figure.Key == "iret:task");
        Assert.DoesNotContain(Microarchitecture.Load("Pentium").Figures, figure => figure.Key == "wrmsr:IA32_FS_BASE");
        Assert.Contains(Microarchitecture.Load("PantherLake").Figures, figure => figure.Key == "wrmsr:IA32_FS_BASE");
    }

    private static void ReturnToRing0(Assembler a)
    {
        Label behind = a.CreateLabel();
        a.mov(rax, rsp);
        a.push(BenchSelectors.KernelData);
        a.push(rax);
        a.pushfq();
        a.push(BenchSelectors.KernelCode64);
        a.lea(rcx, __[behind]);
        a.push(rcx);
        a.iretq();
        a.Label(ref behind);
        a.nop();
    }

    private static Action<Assembler> Write(uint register) => a =>
    {
        a.xor(eax, eax);
        a.xor(edx, edx);
        a.mov(ecx, unchecked((int)register));
        a.wrmsr();
    };

    /// <summary>The keys of the figures that a piece of code is charged, in their order.</summary>
    private static string[] Charged(MachineBench bench, TimingDepth depth, Action<Assembler> code)
    {
        Processor cpu = bench.Cpu;
        cpu.TimingDepth = depth;
        cpu.FigureLedger = new long[cpu.Model.Microarchitecture.Figures.Count];
        bench.Place(BenchMode.Kernel64, code);
        var trace = new Everything();
        RunResult result = cpu.Run(RunLimits.Instructions(1000), ref trace);
        Assert.Equal(StopReason.Halted, result.Reason);
        return [.. cpu.Model.Microarchitecture.Figures.Where(figure => cpu.FigureLedger[figure.Index] > 0).Select(figure => figure.Key)];
    }

    private struct Everything : IInstructionTrace
    {
        public readonly bool Before(Processor cpu, in Instruction instruction) => true;

        public readonly void After(Processor cpu, in InstructionStep step)
        {
        }
    }
}
