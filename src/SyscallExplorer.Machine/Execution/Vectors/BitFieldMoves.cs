using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>EXTRQ and INSERTQ of SSE4A: a bit field of the low quadword. A length of 0 is 64. APM vol. 4, each under its name.</summary>
internal static unsafe class BitFieldMoves
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Extrq_xmm_imm8_imm8, &ExtractByImmediate);
        table.One(Code.Extrq_xmm_xmm, &ExtractByRegister);
        table.One(Code.Insertq_xmm_xmm_imm8_imm8, &InsertByImmediate);
        table.One(Code.Insertq_xmm_xmm, &InsertByRegister);
    }

    private static Outcome ExtractByImmediate(Processor cpu, Operation op) => Extract(cpu, op, op.Immediate, op.Instruction.Immediate8_2nd);

    private static Outcome ExtractByRegister(Processor cpu, Operation op)
    {
        ulong control = Elements.Low(cpu.Xmm(op.Op1.Index));
        return Extract(cpu, op, control, control >> 8);
    }

    private static Outcome InsertByImmediate(Processor cpu, Operation op) => Insert(cpu, op, op.Immediate, op.Instruction.Immediate8_2nd);

    private static Outcome InsertByRegister(Processor cpu, Operation op)
    {
        ulong control = Elements.High(cpu.Xmm(op.Op1.Index));
        return Insert(cpu, op, control, control >> 8);
    }

    private static Outcome Extract(Processor cpu, Operation op, ulong length, ulong index)
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        ulong field = Elements.Low(cpu.Xmm(op.Op0.Index)) >> (int)(index & 63) & Ones(length);
        cpu.SetXmm(op.Op0.Index, Elements.Scalar(field));
        return Outcome.Next;
    }

    private static Outcome Insert(Processor cpu, Operation op, ulong length, ulong index)
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        int shift = (int)(index & 63);
        ulong mask = Ones(length) << shift;
        ulong field = Elements.Low(cpu.Xmm(op.Op1.Index)) << shift;
        cpu.SetXmm(op.Op0.Index, Elements.Scalar((Elements.Low(cpu.Xmm(op.Op0.Index)) & ~mask) | (field & mask)));
        return Outcome.Next;
    }

    private static ulong Ones(ulong length) => (length & 63) == 0 ? ulong.MaxValue : (1ul << (int)(length & 63)) - 1;
}
