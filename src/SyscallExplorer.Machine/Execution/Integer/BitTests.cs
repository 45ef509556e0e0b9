using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// BT, BTS, BTR, BTC. SDM vol. 2A. CF is the bit; ZF is unchanged; OF, SF, AF and PF are undefined and left alone. A bit number in a
/// register reaches memory far from the operand's address; one in an immediate does not.
/// </summary>
internal static unsafe class BitTests
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Bt, null, &Test<ushort>, &Test<uint>, &Test<ulong>);
        table.Sized(Mnemonic.Bts, null, &Change<ushort, SetRule>, &Change<uint, SetRule>, &Change<ulong, SetRule>);
        table.Sized(Mnemonic.Btr, null, &Change<ushort, ResetRule>, &Change<uint, ResetRule>, &Change<ulong, ResetRule>);
        table.Sized(Mnemonic.Btc, null, &Change<ushort, ComplementRule>, &Change<uint, ComplementRule>, &Change<ulong, ComplementRule>);
    }

    private static Outcome Test<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int bit = BitOf<T>(cpu, op);
        if (op.Op0.Kind == OperandKind.Memory)
        {
            if (!cpu.ReadSegment(op.Segment, AddressOf<T>(cpu, op), out T word))
                return Outcome.Fault;
            SetCarry(cpu, word, bit);
        }
        else
        {
            SetCarry(cpu, cpu.Register<T>(op.Op0.Index), bit);
        }

        return Outcome.Next;
    }

    private static Outcome Change<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IBitRule
    {
        int bit = BitOf<T>(cpu, op);
        T mask = T.One << bit;
        T value;
        if (op.Op0.Kind == OperandKind.Memory)
        {
            ulong address = AddressOf<T>(cpu, op);
            if (!cpu.ReadSegmentForWrite(op.Segment, address, out value) || !cpu.WriteSegment(op.Segment, address, TRule.Apply(value, mask)))
                return Outcome.Fault;
        }
        else
        {
            value = cpu.Register<T>(op.Op0.Index);
            cpu.SetRegister(op.Op0.Index, TRule.Apply(value, mask));
        }

        SetCarry(cpu, value, bit);
        return Outcome.Next;
    }

    private static int BitOf<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong number = op.Op1.Kind == OperandKind.Immediate ? op.Immediate : cpu.S.Gpr[op.Op1.Index];
        return (int)number & (Width.Bits<T>() - 1);
    }

    /// <summary>The operand's address, moved by as many whole operands as the signed bit number says.</summary>
    private static ulong AddressOf<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong address = cpu.EffectiveAddress(op);
        if (op.Op1.Kind == OperandKind.Immediate)
            return address;
        long operands = Width.Signed(cpu.Register<T>(op.Op1.Index)) >> BitOperations.Log2((uint)Width.Bits<T>());
        return (address + (ulong)(operands * Unsafe.SizeOf<T>())) & op.AddressMask;
    }

    private static void SetCarry<T>(Processor cpu, T value, int bit) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.CF) | Width.Bit(value, bit);

    private interface IBitRule
    {
        static abstract T Apply<T>(T value, T mask) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
    }

    private readonly struct SetRule : IBitRule
    {
        public static T Apply<T>(T value, T mask) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => value | mask;
    }

    private readonly struct ResetRule : IBitRule
    {
        public static T Apply<T>(T value, T mask) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => value & ~mask;
    }

    private readonly struct ComplementRule : IBitRule
    {
        public static T Apply<T>(T value, T mask) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => value ^ mask;
    }
}
