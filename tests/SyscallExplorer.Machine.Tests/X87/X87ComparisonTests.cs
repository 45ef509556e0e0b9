using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, FCOM, FUCOM, FTST, FXAM, FCOMI; vol. 1, tables 8-6 and 8-7.</summary>
public class X87ComparisonTests
{
    public static TheoryData<double, double, int, ulong> Orders => new()
    {
        { 2, 1, 0b0000, 0 },
        { 1, 2, 0b0001, Rflags.CF },
        { -0.0, 0.0, 0b1000, Rflags.ZF },
        { 1, double.NaN, 0b1101, Rflags.ZF | Rflags.PF | Rflags.CF },
    };

    [Theory, MemberData(nameof(Orders))]
    public void Comparisons_answer_in_condition_codes_or_in_flags(double top, double other, int conditions, ulong flags)
    {
        Assert.Equal(conditions, new X87Bench().Push(other).Push(top).Run(a => a.fcompp()).Conditions);
        X87Bench bench = new X87Bench().Push(other).Push(top);
        bench.Machine.Flags = Rflags.Arithmetic | 2;
        bench.Run(a => a.fucomip(st0, st1));
        Assert.Equal(flags, bench.Machine.Flags & Rflags.Arithmetic);
        Assert.Equal(7, bench.Fpu.Top);
    }

    [Fact]
    public void Only_ordered_comparisons_mind_a_quiet_nan()
    {
        Assert.Equal(FloatExceptions.None, new X87Bench().Push(double.NaN).Push(1).Run(a => a.fucom(st0, st1)).Flags);
        Assert.Equal(FloatExceptions.Invalid, new X87Bench().Push(double.NaN).Push(1).Run(a => a.fcom(st0, st1)).Flags);
    }

    [Fact]
    public void An_unmasked_invalid_operand_is_not_popped_and_only_AMD_answers()
    {
        X87Bench intel = new X87Bench(Cpus.Skylake).Unmask(FloatExceptions.Invalid).Push(double.NaN).Push(1).Run(a => a.fcomp(st0, st1));
        Assert.Equal((6, 0), (intel.Fpu.Top, intel.Conditions));
        X87Bench amd = new X87Bench(Cpus.Zen2).Unmask(FloatExceptions.Invalid).Push(double.NaN).Push(1).Run(a => a.fcomp(st0, st1));
        Assert.Equal((6, 0b1101), (amd.Fpu.Top, amd.Conditions));
    }

    [Theory]
    [InlineData(0x4000_0000_0000_0000, 0x3FFF, 0b0000)]
    [InlineData(0x8000_0000_0000_0001, 0xFFFF, 0b0011)]
    [InlineData(0x8000_0000_0000_0000, 0x3FFF, 0b0100)]
    [InlineData(0x8000_0000_0000_0000, 0xFFFF, 0b0111)]
    [InlineData(0, 0x8000, 0b1010)]
    [InlineData(1, 0, 0b1100)]
    public void Fxam_names_the_class_and_the_sign(ulong significand, int high, int conditions) =>
        Assert.Equal(conditions, new X87Bench().Push(new ExtendedReal(significand, (ushort)high)).Run(a => a.fxam()).Conditions);

    [Fact]
    public void Fxam_of_an_empty_register_is_no_fault()
    {
        X87Bench bench = new X87Bench().Run(a => a.fxam());
        Assert.Equal((0b1001, FloatExceptions.None), (bench.Conditions, bench.Flags));
    }

    [Fact]
    public void Ftst_compares_with_zero() => Assert.Equal(0b0001, new X87Bench().Push(-1).Run(a => a.ftst()).Conditions);
}
