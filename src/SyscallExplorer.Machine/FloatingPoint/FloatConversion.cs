namespace SyscallExplorer.Machine;

/// <summary>Conversions between formats, to and from integers, and to integral values. SDM vol. 1, 4.8.4 and 11.5.2.1.</summary>
internal static class FloatConversion
{
    /// <summary>The number in another format, rounded if need be; a NaN is made quiet and keeps the upper end of its payload.</summary>
    public static TTo Convert<TFrom, TFromBits, TTarget, TTo>(TFromBits value, ref FloatContext context)
        where TFrom : struct, IFloatFormat<TFromBits>
        where TFromBits : unmanaged
        where TTarget : struct, IFloatFormat<TTo>
        where TTo : unmanaged => Convert<TTarget, TTo>(TFrom.Unpack(value, context), ref context);

    public static TTo Convert<TTarget, TTo>(in FloatNumber number, ref FloatContext context)
        where TTarget : struct, IFloatFormat<TTo>
        where TTo : unmanaged
    {
        if (!number.IsNumber)
            return NotANumber.Propagate<TTarget, TTo>(number, ref context);
        if (context.StopsAtDenormal(number.Denormal))
            return default;
        return FloatRounding.Round<TTarget, TTo>(number, ref context);
    }

    /// <summary>VCVTPH2PS: always exact; denormals are ordinary operands, whatever MXCSR.DAZ says. SDM vol. 2, VCVTPH2PS.</summary>
    public static uint HalfToSingle(ushort value, ref FloatContext context)
    {
        FloatNumber number = Interchange.Unpack(value, Binary16.Precision, 5, denormalsAreZero: false);
        return number.IsNumber ? FloatRounding.Round<Binary32, uint>(number, ref context) : NotANumber.Propagate<Binary32, uint>(number, ref context);
    }

    /// <summary>VCVTPS2PH: results may be denormal, whatever MXCSR.FTZ says. SDM vol. 2, VCVTPS2PH.</summary>
    public static ushort SingleToHalf(uint value, RoundingControl rounding, ref FloatContext context)
    {
        FloatContext own = context;
        own.FlushToZero = false;
        own.Rounding = rounding;
        ushort result = Convert<Binary32, uint, Binary16, ushort>(value, ref own);
        context.Raised = own.Raised;
        return result;
    }

    /// <summary>A signed or unsigned integer as a number of the format.</summary>
    public static TBits FromInteger<TFormat, TBits>(long value, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => FloatRounding.Round<TFormat, TBits>(FloatNumber.FromInteger(value), ref context);

    public static TBits FromUnsigned<TFormat, TBits>(ulong value, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => FloatRounding.Round<TFormat, TBits>(FloatNumber.FromInteger(negative: false, value), ref context);

    /// <summary>The number rounded to a signed integer.</summary>
    /// <returns>The integer, or the most negative one ("integer indefinite") with invalid raised when there is none of that size.</returns>
    /// <param name="value">The number.</param>
    /// <param name="bits">The size of the integer: 16, 32 or 64.</param>
    /// <param name="rounding">The mode: zero for the conversions with truncation, otherwise the context's.</param>
    /// <param name="context">Controls and flags.</param>
    public static long ToSigned<TFormat, TBits>(TBits value, int bits, RoundingControl rounding, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => ToSigned(TFormat.Unpack(value, context), bits, rounding, ref context);

    public static long ToSigned(in FloatNumber number, int bits, RoundingControl rounding, ref FloatContext context)
    {
        ulong limit = 1UL << (bits - 1);
        if (!number.IsFinite || number.Exponent >= 64)
            return Indefinite(limit, ref context);
        ulong magnitude = WholePart(number, rounding, out bool inexact, out bool up);
        if (magnitude > (number.Negative ? limit : limit - 1))
            return Indefinite(limit, ref context);
        Report(inexact, up, ref context);
        return number.Negative ? unchecked(-(long)magnitude) : (long)magnitude;
    }

    /// <summary>The number rounded to an unsigned integer, or all ones with invalid raised when there is none of that size. SDM vol. 2, VCVTSD2USI.</summary>
    public static ulong ToUnsigned<TFormat, TBits>(TBits value, int bits, RoundingControl rounding, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        FloatNumber number = TFormat.Unpack(value, context);
        ulong limit = ulong.MaxValue >> (64 - bits);
        if (number.IsFinite && number.Exponent < 64)
        {
            ulong magnitude = WholePart(number, rounding, out bool inexact, out bool up);
            if (magnitude <= limit && (!number.Negative || magnitude == 0))
            {
                Report(inexact, up, ref context);
                return magnitude;
            }
        }
        context.Raised |= FloatExceptions.Invalid;
        return limit;
    }

    /// <summary>The number rounded to an integral value of the same format.</summary>
    /// <param name="value">The number.</param>
    /// <param name="rounding">The mode.</param>
    /// <param name="reportInexact">Whether precision is raised; bit 3 of ROUNDSD's immediate suppresses it.</param>
    /// <param name="context">Controls and flags.</param>
    public static TBits RoundToIntegral<TFormat, TBits>(TBits value, RoundingControl rounding, bool reportInexact, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => RoundToIntegral<TFormat, TBits>(TFormat.Unpack(value, context), rounding, reportInexact, ref context);

    public static TBits RoundToIntegral<TFormat, TBits>(in FloatNumber number, RoundingControl rounding, bool reportInexact, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (!number.IsNumber)
            return NotANumber.Propagate<TFormat, TBits>(number, ref context);
        if (number.Class == FloatClass.Zero)
            return TFormat.Pack(number.Negative, 0, 0);
        if (number.Class == FloatClass.Infinity || number.Exponent >= 63)
            return TFormat.Pack(number.Negative, number.Exponent, number.Significand);
        ulong magnitude = WholePart(number, rounding, out bool inexact, out bool up);
        if (reportInexact)
            Report(inexact, up, ref context);
        FloatNumber whole = FloatNumber.FromInteger(number.Negative, magnitude);
        return TFormat.Pack(number.Negative, whole.Exponent, whole.Significand);
    }

    /// <summary>The magnitude rounded to a whole number, of a finite number whose exponent is below 64.</summary>
    public static ulong WholePart(in FloatNumber number, RoundingControl rounding, out bool inexact, out bool up)
    {
        inexact = up = false;
        if (number.Class == FloatClass.Zero)
            return 0;
        UInt128 fixedPoint = FloatRounding.ShiftRightSticky((UInt128)number.Significand << 64, 63 - number.Exponent);
        return FloatRounding.RoundTo(64, rounding, number.Negative, (ulong)(fixedPoint >> 64), (ulong)fixedPoint, out inexact, out up);
    }

    private static long Indefinite(ulong limit, ref FloatContext context)
    {
        context.Raised |= FloatExceptions.Invalid;
        return unchecked(-(long)limit);
    }

    private static void Report(bool inexact, bool up, ref FloatContext context)
    {
        if (inexact)
            context.Raised |= FloatExceptions.Precision;
        context.RoundedUp = up;
    }
}
