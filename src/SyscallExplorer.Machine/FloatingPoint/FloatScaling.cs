namespace SyscallExplorer.Machine;

/// <summary>Numbers times powers of two, and numbers taken apart into power and significand. SDM vol. 2A, FSCALE and FXTRACT.</summary>
internal static class FloatScaling
{
    /// <summary>No exponent of any format is this far from 0, so that a scale beyond it might as well be it.</summary>
    private const int Limit = 1 << 17;

    /// <summary>number · 2^n, where n is the scale cut to an integer.</summary>
    public static TBits Scale<TFormat, TBits>(in FloatNumber number, in FloatNumber scale, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (!number.IsNumber || !scale.IsNumber)
            return NotANumber.Propagate<TFormat, TBits>(number, scale, ref context);
        bool infinite = scale.Class == FloatClass.Infinity;
        if (infinite && number.Class == (scale.Negative ? FloatClass.Infinity : FloatClass.Zero))
            return NotANumber.Invalid<TFormat, TBits>(ref context);
        if (context.StopsAtDenormal(number.Denormal | scale.Denormal))
            return default;
        if (infinite)
            return scale.Negative ? TFormat.Pack(number.Negative, 0, 0) : TFormat.Pack(number.Negative, TFormat.MaxExponent + 1, FloatNumber.IntegerBit);
        if (number.Class != FloatClass.Finite)
            return FloatRounding.Round<TFormat, TBits>(number, ref context);

        int power = scale.Exponent > 17 ? Limit : (int)FloatConversion.WholePart(scale, RoundingControl.Zero, out _, out _);
        int exponent = number.Exponent + (scale.Negative ? -power : power);
        return FloatRounding.Round<TFormat, TBits>(number.Negative, exponent, number.Significand, 0, ref context);
    }

    /// <summary>The exponent as a number, and the significand with the exponent of 1.</summary>
    public static (TBits Exponent, TBits Significand) Extract<TFormat, TBits>(in FloatNumber number, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (!number.IsNumber)
        {
            TBits result = NotANumber.Propagate<TFormat, TBits>(number, ref context);
            return (result, result);
        }

        TBits infinity = TFormat.Pack(number.Class == FloatClass.Zero, TFormat.MaxExponent + 1, FloatNumber.IntegerBit);
        if (number.Class == FloatClass.Infinity)
            return (infinity, TFormat.Pack(number.Negative, TFormat.MaxExponent + 1, FloatNumber.IntegerBit));
        if (number.Class == FloatClass.Zero)
        {
            context.Raised |= FloatExceptions.DivideByZero;
            return (infinity, TFormat.Pack(number.Negative, 0, 0));
        }

        if (context.StopsAtDenormal(number.Denormal))
            return default;
        FloatNumber exponent = FloatNumber.FromInteger(number.Exponent);
        return (TFormat.Pack(exponent.Negative, exponent.Exponent, exponent.Significand), TFormat.Pack(number.Negative, 0, number.Significand));
    }
}
