using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// SHL (SAL), SHR and SAR. SDM vol. 2B, SAL/SAR/SHL/SHR. AF is undefined and cleared. OF is undefined for counts above 1: it follows the
/// rule of a shift by 1 applied to the last step. CF is undefined for counts beyond the width: it is the last bit shifted out all the same.
/// </summary>
internal static unsafe class Shifts
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Shl, &ByCount<byte, ShlRule>, &ByCount<ushort, ShlRule>, &ByCount<uint, ShlRule>, &ByCount<ulong, ShlRule>);
        table.Sized(Mnemonic.Sal, &ByCount<byte, ShlRule>, &ByCount<ushort, ShlRule>, &ByCount<uint, ShlRule>, &ByCount<ulong, ShlRule>);
        table.Sized(Mnemonic.Shr, &ByCount<byte, ShrRule>, &ByCount<ushort, ShrRule>, &ByCount<uint, ShrRule>, &ByCount<ulong, ShrRule>);
        table.Sized(Mnemonic.Sar, &ByCount<byte, SarRule>, &ByCount<ushort, SarRule>, &ByCount<uint, SarRule>, &ByCount<ulong, SarRule>);
    }

    /// <summary>The frame of all shifts and rotates by an immediate or CL.</summary>
    public static Outcome ByCount<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, ICountRule
    {
        if (!cpu.ReadForWrite(op, op.Op0, out T value) || !cpu.Read(op, op.Op1, out byte count))
            return Outcome.Fault;
        ulong flags = cpu.S.Rflags;
        T result = TRule.Apply(value, count & Width.CountMask<T>(), ref flags);

        // Also by 0: a 32-bit register loses its upper half all the same.
        if (!cpu.Write(op, op.Op0, result))
            return Outcome.Fault;
        cpu.S.Rflags = flags;
        return Outcome.Next;
    }

    private static T WithFlags<T>(T result, ulong carry, ulong overflow, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        flags = (flags & ~Rflags.Arithmetic) | Flags.OfResult(result) | (carry != 0 ? Rflags.CF : 0) | (overflow != 0 ? Rflags.OF : 0);
        return result;
    }

    private readonly struct ShlRule : ICountRule
    {
        public static T Apply<T>(T value, int count, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (count == 0)
                return value;
            int bits = Width.Bits<T>();
            T result = count < bits ? value << count : T.Zero;
            ulong carry = count <= bits ? Width.Bit(value, bits - count) : 0;
            return WithFlags(result, carry, carry ^ Width.Bit(result, bits - 1), ref flags);
        }
    }

    private readonly struct ShrRule : ICountRule
    {
        public static T Apply<T>(T value, int count, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (count == 0)
                return value;
            int bits = Width.Bits<T>();
            T result = count < bits ? value >> count : T.Zero;
            ulong carry = count <= bits ? Width.Bit(value, count - 1) : 0;
            return WithFlags(result, carry, Width.Bit(result, bits - 2), ref flags);
        }
    }

    private readonly struct SarRule : ICountRule
    {
        public static T Apply<T>(T value, int count, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (count == 0)
                return value;
            long signed = Width.Signed(value);
            T result = T.CreateTruncating(signed >> count);
            return WithFlags(result, (ulong)(signed >> (count - 1)) & 1, 0, ref flags);
        }
    }
}
