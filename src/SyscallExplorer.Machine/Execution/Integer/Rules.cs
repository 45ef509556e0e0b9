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
