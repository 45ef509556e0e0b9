using System.Numerics;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Numbers to integers and back. SDM vol. 1, table 4-9 and 11.5.2.1.</summary>
public class IntegerConversionTests
{
    [Fact]
    public void Numbers_become_the_rounded_integer_or_the_indefinite()
    {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            ExtendedReal bits = FloatSamples.Extended(random);
            int size = 16 << random.Next(3);
            RoundingControl rounding = FloatSamples.Roundings[random.Next(4)];
            FloatNumber number = Extended.Unpack(bits);
            BigInteger? whole = number.IsFinite && number.Exponent < 100 ? Round(Fraction.Of(number), rounding) : null;
            BigInteger limit = BigInteger.One << (size - 1);
            FloatContext context = new(rounding);
            long signed = FloatConversion.ToSigned<Extended, ExtendedReal>(bits, size, rounding, ref context);
            bool fits = whole >= -limit && whole < limit;
            Assert.Equal(fits ? (long)whole! : -(long)(limit - 1) - 1, signed);
            Assert.Equal(!fits, context.Raised == FloatExceptions.Invalid);
            Assert.Equal(fits && !Fraction.SameValue(whole!.Value, Fraction.Of(number)), context.Raised == FloatExceptions.Precision);

            context.Raised = 0;
            ulong unsigned = FloatConversion.ToUnsigned<Extended, ExtendedReal>(bits, size, rounding, ref context);
            fits = whole >= 0 && whole < limit * 2;
            Assert.Equal(fits ? (ulong)whole! : (ulong)(limit * 2 - 1), unsigned);
            Assert.Equal(!fits, context.Raised == FloatExceptions.Invalid);
        }
    }

    [Fact]
    public void Integers_become_the_nearest_numbers()
    {
        var random = new Random(8);
        FloatContext context = new(RoundingControl.Nearest);
        for (int i = 0; i < 20_000; i++)
        {
            long value = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            Assert.Equal(BitConverter.DoubleToUInt64Bits(value), FloatConversion.FromInteger<Binary64, ulong>(value, ref context));
            Assert.Equal(BitConverter.SingleToUInt32Bits(value), FloatConversion.FromInteger<Binary32, uint>(value, ref context));
            Assert.Equal(BitConverter.DoubleToUInt64Bits((ulong)value), FloatConversion.FromUnsigned<Binary64, ulong>((ulong)value, ref context));
        }
    }

    private static BigInteger Round(Fraction value, RoundingControl rounding)
    {
        BigInteger floor = BigInteger.Divide(value.Numerator - (value.IsNegative ? value.Denominator - 1 : 0), value.Denominator);
        BigInteger rest = value.Numerator - floor * value.Denominator;
        if (rest.IsZero)
            return floor;
        int half = (rest * 2).CompareTo(value.Denominator);
        return rounding switch
        {
            RoundingControl.Nearest => half > 0 || (half == 0 && !floor.IsEven) ? floor + 1 : floor,
            RoundingControl.Down => floor,
            RoundingControl.Up => floor + 1,
            _ => value.IsNegative ? floor + 1 : floor,
        };
    }
}
