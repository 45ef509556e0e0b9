using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What branches that are taken cost though they are predicted, at the Pipeline depth.</summary>
public sealed class TakenBranchTests
{
    private const int Few = 20, Many = 60;

    [Theory]
    [InlineData("Skylake", 2)]
    [InlineData("Zen3", 1)]
    [InlineData("K8", 2)]
    public void A_jump_that_is_known_takes_the_front_end_its_cycles(string cpu, int cycles) =>
        Assert.Equal(cycles, WarmCyclesOfEach(cpu, Jump), 6);

    [Fact]
    public void A_jump_that_is_not_known_waits_for_the_decoder()
    {
        int unknown = Cpus.Skylake.Microarchitecture.Predictor.Taken.Unknown;

        Assert.Equal(unknown, ColdCyclesOfEach("Skylake", Jump) - WarmCyclesOfEach("Skylake", Jump), 6);
    }

    [Fact]
    public void A_call_and_its_return_take_what_both_do()
    {
        TakenBranchGeometry taken = Cpus.Skylake.Microarchitecture.Predictor.Taken;

        Assert.Equal(taken.Call + taken.Return + taken.Jump, WarmCyclesOfEach("Skylake", CallAndReturn), 6);
    }

    [Fact]
    public void What_the_front_end_loses_is_hidden_behind_work_that_takes_longer()
    {
        Assert.Equal(WarmCyclesOfEach("Skylake", Work), WarmCyclesOfEach("Skylake", a =>
        {
            Work(a);
            Jump(a);
        }), 6);

        static void Work(Assembler a)
        {
            for (int i = 0; i < 4; i++)
                a.imul(rax, rax);
        }
    }

    [Fact]
    public void A_buffer_knows_where_a_branch_went_the_last_time()
    {
        var buffer = new TargetBuffer(64);

        Assert.False(buffer.Learn(0x1000, 0x2000));
        Assert.True(buffer.Learn(0x1000, 0x2000));
        Assert.False(buffer.Learn(0x1000, 0x3000));
        Assert.True(buffer.Learn(0x1000, 0x3000));
        buffer.Clear();
        Assert.False(buffer.Learn(0x1000, 0x3000));
    }

    [Fact]
    public void A_set_of_four_forgets_the_branch_that_was_not_seen_for_longest()
    {
        const ulong sameSet = 16;
        var buffer = new TargetBuffer(64);
        for (ulong i = 0; i < 4; i++)
            buffer.Learn(0x1000 + (i * sameSet), 1);
        Assert.True(buffer.Learn(0x1000, 1));
        Assert.False(buffer.Learn(0x1000 + (4 * sameSet), 1));

        Assert.True(buffer.Learn(0x1000, 1));
        Assert.False(buffer.Learn(0x1000 + sameSet, 1));
    }

    private static void Jump(Assembler a)
    {
        Label next = a.CreateLabel();
        a.jmp(next);
        a.Label(ref next);
        a.nop();
    }

    private static void CallAndReturn(Assembler a)
    {
        Label function = a.CreateLabel(), behind = a.CreateLabel();
        a.call(function);
        a.jmp(behind);
        a.Label(ref function);
        a.ret();
        a.Label(ref behind);
        a.nop();
    }

    private static double WarmCyclesOfEach(string cpu, Action<Assembler> piece) => CyclesOfEach(cpu, piece, forgets: false);

    private static double ColdCyclesOfEach(string cpu, Action<Assembler> piece) => CyclesOfEach(cpu, piece, forgets: true);

    /// <summary>Of one of many equal pieces in a row. Code and data are in the caches; the target buffer is empty where it is to forget.</summary>
    private static double CyclesOfEach(string cpu, Action<Assembler> piece, bool forgets)
    {
        return (double)(Clock(Many) - Clock(Few)) / (Many - Few) / Figure.UnitsPerCycle;

        long Clock(int count)
        {
            var bench = new MachineBench(Cpus.Find(cpu));
            bench.Cpu.TimingDepth = TimingDepth.Pipeline;
            bench.Place(BenchMode.Kernel64, a =>
            {
                a.mov(rax, 1);
                for (int i = 0; i < count; i++)
                    piece(a);
            });
            bench.Go();
            bench.Rewind();
            if (forgets)
                bench.Cpu.ForgetBranchTargets();
            long before = bench.Cpu.Clock;
            bench.Go();
            return bench.Cpu.Clock - before;
        }
    }
}
