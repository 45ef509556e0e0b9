using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>Conversions by the host, where IEEE 754 fixes their bits and where converting back tells whether they were exact.</summary>
internal static class HostConversions
{
    private const int DoubleBias = 1023;

    /// <summary>Numbers that are normal or zero and so small that rounding up keeps them within the integer. Exact if the integer is the number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryToInteger<TFrom>(TFrom value, int bits, RoundingControl rounding, ref FloatContext context, out long integer) where TFrom : unmanaged
    {
        integer = 0;
        double number;
        if (typeof(TFrom) == typeof(uint))
        {
            if ((Unsafe.BitCast<TFrom, uint>(value) & 0x7F80_0000) == 0)
                return Unsafe.BitCast<TFrom, uint>(value) << 1 == 0;
            number = Unsafe.BitCast<TFrom, float>(value);
        }
        else
        {
            number = Unsafe.BitCast<TFrom, double>(value);
        }

        ulong magnitude = BitConverter.DoubleToUInt64Bits(number) << 1;
        if (magnitude - 1 < 1ul << 53 || magnitude >= (ulong)(DoubleBias + bits - 2) << 53)
            return false;
        switch (rounding)
        {
            case RoundingControl.Zero:
                integer = (long)number;
                break;
            case RoundingControl.Nearest:
                integer = (long)Math.Round(number, MidpointRounding.ToEven);
                break;
            default:
                return false;
        }

        if (integer != number)
            context.Raised |= FloatExceptions.Precision;
        return true;
    }

    /// <summary>Integers of no more bits than the significand has: always exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFromInteger<TTo>(long integer, out TTo result) where TTo : unmanaged
    {
        if (typeof(TTo) == typeof(ulong))
        {
            result = Unsafe.BitCast<double, TTo>(integer);
            return (ulong)(integer + (1L << 53)) <= 1ul << 54;
        }

        result = Unsafe.BitCast<float, TTo>(integer);
        return (ulong)(integer + (1L << 24)) <= 1ul << 25;
    }

    /// <summary>Normal numbers and zeros whose result is a normal number or zero, rounded to nearest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryChangePrecision<TFrom, TTo>(TFrom value, ref FloatContext context, out TTo result)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        if (typeof(TFrom) == typeof(uint))
        {
            uint magnitude = Unsafe.BitCast<TFrom, uint>(value) << 1;
            result = Unsafe.BitCast<double, TTo>(Unsafe.BitCast<TFrom, float>(value));
            return magnitude - 0x0100_0000 < 0xFE00_0000 || magnitude == 0;
        }

        ulong wide = Unsafe.BitCast<TFrom, ulong>(value) << 1;
        double number = Unsafe.BitCast<TFrom, double>(value);
        float narrow = (float)number;
        result = Unsafe.BitCast<float, TTo>(narrow);
        if (wide == 0)
            return true;
        if (context.Rounding != RoundingControl.Nearest || wide < (ulong)(DoubleBias - 125) << 53 || wide >= (ulong)(DoubleBias + 127) << 53)
            return false;
        if (narrow != number)
            context.Raised |= FloatExceptions.Precision;
        return true;
    }
}
