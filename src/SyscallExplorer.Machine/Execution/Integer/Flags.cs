using System.Numerics;
using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>Flags of a result, for every width. SDM vol. 1, 3.4.3.1.</summary>
internal static class Flags
{
    /// <summary>PF, ZF and SF of a result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfResult<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong flags = (BitOperations.PopCount(byte.CreateTruncating(result)) & 1) == 0 ? Rflags.PF : 0;
        if (result == T.Zero)
            flags |= Rflags.ZF;
        if (IsNegative(result))
            flags |= Rflags.SF;
        return flags;
    }

    /// <summary>The most significant bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNegative<T>(T value) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        (value >> (Unsafe.SizeOf<T>() * 8 - 1)) != T.Zero;

    /// <summary>AF: the carry out of bit 3 of an addition, or the borrow into it of a subtraction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong AuxiliaryCarry<T>(T left, T right, T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        ulong.CreateTruncating(left ^ right ^ result) & Rflags.AF;
}
