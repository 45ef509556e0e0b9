using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 1, 8.1.7 to 8.1.10; vol. 2A, FLDENV, FSTENV, FSAVE, FRSTOR.</summary>
public class X87EnvironmentTests
{
    private const ulong Data = X87Bench.Data;

    [Fact]
    public void The_environment_of_28_bytes_has_a_tag_for_each_register_and_masks_every_exception_once_it_is_stored()
    {
        X87Bench bench = new X87Bench().Control(0x0340).Push(1).Push(0).Push(double.PositiveInfinity).Push(new ExtendedReal(1, 0));
        bench.Fpu.Status |= X87Status.C3;
        bench.Run(a => a.fnstenv(__[rbx]));
        Assert.Equal(0xFFFF_0340u, bench.Machine.Read32(Data));
        Assert.Equal(0xFFFF_6000u, bench.Machine.Read32(Data + 4));

        // R7 to R4: valid, zero, special, special; the others are empty.
        Assert.Equal(0xFFFF_1AFFu, bench.Machine.Read32(Data + 8));
        Assert.Equal(0x037F, bench.Fpu.Control);
    }

    [Fact]
    public void The_environment_of_14_bytes_comes_back_as_it_was_stored()
    {
        X87Bench bench = new X87Bench().Control(0x0C7F).Push(1).Push(2);
        bench.Fpu.InstructionPointer = 0x1234;
        bench.Fpu.DataPointer = 0x5678;
        bench.Fpu.DataSelector = 0x23;
        bench.Run(a =>
        {
            a.db(0x66);
            a.fnstenv(__[rbx]);
            a.fninit();
            a.db(0x66);
            a.fldenv(__[rbx]);
        });
        Assert.Equal((0x0C7F, 0x3000, 0xC0), (bench.Fpu.Control, bench.Status, bench.Fpu.Valid));
        Assert.Equal((0x1234ul, 0x5678ul, 0x23), (bench.Fpu.InstructionPointer, bench.Fpu.DataPointer, bench.Fpu.DataSelector));
    }

    [Fact]
    public void Frstor_brings_back_what_fnsave_saved_and_cleared()
    {
        X87Bench bench = new X87Bench().Control(0x0F7F).Push(1).Push(-2).Push(3);
        X87State before = bench.Fpu;
        bench.Run(a => a.fnsave(__[rbx]));
        Assert.Equal((X87Control.Initial, 0, 0), (bench.Fpu.Control, bench.Status, bench.Fpu.Valid));
        Assert.Equal(0xC000_0000_0000_0000ul, bench.Machine.Read64(Data + 28));
        bench.Fpu.Registers = default;
        bench.Run(a => a.frstor(__[rbx]));
        Assert.Equal((before.Control, before.Status, before.Valid), (bench.Fpu.Control, bench.Status, bench.Fpu.Valid));
        for (int i = 0; i < 8; i++)
            Assert.Equal(before.Registers[i], bench.Fpu.Registers[i]);
    }

    [Fact]
    public void Fldenv_makes_an_exception_pending_that_has_its_flag_and_no_mask()
    {
        var bench = new X87Bench();
        bench.Run(a => a.fnstenv(__[rbx]));
        bench.Machine.WriteBytes(Data, 0x7E, 0x03, 0xFF, 0xFF, 0x01, 0x00);
        Assert.Equal(Vector.FloatingPoint, bench.Fault(a =>
        {
            a.fldenv(__[rbx]);
            a.fnop();
        }).Vector);
    }

    [Fact]
    public void Pointers_stay_with_the_last_instruction_that_is_not_a_control_one()
    {
        X87Bench bench = new X87Bench(Cpus.Zen2).Run(a =>
        {
            a.fild(__dword_ptr[rbx + 4]);
            a.fchs();
            a.fnstsw(ax);
        });
        Assert.Equal(BenchLayout.KernelCode + 3, bench.Fpu.InstructionPointer);
        Assert.Equal(Data + 4, bench.Fpu.DataPointer);
        Assert.Equal(0x1E0, bench.Fpu.Opcode);
        Assert.Equal((BenchSelectors.KernelCode64, BenchSelectors.KernelData), (bench.Fpu.InstructionSelector, bench.Fpu.DataSelector));
    }

    [Theory]
    [InlineData(FloatExceptions.None, 0)]
    [InlineData(FloatExceptions.Precision, BenchLayout.KernelCode)]
    internal void Fxsave_on_AMD_shows_the_pointers_only_while_an_exception_is_pending(FloatExceptions unmasked, ulong pointer)
    {
        X87Bench bench = new X87Bench(Cpus.Zen2).Unmask(unmasked).Push(3).Push(1).Run(a =>
        {
            a.fdiv(st0, st1);
            a.fxsave64(__[rbx]);
        });
        Assert.Equal(pointer, bench.Machine.Read64(Data + 8));
        Assert.Equal(BenchLayout.KernelCode, bench.Fpu.InstructionPointer);
    }

    [Fact]
    public void Intel_keeps_no_selectors_and_since_Broadwell_the_data_pointer_and_opcode_of_unmasked_exceptions_only()
    {
        Action<Assembler> load = a => a.fld(__dword_ptr[rbx + 4]);
        Assert.Equal(Data + 4, new X87Bench(Cpus.Haswell).Run(load).Fpu.DataPointer);
        X87Bench bench = new X87Bench(Cpus.Skylake).Run(load);
        Assert.Equal((0ul, 0, 0), (bench.Fpu.DataPointer, bench.Fpu.Opcode, bench.Fpu.InstructionSelector));
        bench = new X87Bench(Cpus.Skylake).Unmask(FloatExceptions.Denormal);
        bench.Machine.Write64(Data + 4, 1);
        bench.Run(load);
        Assert.Equal((Data + 4, 0x143, 0), (bench.Fpu.DataPointer, bench.Fpu.Opcode, bench.Fpu.DataSelector));
    }
}
