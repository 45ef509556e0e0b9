using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>Comparisons that the host may make: of numbers that are not denormal the order is a fact, no exception is met, and no control of MXCSR matters.</summary>
internal static class HostOrder
{
    /// <summary>How two elements compare.</summary>
    /// <param name="left">The first operand.</param>
    /// <param name="right">The second operand.</param>
    /// <param name="signaling">Whether a quiet NaN is an invalid operand too.</param>
    /// <param name="context">Controls and flags.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatOrder Compare<TFormat, TBits>(TBits left, TBits right, bool signaling, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (typeof(TBits) == typeof(ulong))
        {
            double x = Unsafe.BitCast<TBits, double>(left), y = Unsafe.BitCast<TBits, double>(right);
            if (IsPlain(x) && IsPlain(y))
                return x < y ? FloatOrder.Less : x == y ? FloatOrder.Equal : FloatOrder.Greater;
        }
        else if (typeof(TBits) == typeof(uint))
        {
            float x = Unsafe.BitCast<TBits, float>(left), y = Unsafe.BitCast<TBits, float>(right);
            if (IsPlain(x) && IsPlain(y))
                return x < y ? FloatOrder.Less : x == y ? FloatOrder.Equal : FloatOrder.Greater;
        }

        return FloatComparison.Compare<TFormat, TBits>(left, right, signaling, ref context);
    }

    /// <summary>Zero, normal or infinite.</summary>
    private static bool IsPlain(double value)
    {
        ulong magnitude = BitConverter.DoubleToUInt64Bits(value) & long.MaxValue;
        return magnitude - 0x0010_0000_0000_0000 <= 0x7FF0_0000_0000_0000 - 0x0010_0000_0000_0000 || magnitude == 0;
    }

    private static bool IsPlain(float value)
    {
        uint magnitude = BitConverter.SingleToUInt32Bits(value) & int.MaxValue;
        return magnitude - 0x0080_0000 <= 0x7F80_0000 - 0x0080_0000 || magnitude == 0;
    }
}
