using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// BMI1 and BMI2 without MULX: ANDN, BEXTR, BLSI, BLSMSK, BLSR, BZHI, PDEP, PEXT, RORX, SARX, SHLX, SHRX. SDM vol. 2A and 2B. The
/// undefined ones among the flags follow a bitwise operation: PF and SF of the result, AF clear.
/// </summary>
internal static unsafe class BitFields
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Andn, null, null, &OfTwo<uint, AndNotRule>, &OfTwo<ulong, AndNotRule>);
        table.Sized(Mnemonic.Bextr, null, null, &OfTwo<uint, ExtractRule>, &OfTwo<ulong, ExtractRule>);
        table.Sized(Mnemonic.Bzhi, null, null, &OfTwo<uint, ZeroHighRule>, &OfTwo<ulong, ZeroHighRule>);
        table.Sized(Mnemonic.Pdep, null, null, &OfTwo<uint, DepositRule>, &OfTwo<ulong, DepositRule>);
        table.Sized(Mnemonic.Pext, null, null, &OfTwo<uint, GatherRule>, &OfTwo<ulong, GatherRule>);
        table.Sized(Mnemonic.Rorx, null, null, &OfTwo<uint, RotateRightRule>, &OfTwo<ulong, RotateRightRule>);
        table.Sized(Mnemonic.Sarx, null, null, &OfTwo<uint, ArithmeticRightRule>, &OfTwo<ulong, ArithmeticRightRule>);
        table.Sized(Mnemonic.Shlx, null, null, &OfTwo<uint, LeftRule>, &OfTwo<ulong, LeftRule>);
        table.Sized(Mnemonic.Shrx, null, null, &OfTwo<uint, RightRule>, &OfTwo<ulong, RightRule>);
        table.Sized(Mnemonic.Blsi, null, null, &OfOne<uint, LowestRule>, &OfOne<ulong, LowestRule>);
        table.Sized(Mnemonic.Blsmsk, null, null, &OfOne<uint, MaskToLowestRule>, &OfOne<ulong, MaskToLowestRule>);
        table.Sized(Mnemonic.Blsr, null, null, &OfOne<uint, ResetLowestRule>, &OfOne<ulong, ResetLowestRule>);
    }

    private static Outcome OfTwo<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IBinaryRule
    {
        if (!cpu.Read(op, op.Op1, out T first) || !cpu.Read(op, op.Op2, out T second))
            return Outcome.Fault;
        cpu.SetRegister(op.Op0.Index, TRule.Apply(first, second, ref cpu.S.Rflags));
        return Outcome.Next;
    }

    private static Outcome OfOne<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IUnaryRule
    {
        if (!cpu.Read(op, op.Op1, out T value))
            return Outcome.Fault;
        cpu.SetRegister(op.Op0.Index, TRule.Apply(value, ref cpu.S.Rflags));
        return Outcome.Next;
    }

    private static T WithFlags<T>(T result, bool carry, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        flags = (flags & ~Rflags.Arithmetic) | Flags.OfResult(result) | (carry ? Rflags.CF : 0);
        return result;
    }

    private static int CountOf<T>(T count) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => int.CreateTruncating(count) & Width.CountMask<T>();

    private readonly struct AndNotRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            WithFlags(~left & right, false, ref flags);
    }

    private readonly struct ExtractRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            ulong control = ulong.CreateTruncating(right);
            int start = (byte)control;
            int length = (byte)(control >> 8);
            int bits = Width.Bits<T>();
            T field = start < bits ? left >> start : T.Zero;
            if (length < bits)
                field &= unchecked((T.One << length) - T.One);
            return WithFlags(field, false, ref flags);
        }
    }

    private readonly struct ZeroHighRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            int first = byte.CreateTruncating(right);
            bool beyond = first >= Width.Bits<T>();
            return WithFlags(beyond ? left : left & unchecked((T.One << first) - T.One), beyond, ref flags);
        }
    }

    private readonly struct DepositRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            T result = T.Zero;
            for (T mask = right; mask != T.Zero; mask &= unchecked(mask - T.One))
            {
                if (!T.IsEvenInteger(left))
                    result |= mask & (~mask + T.One);
                left >>>= 1;
            }

            return result;
        }
    }

    private readonly struct GatherRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            T result = T.Zero;
            T bit = T.One;
            for (T mask = right; mask != T.Zero; mask &= unchecked(mask - T.One))
            {
                if ((left & mask & (~mask + T.One)) != T.Zero)
                    result |= bit;
                bit <<= 1;
            }

            return result;
        }
    }

    private readonly struct RotateRightRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            Rotates.Right(left, CountOf(right));
    }

    private readonly struct ArithmeticRightRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            T.CreateTruncating(Width.Signed(left) >> CountOf(right));
    }

    private readonly struct LeftRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => left << CountOf(right);
    }

    private readonly struct RightRule : IBinaryRule
    {
        public static T Apply<T>(T left, T right, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => left >> CountOf(right);
    }

    private readonly struct LowestRule : IUnaryRule
    {
        public static T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            WithFlags(value & unchecked(~value + T.One), value != T.Zero, ref flags);
    }

    private readonly struct MaskToLowestRule : IUnaryRule
    {
        public static T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            WithFlags(value ^ unchecked(value - T.One), value == T.Zero, ref flags);
    }

    private readonly struct ResetLowestRule : IUnaryRule
    {
        public static T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
            WithFlags(value & unchecked(value - T.One), value == T.Zero, ref flags);
    }
}
