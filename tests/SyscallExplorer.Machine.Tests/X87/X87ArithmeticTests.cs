using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, FADD, FSUB, FSUBR, FMUL, FDIV, FDIVR, FSQRT, FRNDINT, FSCALE, FXTRACT, FPREM, FPREM1.</summary>
public class X87ArithmeticTests
{
    [Fact]
    public void Reverse_forms_exchange_the_operands_and_pops_come_last()
    {
        Assert.Equal(4, new X87Bench().Push(3).Push(7).Run(a => a.fsub(st0, st1))[0]);
        Assert.Equal(-4, new X87Bench().Push(3).Push(7).Run(a => a.fsubr(st0, st1))[0]);
        Assert.Equal(-4, new X87Bench().Push(3).Push(7).Run(a => a.fsub(st1, st0))[1]);
        Assert.Equal(4, new X87Bench().Push(3).Push(7).Run(a => a.fsubrp(st1, st0))[0]);
        Assert.Equal(0.5, new X87Bench().Push(4).Push(8).Run(a => a.fdivp(st1, st0))[0]);
        Assert.Equal(2, new X87Bench().Push(4).Push(8).Run(a => a.fdivrp(st1, st0))[0]);
        X87Bench bench = new X87Bench().Push(4).Push(8).Run(a => a.faddp(st1, st0));
        Assert.Equal((7, 0x80), (bench.Fpu.Top, bench.Fpu.Valid));
    }

    [Fact]
    public void Memory_operands_are_single_double_and_integers_of_two_sizes()
    {
        var bench = new X87Bench();
        bench.Machine.Write64(X87Bench.Data, BitConverter.SingleToUInt32Bits(1.5f));
        bench.Machine.Write64(X87Bench.Data + 8, BitConverter.DoubleToUInt64Bits(-2.25));
        bench.Machine.Write64(X87Bench.Data + 16, unchecked((ushort)-3) | 0x1111_0000u);
        bench.Machine.Write64(X87Bench.Data + 24, unchecked((uint)-100_000));
        bench.Push(10).Run(a =>
        {
            a.fadd(__dword_ptr[rbx]);
            a.fmul(__qword_ptr[rbx + 8]);
            a.fisub(__word_ptr[rbx + 16]);
            a.fidivr(__dword_ptr[rbx + 24]);
        });
        Assert.Equal(-100_000 / (11.5 * -2.25 + 3), bench[0]);
    }

    [Theory]
    [InlineData(0x037F, 0xAAAA_AAAA_AAAA_AAABul)]
    [InlineData(0x027F, 0xAAAA_AAAA_AAAA_A800ul)]
    [InlineData(0x007F, 0xAAAA_AB00_0000_0000ul)]
    [InlineData(0x0F7F, 0xAAAA_AAAA_AAAA_AAAAul)]
    public void Precision_and_rounding_control_say_how_a_result_is_rounded_and_C1_whether_upwards(int control, ulong significand)
    {
        X87Bench bench = new X87Bench().Control(control).Push(3).Push(2).Run(a => a.fdiv(st0, st1));
        Assert.Equal(significand, bench.Fpu.Get(0).Significand);
        Assert.Equal(FloatExceptions.Precision, bench.Flags);
        Assert.Equal(significand > 0xAAAA_AAAA_AAAA_AAAA ? 2 : 0, bench.Conditions & 2);
    }

    [Fact]
    public void Precision_control_leaves_the_range_of_exponents()
    {
        var large = new ExtendedReal(1UL << 63, 0x6000);
        X87Bench bench = new X87Bench().Control(0x007F).Push(large).Push(large with { SignAndExponent = 0x5FFD }).Run(a => a.fmul(st0, st1));
        Assert.Equal(new ExtendedReal(1UL << 63, 0x7FFE), bench.Fpu.Get(0));
        bench = new X87Bench().Control(0x007F).Push(1e200).Push(1e-300).Run(a => a.fmul(st0, st1));
        Assert.Equal(1e-100, bench[0], 1e-107);
        Assert.Equal(FloatExceptions.Precision, bench.Flags);
    }

    [Fact]
    public void Fscale_takes_the_scale_without_its_fraction()
    {
        Assert.Equal(3 * 16, new X87Bench().Push(4.75).Push(3).Run(a => a.fscale())[0]);
        Assert.Equal(3 / 16.0, new X87Bench().Push(-4.75).Push(3).Run(a => a.fscale())[0]);
        Assert.Equal(double.PositiveInfinity, new X87Bench().Push(double.PositiveInfinity).Push(3).Run(a => a.fscale())[0]);
        Assert.Equal(FloatExceptions.Invalid, new X87Bench().Push(double.PositiveInfinity).Push(0).Run(a => a.fscale()).Flags);
    }

    [Fact]
    public void Fxtract_divides_a_number_into_its_exponent_and_its_significand()
    {
        X87Bench bench = new X87Bench().Push(-40).Run(a => a.fxtract());
        Assert.Equal((-1.25, 5.0), (bench[0], bench[1]));
        bench = new X87Bench().Push(-0.0).Run(a => a.fxtract());
        Assert.Equal((-0.0, double.NegativeInfinity), (bench[0], bench[1]));
        Assert.Equal(FloatExceptions.DivideByZero, bench.Flags);
    }

    [Fact]
    public void A_partial_remainder_says_in_C2_that_it_is_not_complete_and_then_gives_three_bits_of_the_quotient()
    {
        X87Bench bench = new X87Bench().Push(3).Push(Math.ScaleB(1, 80)).Run(a => a.fprem());
        Assert.Equal(4, bench.Conditions & 5);
        bench.Run(a => a.fprem());
        Assert.Equal(1, bench[0]);

        // 29 / 4 = 7 and 1: C0, C3, C1 = 1, 1, 1; to nearest as well. 31 / 4 to nearest is 8.
        Assert.Equal(0b1011, new X87Bench().Push(4).Push(29).Run(a => a.fprem()).Conditions);
        bench = new X87Bench().Push(4).Push(31).Run(a => a.fprem1());
        Assert.Equal((0, -1.0), (bench.Conditions, bench[0]));
    }

    [Theory]
    [InlineData(0x037F, 2.5, 2)]
    [InlineData(0x077F, -2.5, -3)]
    [InlineData(0x0B7F, -2.5, -2)]
    [InlineData(0x0F7F, 2.9, 2)]
    public void Frndint_rounds_as_the_control_word_says(int control, double value, double expected) =>
        Assert.Equal(expected, new X87Bench().Control(control).Push(value).Run(a => a.frndint())[0]);

    [Fact]
    public void Every_x87_form_is_built() => Assert.DoesNotContain(InstructionForms.Unsupported, IsOfX87);

    private static bool IsOfX87(InstructionForm form) =>
        form.Name == "Wait" || form.Features.Any(feature => feature.StartsWith("FPU", StringComparison.Ordinal));
}
