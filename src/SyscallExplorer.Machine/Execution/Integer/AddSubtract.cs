using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>ADD, ADC, SUB, SBB, CMP, NEG, INC, DEC. SDM vol. 2A and 2B, each under its name.</summary>
internal static unsafe class AddSubtract
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Add, &Binary<byte, AddRule>, &Binary<ushort, AddRule>, &Binary<uint, AddRule>, &Binary<ulong, AddRule>);
        table.Sized(Mnemonic.Adc, &Binary<byte, AdcRule>, &Binary<ushort, AdcRule>, &Binary<uint, AdcRule>, &Binary<ulong, AdcRule>);
        table.Sized(Mnemonic.Sub, &Binary<byte, SubRule>, &Binary<ushort, SubRule>, &Binary<uint, SubRule>, &Binary<ulong, SubRule>);
        table.Sized(Mnemonic.Sbb, &Binary<byte, SbbRule>, &Binary<ushort, SbbRule>, &Binary<uint, SbbRule>, &Binary<ulong, SbbRule>);
        table.Sized(Mnemonic.Cmp, &Cmp<byte>, &Cmp<ushort>, &Cmp<uint>, &Cmp<ulong>);
        table.Sized(Mnemonic.Neg, &Unary<byte, NegRule>, &Unary<ushort, NegRule>, &Unary<uint, NegRule>, &Unary<ulong, NegRule>);
        table.Sized(Mnemonic.Inc, &Unary<byte, IncRule>, &Unary<ushort, IncRule>, &Unary<uint, IncRule>, &Unary<ulong, IncRule>);
        table.Sized(Mnemonic.Dec, &Unary<byte, DecRule>, &Unary<ushort, DecRule>, &Unary<uint, DecRule>, &Unary<ulong, DecRule>);
    }

    /// <summary>left + right + carry, with CF, PF, AF, ZF, SF and OF of the result in <paramref name="flags"/>.</summary>
    public static T Add<T>(T left, T right, bool carry, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = unchecked(left + right + (carry ? T.One : T.Zero));
        bool carryOut = carry ? result <= left : result < left;
        T overflow = (left ^ result) & (right ^ result);
        flags = (flags & ~Rflags.Arithmetic) | Flags.OfResult(result) | (carryOut ? Rflags.CF : 0)
            | Flags.AuxiliaryCarry(left, right, result) | (Flags.IsNegative(overflow) ? Rflags.OF : 0);
        return result;
    }

    /// <summary>left - right - borrow, with CF, PF, AF, ZF, SF and OF of the result in <paramref name="flags"/>.</summary>
    public static T Subtract<T>(T left, T right, bool borrow, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = unchecked(left - right - (borrow ? T.One : T.Zero));
        bool borrowOut = borrow ? left <= right : left < right;
        T overflow = (left ^ right) & (left ^ result);
        flags = (flags & ~Rflags.Arithmetic) | Flags.OfResult(result) | (borrowOut ? Rflags.CF : 0)
            | Flags.AuxiliaryCarry(left, right, result) | (Flags.IsNegative(overflow) ? Rflags.OF : 0);
        return result;
    }

    private static Outcome Binary<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IBinaryRule
    {
        if (!cpu.ReadForWrite(op, op.Op0, out T left) || !cpu.Read(op, op.Op1, out T right))
            return Outcome.Fault;
        ulong flags = cpu.S.Rflags;
        T result = TRule.Apply(left, right, ref flags);
        if (!cpu.Write(op, op.Op0, result))
            return Outcome.Fault;
        cpu.S.Rflags = flags;
        return Outcome.Next;
    }

    private static Outcome Cmp<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op0, out T left) || !cpu.Read(op, op.Op1, out T right))
            return Outcome.Fault;
        Subtract(left, right, false, ref cpu.S.Rflags);
        return Outcome.Next;
    }

    private static Outcome Unary<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IUnaryRule
    {
        if (!cpu.ReadForWrite(op, op.Op0, out T value))
            return Outcome.Fault;
        ulong flags = cpu.S.Rflags;
        T result = TRule.Apply(value, ref flags);
        if (!cpu.Write(op, op.Op0, result))
            return Outcome.Fault;
        cpu.S.Rflags = flags;
        return Outcome.Next;
    }

    private readonly struct AddRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            Add(left, right, false, ref flags);
    }

    private readonly struct AdcRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            Add(left, right, (flags & Rflags.CF) != 0, ref flags);
    }

    private readonly struct SubRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            Subtract(left, right, false, ref flags);
    }

    private readonly struct SbbRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            Subtract(left, right, (flags & Rflags.CF) != 0, ref flags);
    }

    private readonly struct NegRule : IUnaryRule
    {
        public static T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            Subtract(T.Zero, value, false, ref flags);
    }

    private readonly struct IncRule : IUnaryRule
    {
        public static T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            ulong carry = flags & Rflags.CF;
            T result = Add(value, T.One, false, ref flags);
            flags = (flags & ~Rflags.CF) | carry;
            return result;
        }
    }

    private readonly struct DecRule : IUnaryRule
    {
        public static T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            ulong carry = flags & Rflags.CF;
            T result = Subtract(value, T.One, false, ref flags);
            flags = (flags & ~Rflags.CF) | carry;
            return result;
        }
    }
}
