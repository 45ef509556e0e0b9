using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>When a whole vector of results may be computed by the host.</summary>
/// <remarks>
/// IEEE 754 fixes the bits of +, -, ·, / and the square root for rounding to nearest, which is all that .NET ever sets. What is left to show is that MXCSR
/// would not change, that no mask matters, and that neither FTZ nor DAZ does:
/// <list type="bullet">
/// <item>The mode is nearest, every exception is masked and PE is set already, so that an inexact result leaves no trace.</item>
/// <item>Operands are normal or zero: no invalid, denormal or NaN operand, nothing for DAZ. An invalid operation or a division by zero of such operands gives a
/// NaN or an infinity, which is no result that is taken.</item>
/// <item>Results have an exponent above the least one of normal numbers: not tiny even before rounding, and no overflow.</item>
/// <item>A result of zero is taken if an operand is zero or if it is a sum, which is exact wherever it is zero.</item>
/// </list>
/// The .NET compiler neither contracts nor reassociates floating-point operations.
/// </remarks>
internal static class HostElements
{
    private const uint Controls = Mxcsr.RC | Mxcsr.ExceptionMasks | (uint)FloatExceptions.Precision;
    private const uint Ready = Mxcsr.ExceptionMasks | (uint)FloatExceptions.Precision;

    /// <summary>Whether MXCSR allows it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Allowed(uint mxcsr) => (mxcsr & Controls) == Ready;

    /// <summary>Whether operands and results allow it.</summary>
    /// <param name="left">First operands.</param>
    /// <param name="right">Second operands.</param>
    /// <param name="result">What the host computed.</param>
    /// <param name="elements">One bit for each element that counts.</param>
    /// <param name="isSum">Whether the operation is an addition or a subtraction.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Hold<T>(Vector128<T> left, Vector128<T> right, Vector128<T> result, uint elements, bool isSum) where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            return Hold(left.AsInt32() & Vector128.Create(int.MaxValue), right.AsInt32() & Vector128.Create(int.MaxValue),
                result.AsInt32() & Vector128.Create(int.MaxValue), Vector128.Create(0x00FF_FFFF), Vector128.Create(0x7F80_0000), elements, isSum);
        }

        return Hold(left.AsInt64() & Vector128.Create(long.MaxValue), right.AsInt64() & Vector128.Create(long.MaxValue),
            result.AsInt64() & Vector128.Create(long.MaxValue), Vector128.Create(0x001F_FFFF_FFFF_FFFF), Vector128.Create(0x7FF0_0000_0000_0000), elements, isSum);
    }

    /// <summary>
    /// left · right + addend, where the same holds: operands normal or zero, the result normal. A result of zero may be an underflow and is not taken.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryMultiplyAdd<TBits>(TBits left, TBits right, TBits addend, bool negateProduct, bool negateAddend, out TBits result) where TBits : unmanaged
    {
        if (typeof(TBits) == typeof(ulong))
        {
            double x = Unsafe.BitCast<TBits, double>(left), y = Unsafe.BitCast<TBits, double>(right), z = Unsafe.BitCast<TBits, double>(addend);
            double sum = Math.FusedMultiplyAdd(negateProduct ? -x : x, y, negateAddend ? -z : z);
            result = Unsafe.BitCast<double, TBits>(sum);
            return IsNormal(sum) && IsNormalOrZero(x) && IsNormalOrZero(y) && IsNormalOrZero(z);
        }

        float u = Unsafe.BitCast<TBits, float>(left), v = Unsafe.BitCast<TBits, float>(right), w = Unsafe.BitCast<TBits, float>(addend);
        float single = MathF.FusedMultiplyAdd(negateProduct ? -u : u, v, negateAddend ? -w : w);
        result = Unsafe.BitCast<float, TBits>(single);
        return IsNormal(single) && IsNormalOrZero(u) && IsNormalOrZero(v) && IsNormalOrZero(w);
    }

    /// <summary>Above the least exponent of normal numbers.</summary>
    private static bool IsNormal(double value) => ((BitConverter.DoubleToUInt64Bits(value) >> 52) & 0x7FF) - 2 < 0x7FD;

    private static bool IsNormal(float value) => ((BitConverter.SingleToUInt32Bits(value) >> 23) & 0xFF) - 2 < 0xFD;

    private static bool IsNormalOrZero(double value) => IsNormal(value) || BitConverter.DoubleToUInt64Bits(value) << 1 == 0;

    private static bool IsNormalOrZero(float value) => IsNormal(value) || BitConverter.SingleToUInt32Bits(value) << 1 == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Hold<T>(Vector128<T> left, Vector128<T> right, Vector128<T> result, Vector128<T> below, Vector128<T> above, uint elements, bool isSum)
        where T : unmanaged
    {
        Vector128<T> leftNormal = Between(left, below, above), rightNormal = Between(right, below, above), resultNormal = Between(result, below, above);
        if (((leftNormal & rightNormal & resultNormal).ExtractMostSignificantBits() & elements) == elements)
            return true;
        Vector128<T> leftZero = IsZero(left), rightZero = IsZero(right), resultZero = IsZero(result);
        if (!isSum)
            resultZero &= leftZero | rightZero;
        Vector128<T> held = (leftNormal | leftZero) & (rightNormal | rightZero) & (resultNormal | resultZero);
        return (held.ExtractMostSignificantBits() & elements) == elements;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Between<T>(Vector128<T> magnitude, Vector128<T> below, Vector128<T> above) where T : unmanaged =>
        Vector128.GreaterThan(magnitude, below) & Vector128.LessThan(magnitude, above);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> IsZero<T>(Vector128<T> magnitude) where T : unmanaged => Vector128.Equals(magnitude, Vector128<T>.Zero);
}
