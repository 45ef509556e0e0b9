using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>AND, OR, XOR, TEST, NOT. SDM vol. 2A and 2B. AF is undefined; it is cleared, as current processors do.</summary>
internal static unsafe class Logic
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.And, &RuleHandlers.Binary<byte, AndRule>, &RuleHandlers.Binary<ushort, AndRule>, &RuleHandlers.Binary<uint, AndRule>, &RuleHandlers.Binary<ulong, AndRule>);
        table.Sized(Mnemonic.Or, &RuleHandlers.Binary<byte, OrRule>, &RuleHandlers.Binary<ushort, OrRule>, &RuleHandlers.Binary<uint, OrRule>, &RuleHandlers.Binary<ulong, OrRule>);
        table.Sized(Mnemonic.Xor, &RuleHandlers.Binary<byte, XorRule>, &RuleHandlers.Binary<ushort, XorRule>, &RuleHandlers.Binary<uint, XorRule>, &RuleHandlers.Binary<ulong, XorRule>);
        table.Sized(Mnemonic.Test, &Test<byte>, &Test<ushort>, &Test<uint>, &Test<ulong>);
        table.Sized(Mnemonic.Not, &Not<byte>, &Not<ushort>, &Not<uint>, &Not<ulong>);
    }

    /// <summary>The flags after a bitwise operation: PF, ZF and SF of the result, the other arithmetic ones clear.</summary>
    public static void SetFlags<T>(T result, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        flags = (flags & ~Rflags.Arithmetic) | Flags.OfResult(result);

    private static Outcome Test<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op0, out T left) || !cpu.Read(op, op.Op1, out T right))
            return Outcome.Fault;
        SetFlags(left & right, ref cpu.S.Rflags);
        return Outcome.Next;
    }

    private static Outcome Not<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        cpu.ReadForWrite(op, op.Op0, out T value) && cpu.Write(op, op.Op0, ~value) ? Outcome.Next : Outcome.Fault;

    private readonly struct AndRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            T result = left & right;
            SetFlags(result, ref flags);
            return result;
        }
    }

    private readonly struct OrRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            T result = left | right;
            SetFlags(result, ref flags);
            return result;
        }
    }

    private readonly struct XorRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            T result = left ^ right;
            SetFlags(result, ref flags);
            return result;
        }
    }
}
