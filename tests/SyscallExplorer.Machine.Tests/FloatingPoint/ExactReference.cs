using System.Numerics;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Rounds fractions of big integers to a format: the definition of IEEE 754 written down, with no significands in registers and no sticky bits.</summary>
internal static class ExactReference
{
    /// <summary>A value's rounding: its quotient of significand units, and the exceptions of overflow, underflow and precision with all of them masked.</summary>
    public readonly record struct Rounded(bool Infinite, BigInteger Units, int UnitExponent, FloatExceptions Raised);

    /// <summary>The fraction that an encoding stands for.</summary>
    public static (BigInteger Numerator, BigInteger Denominator) Fraction(in FloatNumber number)
    {
        if (number.Class == FloatClass.Zero)
            return (0, 1);
        BigInteger magnitude = number.Negative ? -(BigInteger)number.Significand : number.Significand;
        int power = number.Exponent - 63;
        return power >= 0 ? (magnitude << power, 1) : (magnitude, BigInteger.One << -power);
    }

    public static Rounded Round(BigInteger numerator, BigInteger denominator, int precision, int minExponent, int maxExponent, RoundingControl rounding)
    {
        bool negative = numerator.Sign < 0;
        numerator = BigInteger.Abs(numerator);
        int exponent = Logarithm(numerator, denominator);
        (BigInteger units, bool inexact) = Divide(numerator, denominator, Math.Max(exponent, minExponent) - precision + 1, negative, rounding);
        (BigInteger unbounded, _) = Divide(numerator, denominator, exponent - precision + 1, negative, rounding);
        bool tiny = exponent + (unbounded == BigInteger.One << precision ? 1 : 0) < minExponent;
        int unitExponent = Math.Max(exponent, minExponent) - precision + 1;
        if (units == BigInteger.One << precision)
            (units, unitExponent) = (units >> 1, unitExponent + 1);
        if (unitExponent + precision - 1 > maxExponent)
        {
            bool infinite = rounding == RoundingControl.Nearest || rounding == (negative ? RoundingControl.Down : RoundingControl.Up);
            return new(infinite, (BigInteger.One << precision) - 1, maxExponent - precision + 1, FloatExceptions.Overflow | FloatExceptions.Precision);
        }
        return new(false, units, unitExponent, inexact ? FloatExceptions.Precision | (tiny ? FloatExceptions.Underflow : 0) : 0);
    }

    /// <summary>The square root as a fraction so fine that no rounding tells it from the root.</summary>
    public static (BigInteger Numerator, BigInteger Denominator) SquareRoot(BigInteger numerator, BigInteger denominator)
    {
        int shift = (int)Math.Max(0, 400 + denominator.GetBitLength() - numerator.GetBitLength() + 1) & ~1;
        BigInteger scaled = BigInteger.DivRem(numerator << shift, denominator, out BigInteger rest);
        BigInteger root = Whole(scaled);
        bool exact = rest.IsZero && root * root == scaled;
        return ((root << 1) + (exact ? 0 : 1), BigInteger.One << (shift / 2 + 1));
    }

    private static BigInteger Whole(BigInteger value)
    {
        if (value.IsZero)
            return value;
        BigInteger root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (root + value / root) >> 1;
            if (next >= root)
                return root;
            root = next;
        }
    }

    private static (BigInteger Units, bool Inexact) Divide(BigInteger numerator, BigInteger denominator, int unitExponent, bool negative, RoundingControl rounding)
    {
        if (unitExponent >= 0)
            denominator <<= unitExponent;
        else
            numerator <<= -unitExponent;
        BigInteger units = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        if (rest.IsZero)
            return (units, false);
        int half = (rest * 2).CompareTo(denominator);
        bool up = rounding switch
        {
            RoundingControl.Nearest => half > 0 || (half == 0 && !units.IsEven),
            RoundingControl.Down => negative,
            RoundingControl.Up => !negative,
            _ => false,
        };
        return (up ? units + 1 : units, true);
    }

    private static int Logarithm(BigInteger numerator, BigInteger denominator)
    {
        int guess = (int)(numerator.GetBitLength() - denominator.GetBitLength());
        bool atLeast = guess >= 0 ? numerator >= denominator << guess : numerator << -guess >= denominator;
        return atLeast ? guess : guess - 1;
    }
}
