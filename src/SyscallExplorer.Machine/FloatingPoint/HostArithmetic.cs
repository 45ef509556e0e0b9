using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>
/// The host's own arithmetic, for the operands for which it gives the same bits and the same flags as integer arithmetic does.
/// </summary>
/// <remarks>
/// Taken only in single and double precision, rounding to nearest, and for operands of middling exponents: none is zero, denormal, infinite or NaN, no result
/// overflows or is tiny, and the error of each result is a number of the same format (or of double precision), so that computing it tells whether the result is
/// exact. What is left of the flags is precision. IEEE 754 fixes the bits of these operations, so that every host gives the same.
/// </remarks>
internal static class HostArithmetic
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAdd<TBits>(TBits left, TBits right, ref FloatContext context, out TBits result) where TBits : unmanaged
    {
        if (typeof(TBits) == typeof(ulong) && Doubles(left, right, context, out double x, out double y))
        {
            double sum = x + y;
            return Done(sum, SumIsInexact(x, y, sum), ref context, out result);
        }
        if (typeof(TBits) == typeof(uint) && Singles(left, right, context, out float u, out float v))
        {
            float sum = u + v;
            return Done(sum, SumIsInexact(u, v, sum), ref context, out result);
        }
        result = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TrySubtract<TBits>(TBits left, TBits right, ref FloatContext context, out TBits result) where TBits : unmanaged
    {
        if (typeof(TBits) == typeof(ulong) && Doubles(left, right, context, out double x, out double y))
        {
            double difference = x - y;
            return Done(difference, SumIsInexact(x, -y, difference), ref context, out result);
        }
        if (typeof(TBits) == typeof(uint) && Singles(left, right, context, out float u, out float v))
        {
            float difference = u - v;
            return Done(difference, SumIsInexact(u, -v, difference), ref context, out result);
        }
        result = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryMultiply<TBits>(TBits left, TBits right, ref FloatContext context, out TBits result) where TBits : unmanaged
    {
        if (typeof(TBits) == typeof(ulong) && Doubles(left, right, context, out double x, out double y))
        {
            double product = x * y;
            return Done(product, Math.FusedMultiplyAdd(x, y, -product) != 0, ref context, out result);
        }
        if (typeof(TBits) == typeof(uint) && Singles(left, right, context, out float u, out float v))
        {
            double exact = (double)u * v;
            float product = (float)exact;
            return Done(product, product != exact, ref context, out result);
        }
        result = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryDivide<TBits>(TBits left, TBits right, ref FloatContext context, out TBits result) where TBits : unmanaged
    {
        if (typeof(TBits) == typeof(ulong) && Doubles(left, right, context, out double x, out double y))
        {
            double quotient = x / y;
            return Done(quotient, Math.FusedMultiplyAdd(quotient, y, -x) != 0, ref context, out result);
        }
        if (typeof(TBits) == typeof(uint) && Singles(left, right, context, out float u, out float v))
        {
            float quotient = u / v;
            return Done(quotient, (double)quotient * v != u, ref context, out result);
        }
        result = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TrySquareRoot<TBits>(TBits value, ref FloatContext context, out TBits result) where TBits : unmanaged
    {
        if (typeof(TBits) == typeof(ulong) && Doubles(value, value, context, out double x, out _) && x > 0)
        {
            double root = Math.Sqrt(x);
            return Done(root, Math.FusedMultiplyAdd(root, root, -x) != 0, ref context, out result);
        }
        if (typeof(TBits) == typeof(uint) && Singles(value, value, context, out float u, out _) && u > 0)
        {
            float root = MathF.Sqrt(u);
            return Done(root, (double)root * root != u, ref context, out result);
        }
        result = default;
        return false;
    }

    /// <summary>Exponents from -256 to 256: a product stays within 2^±514 and its error above 2^-620.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Doubles<TBits>(TBits left, TBits right, in FloatContext context, out double x, out double y) where TBits : unmanaged
    {
        ulong a = Unsafe.BitCast<TBits, ulong>(left), b = Unsafe.BitCast<TBits, ulong>(right);
        x = BitConverter.UInt64BitsToDouble(a);
        y = BitConverter.UInt64BitsToDouble(b);
        return ((a >> 52) & 0x7FF) - (1023 - 256) <= 512 && ((b >> 52) & 0x7FF) - (1023 - 256) <= 512 && context.Rounding == RoundingControl.Nearest;
    }

    /// <summary>Exponents from -30 to 30: a product stays within 2^±62, and a sum's error above 2^-54.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Singles<TBits>(TBits left, TBits right, in FloatContext context, out float x, out float y) where TBits : unmanaged
    {
        uint a = Unsafe.BitCast<TBits, uint>(left), b = Unsafe.BitCast<TBits, uint>(right);
        x = BitConverter.UInt32BitsToSingle(a);
        y = BitConverter.UInt32BitsToSingle(b);
        return ((a >> 23) & 0xFF) - (127 - 30) <= 60 && ((b >> 23) & 0xFF) - (127 - 30) <= 60 && context.Rounding == RoundingControl.Nearest;
    }

    /// <summary>Whether a sum has an error: these six operations give the error exactly (Knuth, The Art of Computer Programming, vol. 2, 4.2.2).</summary>
    private static bool SumIsInexact(double x, double y, double sum)
    {
        double ofY = sum - x;
        double ofX = sum - ofY;
        return (x - ofX) + (y - ofY) != 0;
    }

    private static bool SumIsInexact(float x, float y, float sum)
    {
        float ofY = sum - x;
        float ofX = sum - ofY;
        return (x - ofX) + (y - ofY) != 0;
    }

    private static bool Done<TBits>(double value, bool inexact, ref FloatContext context, out TBits result) where TBits : unmanaged
    {
        result = Unsafe.BitCast<double, TBits>(value);
        return Report(inexact, ref context);
    }

    private static bool Done<TBits>(float value, bool inexact, ref FloatContext context, out TBits result) where TBits : unmanaged
    {
        result = Unsafe.BitCast<float, TBits>(value);
        return Report(inexact, ref context);
    }

    private static bool Report(bool inexact, ref FloatContext context)
    {
        if (inexact)
            context.Raised |= FloatExceptions.Precision;
        return true;
    }
}
