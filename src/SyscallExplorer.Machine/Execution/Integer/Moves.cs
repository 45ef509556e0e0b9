using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>MOV between general registers, memory and immediates; MOVNTI, MOVBE, MOVZX, MOVSX, MOVSXD, LEA, BSWAP, XLAT. SDM vol. 2A and 2B. No flags.</summary>
internal static unsafe class Moves
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Mov, &Move<byte>, &Move<ushort>, &Move<uint>, &Move<ulong>, IsGeneral);
        table.Sized(Mnemonic.Movnti, null, null, &Move<uint>, &Move<ulong>);
        table.Sized(Mnemonic.Movbe, null, &MoveReversed<ushort>, &MoveReversed<uint>, &MoveReversed<ulong>);
        table.Sized(Mnemonic.Lea, null, &LoadAddress<ushort>, &LoadAddress<uint>, &LoadAddress<ulong>);
        table.Sized(Mnemonic.Bswap, null, &ReverseWord, &Reverse<uint>, &Reverse<ulong>);
        table.One(Code.Movzx_r16_rm8, &ZeroExtend<byte, ushort>);
        table.One(Code.Movzx_r32_rm8, &ZeroExtend<byte, uint>);
        table.One(Code.Movzx_r64_rm8, &ZeroExtend<byte, ulong>);
        table.One(Code.Movzx_r16_rm16, &ZeroExtend<ushort, ushort>);
        table.One(Code.Movzx_r32_rm16, &ZeroExtend<ushort, uint>);
        table.One(Code.Movzx_r64_rm16, &ZeroExtend<ushort, ulong>);
        table.One(Code.Movsx_r16_rm8, &SignExtend<byte, ushort>);
        table.One(Code.Movsx_r32_rm8, &SignExtend<byte, uint>);
        table.One(Code.Movsx_r64_rm8, &SignExtend<byte, ulong>);
        table.One(Code.Movsx_r16_rm16, &SignExtend<ushort, ushort>);
        table.One(Code.Movsx_r32_rm16, &SignExtend<ushort, uint>);
        table.One(Code.Movsx_r64_rm16, &SignExtend<ushort, ulong>);
        table.One(Code.Movsxd_r16_rm16, &MoveNarrow);
        table.One(Code.Movsxd_r32_rm32, &SignExtend<uint, uint>);
        table.One(Code.Movsxd_r64_rm32, &SignExtend<uint, ulong>);
        table.One(Code.Xlat_m8, &Translate);
    }

    private static bool IsGeneral(OpCodeInfo form)
    {
        for (int i = 0; i < form.OpCount; i++)
        {
            if (form.GetOpKind(i) is OpCodeOperandKind.seg_reg or OpCodeOperandKind.cr_reg or OpCodeOperandKind.dr_reg or OpCodeOperandKind.tr_reg)
                return false;
        }

        return true;
    }

    private static Outcome Move<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        cpu.Read(op, op.Op1, out T value) && cpu.Write(op, op.Op0, value) ? Outcome.Next : Outcome.Fault;

    private static Outcome MoveReversed<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        cpu.Read(op, op.Op1, out T value) && cpu.Write(op, op.Op0, ReverseBytes(value)) ? Outcome.Next : Outcome.Fault;

    private static Outcome LoadAddress<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        cpu.SetRegister(op.Op0.Index, T.CreateTruncating(cpu.EffectiveAddress(op)));
        return Outcome.Next;
    }

    private static Outcome Reverse<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        cpu.SetRegister(op.Op0.Index, ReverseBytes(cpu.Register<T>(op.Op0.Index)));
        return Outcome.Next;
    }

    /// <summary>BSWAP of a 16-bit register is undefined; current processors clear it.</summary>
    private static Outcome ReverseWord(Processor cpu, Operation op)
    {
        cpu.SetRegister(op.Op0.Index, (ushort)0);
        return Outcome.Next;
    }

    private static T ReverseBytes<T>(T value) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        T.CreateTruncating(BinaryPrimitives.ReverseEndianness(ulong.CreateTruncating(value)) >> (64 - Width.Bits<T>()));

    private static Outcome ZeroExtend<TNarrow, TWide>(Processor cpu, Operation op)
        where TNarrow : unmanaged, IBinaryInteger<TNarrow>, IUnsignedNumber<TNarrow>
        where TWide : unmanaged, IBinaryInteger<TWide>, IUnsignedNumber<TWide>
    {
        if (!cpu.Read(op, op.Op1, out TNarrow value))
            return Outcome.Fault;
        cpu.SetRegister(op.Op0.Index, TWide.CreateTruncating(value));
        return Outcome.Next;
    }

    /// <summary>MOVSXD with a 16-bit destination moves 16 bits; of memory AMD reads the 32 bits that the other forms read. APM vol. 3, MOVSXD.</summary>
    private static Outcome MoveNarrow(Processor cpu, Operation op)
    {
        if (cpu.Model.Vendor != CpuVendor.Amd || op.Op1.Kind != OperandKind.Memory)
            return SignExtend<ushort, ushort>(cpu, op);
        if (!cpu.ReadMemory(op, out uint value))
            return Outcome.Fault;
        cpu.SetRegister(op.Op0.Index, (ushort)value);
        return Outcome.Next;
    }

    private static Outcome SignExtend<TNarrow, TWide>(Processor cpu, Operation op)
        where TNarrow : unmanaged, IBinaryInteger<TNarrow>, IUnsignedNumber<TNarrow>
        where TWide : unmanaged, IBinaryInteger<TWide>, IUnsignedNumber<TWide>
    {
        if (!cpu.Read(op, op.Op1, out TNarrow value))
            return Outcome.Fault;
        cpu.SetRegister(op.Op0.Index, TWide.CreateTruncating(Width.Signed(value)));
        return Outcome.Next;
    }

    /// <summary>XLAT: the index is AL, which no other address can have.</summary>
    private static Outcome Translate(Processor cpu, Operation op)
    {
        ulong offset = (cpu.S.Gpr[(int)Gpr.Rbx] + cpu.Register<byte>((int)Gpr.Rax)) & op.AddressMask;
        if (!cpu.ReadSegment(op.Segment, offset, out byte value))
            return Outcome.Fault;
        cpu.SetRegister((int)Gpr.Rax, value);
        return Outcome.Next;
    }
}
