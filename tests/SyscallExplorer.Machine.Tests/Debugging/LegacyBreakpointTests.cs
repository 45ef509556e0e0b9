using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Breakpoints outside long mode, where tasks have some of their own. SDM vol. 3A, 7.3 and 17.2.4.</summary>
public sealed class LegacyBreakpointTests
{
    private const uint Data = LegacyLayout.UserData;
    private const ulong Local0 = 1;
    private const ulong Global1 = 8;
    private const ulong WritesOfBoth = 0x11ul << 16;

    public static TheoryData<LegacyPaging> Pagings => new(Enum.GetValues<LegacyPaging>());

    [Theory, MemberData(nameof(Pagings))]
    public void A_write_is_caught_with_and_without_paging(LegacyPaging paging)
    {
        var bench = new LegacyBench(paging);
        bench.Complete(a => a.mov(__byte_ptr[Data], 1));
        bench.Cpu.Registers.SetDebug(0, Data);
        bench.Cpu.Registers.SetDebug(7, Local0 | WritesOfBoth);
        LegacyEvent taken = bench.Fault(a => { a.mov(__byte_ptr[Data + 1], 1); a.mov(__byte_ptr[Data], 1); });
        Assert.Equal((Vector.Debug, LegacyLayout.KernelCode + 14), (taken.Vector, taken.Eip));
    }

    [Fact]
    public void A_task_switch_disables_local_breakpoints_and_keeps_global_ones()
    {
        const uint task = LegacyLayout.KernelCode + 0x800;
        var bench = new LegacyBench();
        bench.BuildTask(LegacyLayout.OtherTss, task, LegacyLayout.OtherStackTop);
        bench.Ram.Write(task, MachineBench.Assemble(32, task, a => { a.mov(__byte_ptr[Data], 1); a.mov(__byte_ptr[Data + 8], 1); }));
        bench.SetGate(0x40, type: Descriptor.TaskGate, selector: LegacySelectors.OtherTss);
        bench.Cpu.Registers.SetDebug(0, Data);
        bench.Cpu.Registers.SetDebug(1, Data + 8);
        bench.Cpu.Registers.SetDebug(7, Local0 | Global1 | WritesOfBoth | (WritesOfBoth << 4));
        LegacyEvent taken = bench.Fault(a => a.@int(0x40));
        Assert.Equal((Vector.Debug, task + 14), (taken.Vector, taken.Eip));
        Assert.Equal(Global1, bench.Cpu.Registers.Debug(7) & 0xFF);
    }

    [Fact]
    public void A_task_that_asks_for_it_is_trapped_before_its_first_instruction()
    {
        // SDM vol. 3A, 17.3.1.5.
        const ulong switched = 1 << 15;
        var bench = new LegacyBench();
        bench.Write32(LegacyLayout.OtherTss + 100, 1);
        bench.SetGate(0x40, type: Descriptor.TaskGate, selector: LegacySelectors.OtherTss);
        LegacyEvent taken = bench.Fault(a => a.@int(0x40));
        Assert.Equal((Vector.Debug, LegacyLayout.KernelCode), (taken.Vector, taken.Eip));
        Assert.Equal(switched, bench.Cpu.Registers.Debug(6) & switched);
    }
}
