using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>Comparisons at the Pipeline depth.</summary>
public sealed class PipelineDepthTests
{
    [Fact]
    public void A_cold_call_costs_more_than_a_warm_one() =>
        Assert.All(Lab.Boot("5.13", "Skylake").Compare("getpid").Rows, row => Assert.True(row.ColdCycles > row.Cycles, $"{row.Label}: {row.ColdCycles} cold, {row.Cycles} warm"));

    [Fact]
    public void Isolation_costs_more_without_pcids_because_the_tlb_is_empty()
    {
        PathCost with = Lab.Boot("5.13", "Haswell", "pti=on mds=off").Compare("getpid", EntryPath.Syscall).Rows[0];
        PathCost without = Lab.Boot("5.13", "Haswell", "pti=on mds=off nopcid").Compare("getpid", EntryPath.Syscall).Rows[0];

        // Fewer instructions, as no bit of CR3 has to be kept, and more cycles in those that touch memory.
        Assert.True(without.Instructions <= with.Instructions);
        Assert.True(Loads(without) > Loads(with) * 1.5, $"{Loads(without)} cycles of loads without, {Loads(with)} with");
        Assert.True(without.Cycles > with.Cycles);

        static long Loads(PathCost cost) => cost.Figures.Where(use => use.Figure.Timing is not null).Sum(use => use.Cost);
    }

    [Fact]
    public void What_happened_beside_the_instructions_is_counted_warm_and_cold()
    {
        PathCost kept = Lab.Boot("5.13", "Haswell", "pti=on").Compare("getpid", EntryPath.Syscall).Rows[0];
        PathCost emptied = Lab.Boot("5.13", "Haswell", "pti=on nopcid").Compare("getpid", EntryPath.Syscall).Rows[0];
        static double Of(IReadOnlyList<EventCount> events, TimingEvent e) => events.SingleOrDefault(count => count.Event == e)?.PerCall ?? 0;
        static double Walks(IReadOnlyList<EventCount> events) => Of(events, TimingEvent.PageWalk4K) + Of(events, TimingEvent.PageWalk2M);

        Assert.Equal((0, 0), (Walks(kept.Events), Of(kept.Events, TimingEvent.TlbFlushAll)));
        Assert.Equal(2, Of(emptied.Events, TimingEvent.TlbFlushAll));
        Assert.True(Walks(emptied.Events) > 0);
        Assert.True(Walks(kept.ColdEvents) > 0);
        Assert.True(Of(kept.ColdEvents, TimingEvent.BranchMispredict) > Of(kept.Events, TimingEvent.BranchMispredict));
    }

    [Fact]
    public void The_depth_is_one_of_the_inputs()
    {
        Lab lab = Lab.Boot("5.13", "Skylake");
        Comparison pipeline = lab.Compare("getpid"), table = lab.With(depth: TimingDepth.Table).Compare("getpid");

        Assert.Equal(("Pipeline", "Table"), (pipeline.Inputs.TimingDepth, table.Inputs.TimingDepth));
        Assert.NotEqual(pipeline.Inputs.Hash, table.Inputs.Hash);
        Assert.NotEqual(pipeline.Rows[0].Cost, table.Rows[0].Cost);
    }

    [Fact]
    public void A_machine_taken_back_to_a_snapshot_goes_on_with_the_same_cycles()
    {
        var machine = LinuxMachine.Boot(Kernels.Linux_5_13, Cpus.Skylake, KernelOptions.None);
        machine.Processor.TimingDepth = TimingDepth.Pipeline;
        machine.Load(UserProgram.Assemble(a =>
        {
            for (int i = 0; i < 20; i++)
            {
                a.mov(Iced.Intel.AssemblerRegisters.eax, 39);
                a.syscall();
            }
        }));
        machine.Run(RunLimits.Instructions(500));
        LinuxSnapshot snapshot = machine.Capture();
        long first = machine.Run(RunLimits.Instructions(700)).Clock;
        machine.Restore(snapshot);

        Assert.Equal(first, machine.Run(RunLimits.Instructions(700)).Clock);
    }

    [Fact]
    public void A_loop_of_the_authors_own_instructions_is_measured()
    {
        LoopCost cost = Lab.Boot("5.13", "Skylake").Measure("RDTSC", a => a.rdtsc());

        Assert.InRange(cost.Cycles, 25, 40);
        Assert.Equal("Pipeline", cost.Inputs.TimingDepth);
    }
}
