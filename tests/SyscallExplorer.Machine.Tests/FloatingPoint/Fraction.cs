using System.Numerics;

namespace SyscallExplorer.Machine.Tests;

/// <summary>An exact number.</summary>
/// <param name="Numerator">With the sign.</param>
/// <param name="Denominator">Above zero.</param>
internal readonly record struct Fraction(BigInteger Numerator, BigInteger Denominator)
{
    public bool IsZero => Numerator.IsZero;

    public bool IsNegative => Numerator.Sign < 0;

    /// <summary>The value of a finite number.</summary>
    public static Fraction Of(in FloatNumber number)
    {
        if (number.Class == FloatClass.Zero)
            return new(0, 1);
        return (number.Negative ? -(BigInteger)number.Significand : number.Significand) * PowerOfTwo(number.Exponent - 63);
    }

    public static Fraction PowerOfTwo(int exponent) => exponent >= 0 ? new(BigInteger.One << exponent, 1) : new(1, BigInteger.One << -exponent);

    public static implicit operator Fraction(BigInteger value) => new(value, 1);

    public static Fraction operator +(Fraction x, Fraction y) =>
        new((x.Numerator * y.Denominator) + (y.Numerator * x.Denominator), x.Denominator * y.Denominator);

    public static Fraction operator -(Fraction x, Fraction y) => x + ((BigInteger)(-1) * y);

    public static Fraction operator *(Fraction x, Fraction y) => new(x.Numerator * y.Numerator, x.Denominator * y.Denominator);

    public static Fraction operator /(Fraction x, Fraction y) =>
        new(x.Numerator * y.Denominator * y.Numerator.Sign, x.Denominator * BigInteger.Abs(y.Numerator));

    public static bool SameValue(Fraction x, Fraction y) => x.Numerator * y.Denominator == y.Numerator * x.Denominator;

    /// <summary>The square root, so finely that no rounding tells it from the root.</summary>
    public Fraction SquareRoot()
    {
        int shift = (int)Math.Max(0, 400 + Denominator.GetBitLength() - Numerator.GetBitLength() + 1) & ~1;
        BigInteger scaled = BigInteger.DivRem(Numerator << shift, Denominator, out BigInteger rest);
        BigInteger root = Whole(scaled);
        bool exact = rest.IsZero && root * root == scaled;
        return new((root << 1) + (exact ? 0 : 1), BigInteger.One << (shift / 2 + 1));
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
}
