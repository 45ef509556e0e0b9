using System.Numerics;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Remainders and their quotients' last bits against exact fractions. SDM vol. 2A, FPREM and FPREM1.</summary>
public class RemainderTests
{
    [Theory]
    [InlineData(RoundingControl.Zero)]
    [InlineData(RoundingControl.Nearest)]
    internal void Steps_end_in_the_exact_remainder(RoundingControl quotientRounding)
    {
        var random = new Random(1);
        for (int i = 0; i < 2000; i++)
        {
            FloatContext context = new(RoundingControl.Nearest);
            FloatNumber x = Sample(random, 200), y = Sample(random, 20), start = x;
            FloatRemainder.Quotient quotient;
            int steps = 0;
            do
            {
                ExtendedReal result = FloatRemainder.Step<Extended, ExtendedReal>(x, y, quotientRounding, ref context, out quotient);
                FloatNumber next = Extended.Unpack(result);
                Assert.True(!quotient.IsPartial || next.Class == FloatClass.Zero || next.Exponent <= x.Exponent - 32);
                x = next;
            }
            while (quotient.IsPartial && ++steps < 20);

            Fraction ratio = Fraction.Of(start) / Fraction.Of(y);
            BigInteger whole = BigInteger.DivRem(BigInteger.Abs(ratio.Numerator), ratio.Denominator, out BigInteger rest);
            int half = (rest * 2).CompareTo(ratio.Denominator);
            if (quotientRounding == RoundingControl.Nearest && (half > 0 || (half == 0 && !whole.IsEven)))
                whole++;
            Fraction expected = Fraction.Of(start) - (whole * ratio.Numerator.Sign * Fraction.Of(y));
            Assert.True(Fraction.SameValue(expected, Fraction.Of(x)));
            Assert.Equal((int)(whole & 7), quotient.LowBits);
            Assert.Equal(FloatExceptions.None, context.Raised);
        }
    }

    private static FloatNumber Sample(Random random, int exponents)
    {
        ulong significand = (ulong)random.NextInt64() << random.Next(64) | 1UL << 63;
        return new(FloatClass.Finite, random.Next(2) == 0, random.Next(-5, exponents), significand);
    }
}
