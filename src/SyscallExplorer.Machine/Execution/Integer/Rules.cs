using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>A function of two operands and the flags, stated once for every width.</summary>
internal interface IBinaryRule
{
    static abstract T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}

/// <summary>A function of one operand and the flags, stated once for every width.</summary>
internal interface IUnaryRule
{
    static abstract T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}

/// <summary>A function of an operand, a count and the flags, stated once for every width.</summary>
internal interface ICountRule
{
    /// <summary>The result; the flags too, unless the count is 0.</summary>
    /// <param name="value">The operand.</param>
    /// <param name="count">The count as the processor masks it: below 32, or below 64 for 64-bit operands.</param>
    /// <param name="flags">RFLAGS before and after.</param>
    static abstract T Apply<T>(T value, int count, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}
