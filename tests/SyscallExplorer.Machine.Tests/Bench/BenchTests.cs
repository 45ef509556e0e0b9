using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

public sealed class BenchTests
{
    public static TheoryData<BenchMode> Modes => new(Enum.GetValues<BenchMode>());

    [Theory, MemberData(nameof(Modes))]
    public void Code_of_every_mode_runs_to_its_end(BenchMode mode)
    {
        var bench = new MachineBench();
        BenchRun run = bench.Complete(mode, a =>
        {
            a.mov(eax, 0x12345678);
            a.add(eax, 1);
            a.push(ax);
            a.pop(cx);
        });
        Assert.Equal(0x12345679u, bench[Gpr.Rax]);
        Assert.Equal(0x5679, (ushort)bench[Gpr.Rcx]);
        Assert.Equal(MachineBench.StackTop(mode), run.Rsp);
    }

    [Theory, MemberData(nameof(Modes))]
    public void A_bench_can_run_code_again_and_again(BenchMode mode)
    {
        var bench = new MachineBench();
        bench.Complete(mode, a => a.mov(ecx, 5));
        bench.Complete(mode, a => a.inc(ecx));
        bench.Rewind();
        bench.Go();
        Assert.Equal(7u, bench[Gpr.Rcx]);
    }

    [Theory, MemberData(nameof(Modes))]
    public void An_exception_is_seen_with_its_frame(BenchMode mode)
    {
        var bench = new MachineBench { Flags = Rflags.CF };
        TakenException taken = bench.Fault(mode, a =>
        {
            a.nop();
            a.ud2();
        });
        Assert.Equal(Vector.InvalidOpcode, taken.Vector);
        Assert.Null(taken.ErrorCode);
        Assert.Equal((mode == BenchMode.Kernel16 ? 0 : MachineBench.CodeAddress(mode)) + 1, taken.Rip);
        Assert.Equal(MachineBench.StackTop(mode), taken.Rsp);
        Assert.Equal(Rflags.CF | Rflags.Fixed | Rflags.RF, taken.Flags);
    }

    [Fact]
    public void A_page_fault_is_seen_with_its_error_code_and_address()
    {
        var bench = new MachineBench();
        bench.Unmap(BenchLayout.UserData);
        TakenException taken = bench.Fault(BenchMode.User64, a => a.mov(__qword_ptr[BenchLayout.UserData + 8], rax));
        Assert.Equal((Vector.PageFault, 6u), (taken.Vector, taken.ErrorCode!.Value));
        Assert.Equal(BenchLayout.UserData + 8, bench.Cpu.Registers.ControlRegister2);
    }
}
