using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The register stack, its faults, and what waits for whom. SDM vol. 1, 8.1.2, 8.5.1.1 and 8.6; vol. 3A, 2.5 and 6.15 (#MF, #NM).</summary>
public class X87StackTests
{
    private const FloatExceptions StackFault = FloatExceptions.Invalid | FloatExceptions.StackFault;

    [Fact]
    public void A_load_on_a_full_stack_is_an_overflow_with_C1_set_and_pushes_the_indefinite()
    {
        var bench = new X87Bench();
        for (int i = 0; i < 8; i++)
            bench.Push(i);
        bench.Run(a => a.fldpi());
        Assert.Equal((StackFault, 2), (bench.Flags, bench.Conditions & 2));
        Assert.Equal(ExtendedReal.Indefinite, bench.Fpu.Get(0));
        Assert.Equal(7, bench[1]);
    }

    [Fact]
    public void An_empty_operand_is_an_underflow_with_C1_clear_and_gives_the_indefinite()
    {
        X87Bench bench = new X87Bench().Push(1).Run(a => a.fadd(st0, st1));
        Assert.Equal((StackFault, 0), (bench.Flags, bench.Conditions & 2));
        Assert.Equal(ExtendedReal.Indefinite, bench.Fpu.Get(0));
    }

    [Fact]
    public void An_unmasked_stack_fault_leaves_the_stack_as_it_was()
    {
        X87Bench bench = new X87Bench().Unmask(FloatExceptions.Invalid).Push(1).Run(a => a.faddp(st1, st0));
        Assert.Equal((7, 0x80, 1.0), (bench.Fpu.Top, bench.Fpu.Valid, bench[0]));
        Assert.Equal(X87Status.ES | X87Status.B, bench.Status & (X87Status.ES | X87Status.B));
    }

    [Fact]
    public void An_unmasked_exception_is_raised_by_the_next_waiting_instruction()
    {
        X87Bench bench = new X87Bench().Unmask(FloatExceptions.DivideByZero).Push(0).Push(1);
        TakenException taken = bench.Fault(a =>
        {
            a.fdiv(st0, st1);
            a.fnstsw(ax);
            a.nop();
            a.fld1();
        });
        Assert.Equal(Vector.FloatingPoint, taken.Vector);
        Assert.Equal(BenchLayout.KernelCode + 5, taken.Rip);
        Assert.Equal(1, bench[0]);
        Assert.Equal(bench.Status, (ushort)bench.Machine[Gpr.Rax]);
    }

    [Fact]
    public void Wait_raises_what_is_pending_and_fnclex_takes_it_away()
    {
        X87Bench bench = new X87Bench().Unmask(FloatExceptions.Precision).Push(3).Push(1).Run(a => a.fdivrp(st1, st0));
        Assert.Equal(Vector.FloatingPoint, bench.Fault(a => a.wait()).Vector);
        bench.Run(a =>
        {
            a.fnclex();
            a.wait();
        });
        Assert.Equal(FloatExceptions.None, bench.Flags);
    }

    [Fact]
    public void Unmasking_an_exception_that_has_its_flag_makes_it_pending()
    {
        X87Bench bench = new X87Bench().Push(3).Push(1);
        bench.Machine.WriteBytes(X87Bench.Data, 0x5F, 0x03);
        TakenException taken = bench.Fault(a =>
        {
            a.fdivrp(st1, st0);
            a.fldcw(__word_ptr[rbx]);
            a.fld1();
        });
        Assert.Equal(Vector.FloatingPoint, taken.Vector);
    }

    [Theory]
    [InlineData(Cr0.EM, true, false)]
    [InlineData(Cr0.TS, true, false)]
    [InlineData(Cr0.TS | Cr0.MP, true, true)]
    [InlineData(Cr0.MP, false, false)]
    public void EM_or_TS_make_x87_instructions_unavailable_and_TS_with_MP_wait_too(ulong bits, bool instruction, bool wait)
    {
        var bench = new X87Bench();
        bench.Machine.Cpu.Registers.ControlRegister0 = (bench.Machine.Cpu.Registers.ControlRegister0 & ~Cr0.MP) | bits;
        Assert.Equal(instruction ? Vector.DeviceNotAvailable : null, bench.Machine.Try(BenchMode.Kernel64, a => a.fld1()).Exception?.Vector);
        Assert.Equal(instruction ? Vector.DeviceNotAvailable : null, bench.Machine.Try(BenchMode.Kernel64, a => a.fnstsw(ax)).Exception?.Vector);
        Assert.Equal(wait ? Vector.DeviceNotAvailable : null, bench.Machine.Try(BenchMode.Kernel64, a => a.wait()).Exception?.Vector);
    }

    [Fact]
    public void Fincstp_and_fdecstp_turn_the_stack_and_ffree_empties_a_register()
    {
        X87Bench bench = new X87Bench().Push(1).Push(2).Run(a =>
        {
            a.fincstp();
            a.ffree(st0);
            a.fdecstp();
        });
        Assert.Equal((6, 0x40, 2.0), (bench.Fpu.Top, bench.Fpu.Valid, bench[0]));
    }

    [Fact]
    public void Fxch_takes_an_empty_register_for_the_indefinite()
    {
        X87Bench bench = new X87Bench().Push(1).Run(a => a.fxch(st0, st3));
        Assert.Equal(ExtendedReal.Indefinite, bench.Fpu.Get(0));
        Assert.Equal(1, bench[3]);
        Assert.Equal(StackFault, bench.Flags);
    }

    [Fact]
    public void Fninit_keeps_the_registers_but_empties_them()
    {
        X87Bench bench = new X87Bench().Control(0).Push(1).Run(a => a.fninit());
        Assert.Equal((X87Control.Initial, 0, 0), (bench.Fpu.Control, bench.Status, bench.Fpu.Valid));
        Assert.Equal(X87Bench.ToExtended(1), bench.Fpu.Registers[7]);
    }
}
