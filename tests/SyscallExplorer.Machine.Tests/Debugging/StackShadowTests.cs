using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>A load of SS holds debug exceptions back until the next instruction has ended, wherever that leads. SDM vol. 3A, 6.8.3 and 17.3.1.1.</summary>
public sealed class StackShadowTests
{
    private const ulong Entry = BenchLayout.KernelCode + 0x800;
    private const ulong Data = BenchLayout.UserData;
    private readonly MachineBench _bench = new();

    public StackShadowTests()
    {
        _bench.WriteBytes(Data, 0x2B, 0);
        _bench.Break(Data, Watch.Access, 2);
        _bench[Gpr.Rbx] = Data;
    }

    [Fact]
    public void A_watchpoint_that_it_hits_comes_after_the_next_instruction()
    {
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.mov(ss, __[rbx]); a.nop(); a.nop(); });
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 3, BenchBreakpoints.B0), (taken.Vector, taken.Rip, _bench.DebugStatus()));
    }

    [Fact]
    public void POP_SS_does_the_same()
    {
        _bench[Gpr.Rcx] = Data;
        TakenException taken = _bench.Fault(BenchMode.User32, a => { a.mov(esp, ecx); a.pop(ss); a.nop(); a.nop(); });
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 4), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void The_step_of_the_next_instruction_joins_it()
    {
        _bench.CountDebugExceptions();
        _bench.Flags = Rflags.TF;
        _bench.Place(BenchMode.User64, a => { a.mov(ss, __[rbx]); a.nop(); });
        _bench.Step();
        _bench.Step();
        Assert.Equal(BenchBreakpoints.BS | BenchBreakpoints.B0, _bench.DebugStatus());
    }

    [Fact]
    public void Before_INT_the_watchpoint_arrives_in_the_kernel_at_the_handlers_first_instruction()
    {
        _bench.SetGate(0x40, dpl: 3);
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.mov(ss, __[rbx]); a.@int(0x40); });
        Assert.Equal((Vector.Debug, BenchLayout.Handlers + 0x40 * 16, BenchSelectors.KernelCode64), (taken.Vector, taken.Rip, taken.Cs));
    }

    [Fact]
    public void Before_INT1_the_watchpoint_joins_the_exception_of_that_instruction()
    {
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.mov(ss, __[rbx]); a.int1(); });
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 3, BenchBreakpoints.B0), (taken.Vector, taken.Rip, _bench.DebugStatus()));
        Assert.NotEqual(BenchSelectors.KernelCode64, taken.Cs);
    }

    [Fact]
    public void Before_SYSCALL_the_watchpoint_arrives_in_the_kernel_on_the_users_stack()
    {
        _bench.Cpu.Registers.WriteMsr(Msr.Star, ((ulong)BenchSelectors.UserCode32 << 48) | ((ulong)BenchSelectors.KernelCode64 << 32));
        _bench.Cpu.Registers.WriteMsr(Msr.Lstar, Entry);
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.mov(ss, __[rbx]); a.syscall(); });
        Assert.Equal((Vector.Debug, Entry, BenchLayout.UserStackTop), (taken.Vector, taken.Rip, taken.Rsp));
    }

    [Fact]
    public void It_is_lost_when_the_next_instruction_faults()
    {
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, a => { a.mov(ss, __[rbx]); a.ud2(); }).Vector);
        Assert.Equal(0ul, _bench.DebugStatus());
    }

    [Fact]
    public void The_next_instructions_own_breakpoint_is_passed_over()
    {
        _bench.Cpu.Registers.SetDebug(7, 0);
        _bench.Break(BenchLayout.UserCode + 2);
        _bench.RunUser64(a => { a.mov(ss, __[rbx]); a.nop(); });
        _bench.Break(BenchLayout.UserCode + 3);
        Assert.Equal(BenchLayout.UserCode + 3, _bench.Fault(BenchMode.User64, a => { a.mov(ss, __[rbx]); a.nop(); a.nop(); }).Rip);
    }

    [Fact]
    public void A_run_that_stops_in_between_goes_on_as_if_it_had_not()
    {
        _bench.Place(BenchMode.User64, a => { a.mov(ss, __[rbx]); a.nop(); a.nop(); });
        _bench.Step();
        Assert.Equal((BenchLayout.UserCode + 2, 0ul), (_bench.Cpu.Registers.Rip, _bench.DebugStatus()));
        ProcessorSnapshot between = _bench.Cpu.Capture();
        _bench.Go();
        _bench.Cpu.Restore(between);
        Assert.Equal(BenchLayout.UserCode + 3, _bench.Go().Exception?.Rip);
    }
}
