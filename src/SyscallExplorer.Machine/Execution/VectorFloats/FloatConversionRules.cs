using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>A conversion of one element, stated once for packed, scalar and MMX operands.</summary>
internal interface IFloatConversionRule<TFrom, TTo>
    where TFrom : unmanaged
    where TTo : unmanaged
{
    static abstract TTo Apply(TFrom value, int control, ref FloatContext context);
}

/// <summary>To an integer, by the mode of MXCSR or, in the instructions with a second T in their names, cut off.</summary>
internal interface IIntegerRounding
{
    static abstract bool Truncates { get; }
}

internal readonly struct ByMode : IIntegerRounding
{
    public static bool Truncates => false;
}

internal readonly struct CutOff : IIntegerRounding
{
    public static bool Truncates => true;
}

/// <summary>To a signed integer, or to the most negative one with invalid where none fits. SDM vol. 2, CVTSD2SI and its kin.</summary>
internal readonly struct ToInteger<TFormat, TFrom, TTo, TRounding> : IFloatConversionRule<TFrom, TTo>
    where TFormat : struct, IFloatFormat<TFrom>
    where TFrom : unmanaged
    where TTo : unmanaged
    where TRounding : struct, IIntegerRounding
{
    private static int Bits => Unsafe.SizeOf<TTo>() * 8;

    public static TTo Apply(TFrom value, int control, ref FloatContext context)
    {
        RoundingControl rounding = TRounding.Truncates ? RoundingControl.Zero : context.Rounding;
        if (!HostConversions.TryToInteger(value, Bits, rounding, ref context, out long integer))
            integer = FloatConversion.ToSigned<TFormat, TFrom>(value, Bits, rounding, ref context);
        return typeof(TTo) == typeof(int) ? Unsafe.BitCast<int, TTo>((int)integer) : Unsafe.BitCast<long, TTo>(integer);
    }
}

/// <summary>From a signed integer of 32 or 64 bits. SDM vol. 2, CVTSI2SD, CVTDQ2PS and their kin.</summary>
internal readonly struct FromInteger<TFormat, TFrom, TTo> : IFloatConversionRule<TFrom, TTo>
    where TFormat : struct, IFloatFormat<TTo>
    where TFrom : unmanaged
    where TTo : unmanaged
{
    public static TTo Apply(TFrom value, int control, ref FloatContext context)
    {
        long integer = typeof(TFrom) == typeof(int) ? Unsafe.BitCast<TFrom, int>(value) : Unsafe.BitCast<TFrom, long>(value);
        return HostConversions.TryFromInteger(integer, out TTo result) ? result : FloatConversion.FromInteger<TFormat, TTo>(integer, ref context);
    }
}

/// <summary>From one precision to another. SDM vol. 2, CVTSS2SD, CVTSD2SS and their kin.</summary>
internal readonly struct ToPrecision<TSource, TFrom, TTarget, TTo> : IFloatConversionRule<TFrom, TTo>
    where TSource : struct, IFloatFormat<TFrom>
    where TFrom : unmanaged
    where TTarget : struct, IFloatFormat<TTo>
    where TTo : unmanaged
{
    public static TTo Apply(TFrom value, int control, ref FloatContext context) =>
        HostConversions.TryChangePrecision(value, ref context, out TTo result) ? result : FloatConversion.Convert<TSource, TFrom, TTarget, TTo>(value, ref context);
}
