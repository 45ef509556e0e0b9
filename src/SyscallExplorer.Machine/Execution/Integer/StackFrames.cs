using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>ENTER and LEAVE. SDM vol. 2A. No flags.</summary>
internal static unsafe class StackFrames
{
    private const int MaxLevel = 31;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Enterw_imm16_imm8, &Enter<ushort>);
        table.One(Code.Enterd_imm16_imm8, &Enter<uint>);
        table.One(Code.Enterq_imm16_imm8, &Enter<ulong>);
        table.One(Code.Leavew, &Leave<ushort>);
        table.One(Code.Leaved, &Leave<uint>);
        table.One(Code.Leaveq, &Leave<ulong>);
    }

    /// <summary>Pushes the frame pointer and, for nested procedures, the enclosing ones; the new top of stack must be writable too.</summary>
    private static Outcome Enter<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int size = Unsafe.SizeOf<T>();
        int level = op.Instruction.Immediate8_2nd & MaxLevel;
        ulong mask = cpu.StackMask;
        ulong frame = cpu.S.Gpr[(int)Gpr.Rbp];
        ulong pointer = (cpu.S.Gpr[(int)Gpr.Rsp] - (ulong)size) & mask;
        if (!cpu.WriteSegment(SegmentName.SS, pointer, T.CreateTruncating(frame)))
            return Outcome.Fault;
        ulong newFrame = pointer;
        for (int i = 1; i < level; i++)
        {
            frame = (frame - (ulong)size) & mask;
            pointer = (pointer - (ulong)size) & mask;
            if (!cpu.ReadSegment(SegmentName.SS, frame, out T enclosing) || !cpu.WriteSegment(SegmentName.SS, pointer, enclosing))
                return Outcome.Fault;
        }

        if (level > 0)
        {
            pointer = (pointer - (ulong)size) & mask;
            if (!cpu.WriteSegment(SegmentName.SS, pointer, T.CreateTruncating(newFrame)))
                return Outcome.Fault;
        }

        pointer = (pointer - op.Immediate) & mask;
        if (!cpu.SegmentedAddress(SegmentName.SS, pointer, size, write: true, out ulong top)
            || !cpu.ProbeWrite(top, size, cpu.Cpl == 3, explicitAccess: true))
        {
            return Outcome.Fault;
        }

        cpu.SetRegister((int)Gpr.Rbp, T.CreateTruncating(newFrame));
        cpu.SetStackPointer(pointer);
        return Outcome.Next;
    }

    private static Outcome Leave<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong frame = cpu.S.Gpr[(int)Gpr.Rbp] & cpu.StackMask;
        if (!cpu.ReadSegment(SegmentName.SS, frame, out T enclosing))
            return Outcome.Fault;
        cpu.SetStackPointer((frame + (ulong)Unsafe.SizeOf<T>()) & cpu.StackMask);
        cpu.SetRegister((int)Gpr.Rbp, enclosing);
        return Outcome.Next;
    }
}
