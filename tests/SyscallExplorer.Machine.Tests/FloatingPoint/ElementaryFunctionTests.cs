using System.Numerics;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The error that <see cref="ElementaryFunctions"/> states: 2^-110 of the result. SDM vol. 1, 8.3.5 to 8.3.10 name the functions.</summary>
public class ElementaryFunctionTests
{
    private const int Count = 300;
    private const int StatedError = 110;
    private readonly Random _random = new(128);

    [Fact]
    public void Constants_are_right_to_their_last_bit()
    {
        Near(FixedPoint.Pi, WideReal.Pi, error: 127);
        Near(FixedPoint.NaturalLogarithmOfTwo, WideReal.NaturalLogarithmOfTwo, error: 127);
        Near((FixedPoint.One << FixedPoint.Bits) / FixedPoint.NaturalLogarithmOfTwo, WideReal.BinaryLogarithmOfE, error: 127);
    }

    [Fact]
    public void Powers_of_two()
    {
        for (int i = 0; i < Count; i++)
        {
            WideReal x = Sample(-60, -1);
            BigInteger exponent = FixedPoint.Of(x) * FixedPoint.NaturalLogarithmOfTwo >> FixedPoint.Bits;
            Near(FixedPoint.Exp(exponent) - FixedPoint.One, ElementaryFunctions.PowerOfTwoMinusOne(x));
        }
    }

    [Fact]
    public void Binary_logarithms()
    {
        for (int i = 0; i < Count; i++)
        {
            WideReal x = Sample(-20, 60).Abs(), small = Sample(-60, -1);
            Near(BinaryLogarithm(FixedPoint.Of(x)), ElementaryFunctions.BinaryLogarithm(x));
            Near(BinaryLogarithm(FixedPoint.One + FixedPoint.Of(small)), ElementaryFunctions.BinaryLogarithmOfOnePlus(small));
        }
    }

    [Fact]
    public void Angles_of_points()
    {
        for (int i = 0; i < Count; i++)
        {
            WideReal y = Sample(-20, 20).Abs(), x = Sample(-20, 20);
            BigInteger tangent = (FixedPoint.Of(y) << FixedPoint.Bits) / FixedPoint.Of(x);
            BigInteger angle = FixedPoint.ArcTangent(tangent);
            Near(x.Negative ? angle + FixedPoint.Pi : angle, ElementaryFunctions.Angle(y, x));
        }
    }

    [Fact]
    public void Sines_and_cosines_of_reduced_angles()
    {
        for (int i = 0; i < Count; i++)
        {
            WideReal x = Sample(-30, -2);
            Near(FixedPoint.Sine(FixedPoint.Of(x)), ElementaryFunctions.Sine(x));
            Near(FixedPoint.Cosine(FixedPoint.Of(x)), ElementaryFunctions.Cosine(x));
        }
    }

    [Fact]
    public void Angles_are_reduced_exactly_by_the_66_bit_pi()
    {
        BigInteger period = BigInteger.Parse("3243F6A8885A308D3", System.Globalization.NumberStyles.HexNumber) << (FixedPoint.Bits - 65);
        for (int i = 0; i < Count; i++)
        {
            WideReal x = Sample(-10, 62);
            var angle = new FloatNumber(FloatClass.Finite, x.Negative, x.Exponent, (ulong)(x.Significand >> 64));
            (int quadrant, WideReal rest) = ElementaryFunctions.Reduce(angle);
            BigInteger difference = FixedPoint.Of(x) - FixedPoint.Of(rest);
            Assert.True((difference % period).IsZero);
            Assert.Equal(quadrant, (int)((difference / period) & 3));
            Assert.True(2 * BigInteger.Abs(FixedPoint.Of(rest)) <= period);
        }
    }

    private static BigInteger BinaryLogarithm(BigInteger x) => (FixedPoint.Log(x) << FixedPoint.Bits) / FixedPoint.NaturalLogarithmOfTwo;

    private WideReal Sample(int lowestExponent, int highestExponent)
    {
        ulong significand = (ulong)_random.NextInt64() << 1 | 1UL << 63;
        return new(_random.Next(2) == 0, _random.Next(lowestExponent, highestExponent + 1), new UInt128(significand, 0));
    }

    private static void Near(BigInteger expected, in WideReal actual, int error = StatedError) =>
        Assert.True(BigInteger.Abs(FixedPoint.Of(actual) - expected) << error <= BigInteger.Abs(expected), $"{actual} is too far from {expected}");
}
