using System.Numerics;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Rounds fractions to a format: the definition of IEEE 754 written down, with no significands in registers and no sticky bits.</summary>
internal static class ExactReference
{
    /// <summary>A rounded value, and its exceptions of overflow, underflow and precision with all of them masked.</summary>
    public readonly record struct Rounded(bool IsInfinite, Fraction Value, FloatExceptions Raised);

    public static Rounded Round(Fraction exact, int precision, int minExponent, int maxExponent, RoundingControl rounding)
    {
        BigInteger numerator = BigInteger.Abs(exact.Numerator), denominator = exact.Denominator;
        BigInteger sign = exact.Numerator.Sign;
        int exponent = Logarithm(numerator, denominator);
        int unitExponent = Math.Max(exponent, minExponent) - precision + 1;
        (BigInteger units, bool inexact) = Divide(numerator, denominator, unitExponent, exact.IsNegative, rounding);
        (BigInteger unbounded, _) = Divide(numerator, denominator, exponent - precision + 1, exact.IsNegative, rounding);
        bool tiny = exponent + (unbounded == BigInteger.One << precision ? 1 : 0) < minExponent;
        Fraction value = sign * units * Fraction.PowerOfTwo(unitExponent);
        BigInteger limit = BigInteger.One << (maxExponent + 1);
        if (BigInteger.Abs(value.Numerator) < limit * value.Denominator)
            return new(false, value, inexact ? FloatExceptions.Precision | (tiny ? FloatExceptions.Underflow : 0) : 0);
        bool infinite = rounding == RoundingControl.Nearest || rounding == (exact.IsNegative ? RoundingControl.Down : RoundingControl.Up);
        Fraction largest = sign * ((BigInteger.One << precision) - 1) * Fraction.PowerOfTwo(maxExponent - precision + 1);
        return new(infinite, largest, FloatExceptions.Overflow | FloatExceptions.Precision);
    }

    private static (BigInteger Units, bool Inexact) Divide(
        BigInteger numerator, BigInteger denominator, int unitExponent, bool negative, RoundingControl rounding)
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
