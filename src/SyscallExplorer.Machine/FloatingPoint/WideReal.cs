using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>
/// A number with a significand of 128 bits, for what transcendental functions compute on the way to their 64. Every operation is right to 2^-125 of its
/// result; what falls below the last bit leaves that bit set, so that a result never looks exact that is not.
/// </summary>
/// <param name="Negative">The sign.</param>
/// <param name="Exponent">The power of two of bit 127.</param>
/// <param name="Significand">The significand with bit 127 set, or 0 for zero.</param>
internal readonly record struct WideReal(bool Negative, int Exponent, UInt128 Significand)
{
    public static WideReal One => new(false, 0, UInt128.One << 127);

    public static WideReal Pi => new(false, 1, new UInt128(0xC90F_DAA2_2168_C234, 0xC4C6_628B_80DC_1CD1));

    public static WideReal NaturalLogarithmOfTwo => new(false, -1, new UInt128(0xB172_17F7_D1CF_79AB, 0xC9E3_B398_03F2_F6AF));

    public static WideReal BinaryLogarithmOfE => new(false, 0, new UInt128(0xB8AA_3B29_5C17_F0BB, 0xBE87_FED0_691D_3E89));

    public bool IsZero => Significand == UInt128.Zero;

    public WideReal Abs() => this with { Negative = false };

    public static WideReal From(in FloatNumber number) =>
        number.Class == FloatClass.Zero ? default : new(number.Negative, number.Exponent, (UInt128)number.Significand << 64);

    public static WideReal From(int value) => From(FloatNumber.FromInteger(value));

    /// <summary>significand · 2^(exponent - 127), for any significand.</summary>
    public static WideReal Normalize(bool negative, int exponent, UInt128 significand)
    {
        if (significand == UInt128.Zero)
            return default;
        int shift = (int)UInt128.LeadingZeroCount(significand);
        return new(negative, exponent - shift, significand << shift);
    }

    public static WideReal operator -(in WideReal value) => value with { Negative = !value.Negative };

    public static WideReal operator +(in WideReal left, in WideReal right)
    {
        if (left.IsZero || right.IsZero)
            return left.IsZero ? right : left;
        bool swap = left.Exponent < right.Exponent || (left.Exponent == right.Exponent && left.Significand < right.Significand);
        WideReal large = swap ? right : left, small = swap ? left : right;
        int distance = large.Exponent - small.Exponent;
        UInt128 shifted = FloatRounding.ShiftRightSticky(small.Significand, distance);
        if (large.Negative != small.Negative)
            return Normalize(large.Negative, large.Exponent, large.Significand - shifted);
        UInt128 sum = large.Significand + shifted;
        return sum >= large.Significand
            ? new(large.Negative, large.Exponent, sum)
            : new(large.Negative, large.Exponent + 1, (sum >> 1) | (UInt128.One << 127) | (sum & UInt128.One));
    }

    public static WideReal operator -(in WideReal left, in WideReal right) => left + -right;

    public static WideReal operator *(in WideReal left, in WideReal right)
    {
        if (left.IsZero || right.IsZero)
            return default;
        ulong a = (ulong)(left.Significand >> 64), b = (ulong)left.Significand, c = (ulong)(right.Significand >> 64), d = (ulong)right.Significand;
        UInt128 low = (UInt128)b * d, middle = (UInt128)a * d, middle2 = (UInt128)b * c;
        UInt128 carry = (low >> 64) + (ulong)middle + (ulong)middle2;
        UInt128 high = ((UInt128)a * c) + (middle >> 64) + (middle2 >> 64) + (carry >> 64);
        ulong below = (ulong)carry;
        bool negative = left.Negative != right.Negative;
        int exponent = left.Exponent + right.Exponent + 1;
        if ((high >> 127) == UInt128.Zero)
        {
            high = (high << 1) | (below >> 63);
            below <<= 1;
            exponent--;
        }

        return new(negative, exponent, below != 0 || (ulong)low != 0 ? high | UInt128.One : high);
    }

    public static WideReal operator /(in WideReal left, in WideReal right)
    {
        if (left.IsZero)
            return default;

        // Long division: the rest, which may need 129 bits after its shift, stays below the divisor.
        UInt128 rest = left.Significand, quotient = UInt128.Zero;
        int exponent = left.Exponent - right.Exponent;
        bool over = false;
        if (rest < right.Significand)
        {
            over = true;
            rest <<= 1;
            exponent--;
        }

        for (int bit = 0; bit < 128; bit++)
        {
            if (bit != 0)
            {
                over = (rest >> 127) != UInt128.Zero;
                rest <<= 1;
                quotient <<= 1;
            }

            if (over || rest >= right.Significand)
            {
                rest = unchecked(rest - right.Significand);
                quotient |= UInt128.One;
            }
        }

        return new(left.Negative != right.Negative, exponent, rest != UInt128.Zero ? quotient | UInt128.One : quotient);
    }

    /// <summary>A part of the number: right to 2^-120, since the divisor is small.</summary>
    public WideReal DividedBy(uint divisor)
    {
        UInt128 quotient = Significand / divisor;
        return Normalize(Negative, Exponent, quotient | UInt128.One);
    }

    public bool IsLessThan(in WideReal other) => (this - other).Negative;

    /// <summary>Rounds to a format; what is not exact is known to be so by its last bit, or by the caller.</summary>
    public TBits Round<TFormat, TBits>(bool isExact, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => IsZero
            ? TFormat.Pack(Negative, 0, 0)
            : FloatRounding.Round<TFormat, TBits>(Negative, Exponent, (ulong)(Significand >> 64), (ulong)Significand | (isExact ? 0UL : 1), ref context);
}
