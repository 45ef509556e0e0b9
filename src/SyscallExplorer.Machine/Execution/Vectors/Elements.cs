using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>The elements of a vector of 128 bits, by any type.</summary>
internal static class Elements
{
    /// <summary>An element, by its number from the low end; the caller keeps to the vector's count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref T At<T>(ref Vector128<byte> vector, int index) where T : unmanaged =>
        ref Unsafe.Add(ref Unsafe.As<Vector128<byte>, T>(ref vector), index);

    /// <summary>The low 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Low(Vector128<byte> vector) => vector.AsUInt64().ToScalar();

    /// <summary>The high 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong High(Vector128<byte> vector) => vector.AsUInt64().GetElement(1);

    /// <summary>A vector of two halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Create(ulong low, ulong high) => Vector128.Create(low, high).AsByte();

    /// <summary>A value in the low bits, zeros above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Scalar<T>(T value) where T : unmanaged
    {
        Vector128<byte> vector = default;
        At<T>(ref vector, 0) = value;
        return vector;
    }

    /// <summary>The low half of one vector under the low half of another.</summary>
    public static Vector128<byte> Join(Vector128<byte> low, Vector128<byte> high) => Create(Low(low), Low(high));

    /// <summary>Both lanes of a 256-bit register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Lanes(Vector128<byte> lower, Vector128<byte> upper) => Vector256.Create(lower, upper);
}
