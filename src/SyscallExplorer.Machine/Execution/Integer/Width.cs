using System.Numerics;
using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>What follows from an operand's width alone.</summary>
internal static class Width
{
    /// <summary>Bits in an operand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bits<T>() => Unsafe.SizeOf<T>() * 8;

    /// <summary>The processor's mask of a shift or rotate count: 6 bits for 64-bit operands, else 5. SDM vol. 2B, SAL/SAR/SHL/SHR.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CountMask<T>() => Unsafe.SizeOf<T>() == 8 ? 63 : 31;

    /// <summary>The operand as a signed number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Signed<T>(T value) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int unused = 64 - Bits<T>();
        return (long)(ulong.CreateTruncating(value) << unused) >> unused;
    }

    /// <summary>One bit of an operand, 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bit<T>(T value, int index) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        (ulong.CreateTruncating(value) >> index) & 1;
}
