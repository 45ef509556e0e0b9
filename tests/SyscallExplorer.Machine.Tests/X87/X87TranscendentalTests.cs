using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, F2XM1, FYL2X, FYL2XP1, FPATAN, FPTAN, FSIN, FCOS, FSINCOS: their tables of special operands, and a few known values.</summary>
public class X87TranscendentalTests
{
    private const double Infinity = double.PositiveInfinity;

    [Fact]
    public void Values_that_are_known_to_the_last_bit()
    {
        Assert.Equal(0xC90F_DAA2_2168_C235, new X87Bench().Push(1).Push(0).Run(a => a.fpatan()).Fpu.Get(0).Significand);
        Assert.Equal(15, new X87Bench().Push(5).Push(8).Run(a => a.fyl2x())[0]);
        Assert.Equal(-0.5, new X87Bench().Push(-1).Run(a => a.f2xm1())[0]);
        Assert.Equal(3, new X87Bench().Push(3).Push(1).Run(a => a.fyl2xp1())[0]);
    }

    [Fact]
    public void The_sine_of_pi_shows_the_66_bits_of_the_processors_own_pi()
    {
        X87Bench bench = new X87Bench().Run(a =>
        {
            a.fldpi();
            a.fsin();
        });
        Assert.Equal(new ExtendedReal(1UL << 63, 0xBFBF), bench.Fpu.Get(0));
    }

    [Fact]
    public void An_angle_from_2_to_the_63_on_is_left_alone_with_C2_set()
    {
        X87Bench bench = new X87Bench().Push(Math.ScaleB(1, 63)).Run(a => a.fsincos());
        Assert.Equal((4, 7, FloatExceptions.None), (bench.Conditions, bench.Fpu.Top, bench.Flags));
        bench = new X87Bench().Push(Math.ScaleB(1, 62)).Run(a => a.fcos());
        Assert.Equal((0, FloatExceptions.Precision), (bench.Conditions & 4, bench.Flags));
    }

    [Fact]
    public void Fptan_pushes_one_and_fsincos_the_cosine()
    {
        X87Bench bench = new X87Bench().Push(0.5).Run(a => a.fptan());
        Assert.Equal(1, bench[0]);
        Assert.Equal(Math.Tan(0.5), bench[1], 1e-15);
        bench = new X87Bench().Push(2).Run(a => a.fsincos());
        Assert.Equal(Math.Cos(2), bench[0], 1e-15);
        Assert.Equal(Math.Sin(2), bench[1], 1e-15);
    }

    [Theory]
    [InlineData(3, 0, -Infinity, FloatExceptions.DivideByZero)]
    [InlineData(-3, 0, Infinity, FloatExceptions.DivideByZero)]
    [InlineData(0, 0, double.NaN, FloatExceptions.Invalid)]
    [InlineData(3, -1, double.NaN, FloatExceptions.Invalid)]
    [InlineData(Infinity, 1, double.NaN, FloatExceptions.Invalid)]
    [InlineData(-Infinity, 0.5, Infinity, FloatExceptions.None)]
    [InlineData(-3, 1, -0.0, FloatExceptions.None)]
    [InlineData(0, Infinity, double.NaN, FloatExceptions.Invalid)]
    [InlineData(-1, Infinity, -Infinity, FloatExceptions.None)]
    internal void Special_operands_of_fyl2x(double y, double x, double expected, FloatExceptions raised)
    {
        X87Bench bench = new X87Bench().Push(y).Push(x).Run(a => a.fyl2x());
        Assert.Equal((expected, raised), (bench[0], bench.Flags));
    }

    [Theory]
    [InlineData(0.0, 1, 0.0)]
    [InlineData(-0.0, 2, -0.0)]
    [InlineData(0.0, -1, Math.PI)]
    [InlineData(-0.0, -0.5, -Math.PI)]
    [InlineData(2, 0, Math.PI / 2)]
    [InlineData(-2, Infinity, -0.0)]
    [InlineData(-2, -Infinity, -Math.PI)]
    [InlineData(Infinity, -Infinity, 3 * Math.PI / 4)]
    [InlineData(-Infinity, Infinity, -Math.PI / 4)]
    [InlineData(Infinity, -7, Math.PI / 2)]
    [InlineData(-1, -1, -3 * Math.PI / 4)]
    public void Fpatan_knows_all_four_quadrants_and_their_borders(double y, double x, double expected)
    {
        double actual = new X87Bench().Push(y).Push(x).Run(a => a.fpatan())[0];
        Assert.Equal(expected, actual, 1e-15);
        Assert.Equal(double.IsNegative(expected), double.IsNegative(actual));
    }

    [Fact]
    public void Precision_control_does_not_apply()
    {
        X87Bench bench = new X87Bench().Control(0x007F).Push(1).Run(a => a.fsin());
        Assert.Equal(new ExtendedReal(0xD76A_A478_4867_7021, 0x3FFE), bench.Fpu.Get(0));
    }
}
