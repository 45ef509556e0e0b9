namespace SyscallExplorer.Machine;

/// <summary>
/// Rounds exact results to a format. SDM vol. 1, 4.8.4 and 4.9.1.4 to 4.9.1.6: overflow, underflow and precision are found here and nowhere else.
/// </summary>
/// <remarks>
/// An exact result is a 128-bit significand whose bit 127 is set; a result that goes on below bit 0 has bit 0 set instead ("sticky"), which rounds the same
/// way since no format keeps more than 64 bits.
/// </remarks>
internal static class FloatRounding
{
    /// <summary>Rounds high:low · 2^(exponent - 127), whose bit 127 is set.</summary>
    public static TBits Round<TFormat, TBits>(bool negative, int exponent, ulong high, ulong low, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (exponent < TFormat.MinExponent)
            return RoundSmall<TFormat, TBits>(negative, exponent, high, low, ref context);
        ulong significand = RoundTo(TFormat.RoundingPrecision(context), context.Rounding, negative, high, low, out bool inexact, out bool up);
        if (up && significand == 0)
        {
            significand = FloatNumber.IntegerBit;
            exponent++;
        }
        if (exponent > TFormat.MaxExponent)
            return Overflow<TFormat, TBits>(negative, exponent, significand, inexact, up, ref context);
        if (inexact)
            context.Raised |= FloatExceptions.Precision;
        context.RoundedUp = up;
        return TFormat.Pack(negative, exponent, significand);
    }

    /// <summary>Rounds a result whose significand is any 128-bit number but 0.</summary>
    public static TBits Normalize<TFormat, TBits>(bool negative, int exponent, UInt128 significand, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        int shift = (int)UInt128.LeadingZeroCount(significand);
        significand <<= shift;
        return Round<TFormat, TBits>(negative, exponent - shift, (ulong)(significand >> 64), (ulong)significand, ref context);
    }

    /// <summary>Rounds a number of another format.</summary>
    public static TBits Round<TFormat, TBits>(in FloatNumber number, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => number.Class switch
        {
            FloatClass.Zero => TFormat.Pack(number.Negative, 0, 0),
            FloatClass.Finite => Round<TFormat, TBits>(number.Negative, number.Exponent, number.Significand, 0, ref context),
            _ => TFormat.Pack(number.Negative, TFormat.MaxExponent + 1, number.Significand),
        };

    /// <summary>Cuts high:low down to its first bits.</summary>
    /// <returns>The bits that were kept, in place; 0 with <paramref name="up"/> set when rounding carried out of bit 63.</returns>
    public static ulong RoundTo(int precision, RoundingControl rounding, bool negative, ulong high, ulong low, out bool inexact, out bool up)
    {
        ulong unit = 1UL << (64 - precision);
        ulong kept = high & ~(unit - 1);
        ulong cut = high & (unit - 1);
        inexact = (cut | low) != 0;
        up = inexact && rounding switch
        {
            RoundingControl.Nearest => precision == 64
                ? low > FloatNumber.IntegerBit || (low == FloatNumber.IntegerBit && (kept & unit) != 0)
                : cut > unit >> 1 || (cut == unit >> 1 && (low != 0 || (kept & unit) != 0)),
            RoundingControl.Down => negative,
            RoundingControl.Up => !negative,
            _ => false,
        };
        return up ? unchecked(kept + unit) : kept;
    }

    /// <summary>Shifts high:low right; bits that fall out leave bit 0 set.</summary>
    public static UInt128 ShiftRightSticky(UInt128 value, int count)
    {
        if (count == 0)
            return value;
        if (count >= 128)
            return value == UInt128.Zero ? UInt128.Zero : UInt128.One;
        UInt128 shifted = value >> count;
        return (value << (128 - count)) != UInt128.Zero ? shifted | UInt128.One : shifted;
    }

    /// <summary>The result may be tiny. Tininess is that of the result rounded as if exponents had no limit. SDM vol. 1, 4.9.1.5.</summary>
    private static TBits RoundSmall<TFormat, TBits>(bool negative, int exponent, ulong high, ulong low, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        int precision = TFormat.RoundingPrecision(context);
        ulong unbounded = RoundTo(precision, context.Rounding, negative, high, low, out bool inexact, out bool up);
        int unboundedExponent = exponent;
        if (up && unbounded == 0)
        {
            unbounded = FloatNumber.IntegerBit;
            unboundedExponent++;
        }
        bool tiny = unboundedExponent < TFormat.MinExponent;
        if (tiny && (context.Masked & FloatExceptions.Underflow) == 0)
        {
            context.Raised |= FloatExceptions.Underflow | (inexact ? FloatExceptions.Precision : 0);
            context.RoundedUp = up;
            unboundedExponent += TFormat.ExponentWrap;
            if (TFormat.ExponentWrap == 0 || unboundedExponent >= TFormat.MinExponent)
                return TFormat.Pack(negative, unboundedExponent, unbounded);
            context.Raised |= FloatExceptions.Precision;
            return TFormat.Pack(negative, 0, 0);
        }
        if (tiny && context.FlushToZero)
        {
            context.Raised |= FloatExceptions.Underflow | FloatExceptions.Precision;
            context.RoundedUp = false;
            return TFormat.Pack(negative, 0, 0);
        }
        UInt128 shifted = ShiftRightSticky(new UInt128(high, low), TFormat.MinExponent - exponent);
        ulong significand = RoundTo(precision, context.Rounding, negative, (ulong)(shifted >> 64), (ulong)shifted, out inexact, out up);
        if (inexact)
            context.Raised |= FloatExceptions.Precision | (tiny ? FloatExceptions.Underflow : 0);
        context.RoundedUp = up;
        return TFormat.Pack(negative, TFormat.MinExponent, significand);
    }

    /// <summary>The result is too large. Masked, it becomes infinity or the largest number, where the rounding mode leads. SDM vol. 1, table 4-10.</summary>
    private static TBits Overflow<TFormat, TBits>(bool negative, int exponent, ulong significand, bool inexact, bool up, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        context.Raised |= FloatExceptions.Overflow;
        if ((context.Masked & FloatExceptions.Overflow) == 0)
        {
            if (inexact)
                context.Raised |= FloatExceptions.Precision;
            context.RoundedUp = up;
            exponent -= TFormat.ExponentWrap;
            if (TFormat.ExponentWrap == 0 || exponent <= TFormat.MaxExponent)
                return TFormat.Pack(negative, exponent, significand);
            context.Raised |= FloatExceptions.Precision;
            context.RoundedUp = true;
            return TFormat.Pack(negative, TFormat.MaxExponent + 1, FloatNumber.IntegerBit);
        }
        context.Raised |= FloatExceptions.Precision;
        bool infinite = context.Rounding switch
        {
            RoundingControl.Nearest => true,
            RoundingControl.Down => negative,
            RoundingControl.Up => !negative,
            _ => false,
        };
        context.RoundedUp = infinite;
        ulong largest = ulong.MaxValue << (64 - TFormat.RoundingPrecision(context));
        return infinite ? TFormat.Pack(negative, TFormat.MaxExponent + 1, FloatNumber.IntegerBit) : TFormat.Pack(negative, TFormat.MaxExponent, largest);
    }
}
