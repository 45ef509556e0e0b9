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

/// <summary>The handlers of rules: operands are read, the rule is applied, and flags change only once the result is stored.</summary>
internal static class RuleHandlers
{
    /// <summary>destination = rule(destination, source).</summary>
    public static Outcome Binary<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IBinaryRule
    {
        if (!cpu.ReadForWrite(op, op.Op0, out T left) || !cpu.Read(op, op.Op1, out T right))
            return Outcome.Fault;
        ulong flags = cpu.S.Rflags;
        return Store(cpu, op, TRule.Apply(left, right, ref flags), flags);
    }

    /// <summary>destination = rule(destination).</summary>
    public static Outcome Unary<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IUnaryRule
    {
        if (!cpu.ReadForWrite(op, op.Op0, out T value))
            return Outcome.Fault;
        ulong flags = cpu.S.Rflags;
        return Store(cpu, op, TRule.Apply(value, ref flags), flags);
    }

    private static Outcome Store<T>(Processor cpu, Operation op, T result, ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Write(op, op.Op0, result))
            return Outcome.Fault;
        cpu.S.Rflags = flags;
        return Outcome.Next;
    }
}
