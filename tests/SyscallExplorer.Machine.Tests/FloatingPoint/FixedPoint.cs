using System.Numerics;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Elementary functions of big integers that count units of 2^-<see cref="Bits"/>, each by another way than the processor's own.</summary>
internal static class FixedPoint
{
    public const int Bits = 420;

    private const int Halvings = 40;

    public static readonly BigInteger One = BigInteger.One << Bits;

    /// <summary>ln 2 = 18 artanh 1/26 - 2 artanh 1/4801 + 8 artanh 1/8749.</summary>
    public static readonly BigInteger NaturalLogarithmOfTwo = 18 * Artanh(One / 26) - 2 * Artanh(One / 4801) + 8 * Artanh(One / 8749);

    /// <summary>Machin: π = 16 arctan 1/5 - 4 arctan 1/239.</summary>
    public static readonly BigInteger Pi = 16 * Arctan(One / 5) - 4 * Arctan(One / 239);

    public static BigInteger Of(in WideReal value)
    {
        int shift = value.Exponent - 127 + Bits;
        BigInteger magnitude = shift >= 0 ? (BigInteger)value.Significand << shift : (BigInteger)value.Significand >> -shift;
        return value.Negative ? -magnitude : magnitude;
    }

    /// <summary>e^x by squaring the power of a small part of x.</summary>
    public static BigInteger Exp(BigInteger x)
    {
        BigInteger part = x >> Halvings, sum = One, term = One;
        for (int n = 1; n < 16; n++)
        {
            term = (term * part >> Bits) / n;
            sum += term;
        }

        for (int i = 0; i < Halvings; i++)
            sum = sum * sum >> Bits;
        return sum;
    }

    /// <summary>ln x by roots that come near 1.</summary>
    public static BigInteger Log(BigInteger x)
    {
        for (int i = 0; i < Halvings; i++)
            x = SquareRoot(x);
        return 2 * Artanh((x - One << Bits) / (x + One)) << Halvings;
    }

    /// <summary>The sine by its series, without any reduction.</summary>
    public static BigInteger Sine(BigInteger x) => Circular(x, x, 2);

    /// <summary>The cosine by its series, without any reduction.</summary>
    public static BigInteger Cosine(BigInteger x) => Circular(x, One, 1);

    /// <summary>The arc tangent by halving the angle.</summary>
    public static BigInteger ArcTangent(BigInteger t)
    {
        for (int i = 0; i < Halvings; i++)
            t = (t << Bits) / (One + SquareRoot(One + (t * t >> Bits)));
        return Arctan(t) << Halvings;
    }

    private static BigInteger SquareRoot(BigInteger x)
    {
        BigInteger value = x << Bits, root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        for (BigInteger next = (root + value / root) >> 1; next < root; next = (root + value / root) >> 1)
            root = next;
        return root;
    }

    private static BigInteger Circular(BigInteger x, BigInteger first, int divisor)
    {
        BigInteger square = x * x >> Bits, sum = first, term = first;
        for (int n = divisor; !term.IsZero && !(term == -1); n += 2)
        {
            term = -(term * square >> Bits) / (n * (n + 1));
            sum += term;
        }

        return sum;
    }

    private static BigInteger Artanh(BigInteger x) => Series(x, sign: 1);

    private static BigInteger Arctan(BigInteger x) => Series(x, sign: -1);

    private static BigInteger Series(BigInteger x, int sign)
    {
        BigInteger square = x * x >> Bits, sum = x, power = x;
        for (int n = 3; power > 1 || power < -1; n += 2)
        {
            power = sign * (power * square >> Bits);
            sum += power / n;
        }

        return sum;
    }
}
