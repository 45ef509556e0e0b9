using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>ADD, ADC, SUB, SBB, CMP, NEG, INC, DEC. SDM vol. 2A and 2B, each under its name.</summary>
internal static unsafe class AddSubtract
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Add, &RuleHandlers.Binary<byte, AddRule>, &RuleHandlers.Binary<ushort, AddRule>, &RuleHandlers.Binary<uint, AddRule>, &RuleHandlers.Binary<ulong, AddRule>);
        table.Sized(Mnemonic.Adc, &RuleHandlers.Binary<byte, AdcRule>, &RuleHandlers.Binary<ushort, AdcRule>, &RuleHandlers.Binary<uint, AdcRule>, &RuleHandlers.Binary<ulong, AdcRule>);
        table.Sized(Mnemonic.Sub, &RuleHandlers.Binary<byte, SubRule>, &RuleHandlers.Binary<ushort, SubRule>, &RuleHandlers.Binary<uint, SubRule>, &RuleHandlers.Binary<ulong, SubRule>);
        table.Sized(Mnemonic.Sbb, &RuleHandlers.Binary<byte, SbbRule>, &RuleHandlers.Binary<ushort, SbbRule>, &RuleHandlers.Binary<uint, SbbRule>, &RuleHandlers.Binary<ulong, SbbRule>);
        table.Sized(Mnemonic.Cmp, &Cmp<byte>, &Cmp<ushort>, &Cmp<uint>, &Cmp<ulong>);
        table.Sized(Mnemonic.Neg, &RuleHandlers.Unary<byte, NegRule>, &RuleHandlers.Unary<ushort, NegRule>, &RuleHandlers.Unary<uint, NegRule>, &RuleHandlers.Unary<ulong, NegRule>);
        table.Sized(Mnemonic.Inc, &RuleHandlers.Unary<byte, IncRule>, &RuleHandlers.Unary<ushort, IncRule>, &RuleHandlers.Unary<uint, IncRule>, &RuleHandlers.Unary<ulong, IncRule>);
        table.Sized(Mnemonic.Dec, &RuleHandlers.Unary<byte, DecRule>, &RuleHandlers.Unary<ushort, DecRule>, &RuleHandlers.Unary<uint, DecRule>, &RuleHandlers.Unary<ulong, DecRule>);
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

    private static Outcome Cmp<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op0, out T left) || !cpu.Read(op, op.Op1, out T right))
            return Outcome.Fault;
        Subtract(left, right, false, ref cpu.S.Rflags);
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
