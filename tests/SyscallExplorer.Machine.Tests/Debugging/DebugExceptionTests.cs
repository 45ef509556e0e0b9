using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What #DB tells and what it switches off. SDM vol. 3A, 17.2.3, 17.3.1 and 17.4.3; table 6-2.</summary>
public sealed class DebugExceptionTests
{
    private const ulong Data = BenchLayout.UserData;
    private readonly MachineBench _bench = new();

    [Fact]
    public void A_step_and_a_data_breakpoint_of_one_instruction_are_one_exception()
    {
        _bench.CountDebugExceptions();
        _bench.Break(Data, Watch.Write, index: 1);
        _bench.Flags = Rflags.TF;
        _bench.RunUser64(a => a.mov(__byte_ptr[Data], 1));
        Assert.Equal((1ul, BenchBreakpoints.BS | 2), (_bench[Gpr.R15], _bench.DebugStatus()));
    }

    [Fact]
    public void Traps_of_an_instruction_come_before_the_breakpoint_of_the_next()
    {
        _bench.Break(BenchLayout.UserCode + 1);
        _bench.Flags = Rflags.TF;
        _bench.Fault(BenchMode.User64, a => { a.nop(); a.nop(); });
        Assert.Equal(BenchBreakpoints.BS, _bench.DebugStatus());
    }

    [Fact]
    public void B0_to_B3_tell_of_the_last_exception_and_the_other_bits_stay_until_software_clears_them()
    {
        _bench.Cpu.Registers.SetDebug(6, BenchBreakpoints.BS | 8);
        _bench.Break(BenchLayout.UserCode);
        _bench.Fault(BenchMode.User64, a => a.nop());
        Assert.Equal(BenchBreakpoints.BS | BenchBreakpoints.B0, _bench.DebugStatus());
    }

    [Theory, InlineData(true), InlineData(false)]
    public void General_detection_faults_before_any_access_to_debug_registers_and_lets_the_handler_through(bool write)
    {
        _bench.Cpu.Registers.SetDebug(7, 0x2000);
        _bench[Gpr.Rax] = 77;
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a =>
        {
            a.nop();
            if (write)
                a.mov(dr0, rax);
            else
                a.mov(rax, dr0);
        });
        Assert.Equal((Vector.Debug, BenchLayout.KernelCode + 1, Rflags.RF), (taken.Vector, taken.Rip, taken.Flags & Rflags.RF));
        Assert.Equal((BenchBreakpoints.BD, 0x400ul, 0ul, 77ul),
            (_bench.DebugStatus(), _bench.Cpu.Registers.Debug(7), _bench.Cpu.Registers.Debug(0), _bench[Gpr.Rax]));
    }

    [Fact]
    public void General_detection_comes_after_the_check_of_the_level()
    {
        _bench.Cpu.Registers.SetDebug(7, 0x2000);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.mov(rax, dr0)).Vector);
    }

    [Fact]
    public void INT1_is_a_trap_that_tells_nothing_in_DR6_and_is_no_step()
    {
        // SDM vol. 2A, INT1; vol. 3A, 6.8.3 and 17.3.1.6.
        _bench.Cpu.Registers.SetDebug(7, 0x2000);
        _bench.Flags = Rflags.TF;
        TakenException taken = _bench.Fault(BenchMode.User64, 0xF1);
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 1, Rflags.TF), (taken.Vector, taken.Rip, taken.Flags & Rflags.TF));
        Assert.Equal((0ul, 0x2400ul), (_bench.DebugStatus(), _bench.Cpu.Registers.Debug(7)));
    }

    [Fact]
    public void With_BTF_only_branches_that_are_taken_are_steps_and_the_exception_clears_it()
    {
        _bench.Cpu.Registers.WriteMsr(Msr.DebugCtl, 3);
        _bench.Flags = Rflags.TF | Rflags.ZF;
        TakenException taken = _bench.Fault(BenchMode.User64, a =>
        {
            Label target = a.CreateLabel();
            a.nop();
            a.jnz(target);
            a.nop();
            a.jz(target);
            a.nop();
            a.Label(ref target);
            a.nop();
        });
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 7), (taken.Vector, taken.Rip));
        Assert.Equal(0ul, _bench.Cpu.Registers.ReadMsr(Msr.DebugCtl));
    }

    [Fact]
    public void A_step_over_an_INT_comes_after_the_instruction_that_follows_its_return()
    {
        const ulong handler = BenchLayout.KernelCode + 0x800;
        _bench.SetGate(0x40, handler, dpl: 3);
        _bench.WriteBytes(handler, 0x90, 0x48, 0xCF);
        _bench.Flags = Rflags.TF;
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.@int(0x40); a.nop(); a.nop(); });
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 3), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void STI_holds_interrupts_back_but_no_trap()
    {
        _bench.Flags = Rflags.TF;
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => { a.sti(); a.nop(); });
        Assert.Equal((Vector.Debug, BenchLayout.KernelCode + 1), (taken.Vector, taken.Rip));
    }
}
