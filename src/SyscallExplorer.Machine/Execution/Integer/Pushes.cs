using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>PUSH of registers, memory and immediates, PUSHA. SDM vol. 2B. No flags.</summary>
internal static unsafe class Pushes
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Push, null, &Push<ushort>, &Push<uint>, &Push<ulong>);
        table.One(Code.Push_imm16, &Push<ushort>);
        table.One(Code.Pushw_imm8, &Push<ushort>);
        table.One(Code.Pushd_imm32, &Push<uint>);
        table.One(Code.Pushd_imm8, &Push<uint>);
        table.One(Code.Pushq_imm32, &Push<ulong>);
        table.One(Code.Pushq_imm8, &Push<ulong>);
        table.One(Code.Pushaw, &PushAll<ushort>);
        table.One(Code.Pushad, &PushAll<uint>);
    }

    /// <summary>PUSH RSP pushes the value before the decrement, and an address with RSP in it uses that value too.</summary>
    private static Outcome Push<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        cpu.Read(op, op.Op0, out T value) && cpu.Push(value) ? Outcome.Next : Outcome.Fault;

    /// <summary>PUSHA writes in the order AX, CX, DX, BX, SP as it was, BP, SI, DI; the pointer moves when all are written.</summary>
    private static Outcome PushAll<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong pointer = cpu.S.Gpr[(int)Gpr.Rsp];
        for (int register = (int)Gpr.Rax; register <= (int)Gpr.Rdi; register++)
        {
            pointer = (pointer - (ulong)Unsafe.SizeOf<T>()) & cpu.StackMask;
            if (!cpu.WriteSegment(SegmentName.SS, pointer, cpu.Register<T>(register)))
                return Outcome.Fault;
        }

        cpu.SetStackPointer(pointer);
        return Outcome.Next;
    }
}
