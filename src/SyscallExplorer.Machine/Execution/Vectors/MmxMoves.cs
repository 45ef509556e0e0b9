using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>MOVD, MOVQ and MOVNTQ of MMX registers, MOVQ2DQ, MOVDQ2Q, EMMS. SDM vol. 2A and 2B, each under its name.</summary>
internal static unsafe class MmxMoves
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Movd_mm_rm32, &FromGeneral<uint>);
        table.One(Code.Movq_mm_rm64, &FromGeneral<ulong>);
        table.One(Code.Movd_rm32_mm, &ToGeneral<uint>);
        table.One(Code.Movq_rm64_mm, &ToGeneral<ulong>);
        table.One(Code.Movq_mm_mmm64, &Load);
        table.One(Code.Movq_mmm64_mm, &Store);
        table.One(Code.Movntq_m64_mm, &Store);
        table.One(Code.Movq2dq_xmm_mm, &ToXmm);
        table.One(Code.Movdq2q_mm_xmm, &FromXmm);
        table.One(Code.Emms, &Emms);
    }

    private static Outcome FromGeneral<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if (!cpu.UseMmx() || !cpu.Read(op, op.Op1, out T value))
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.SetMm(op.Op0.Index, ulong.CreateTruncating(value));
        return Outcome.Next;
    }

    private static Outcome ToGeneral<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if (!cpu.UseMmx() || !cpu.Write(op, op.Op0, T.CreateTruncating(cpu.Mm(op.Op1.Index))))
            return Outcome.Fault;
        cpu.EnterMmx();
        return Outcome.Next;
    }

    private static Outcome Load(Processor cpu, Operation op)
    {
        if (!cpu.UseMmx() || !cpu.ReadMm(op, op.Op1, out ulong value))
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.SetMm(op.Op0.Index, value);
        return Outcome.Next;
    }

    private static Outcome Store(Processor cpu, Operation op)
    {
        if (!cpu.UseMmx())
            return Outcome.Fault;
        ulong value = cpu.Mm(op.Op1.Index);
        if (op.Op0.Kind == OperandKind.Mmx)
            cpu.SetMm(op.Op0.Index, value);
        else if (!cpu.WriteMemory(op, value))
            return Outcome.Fault;
        cpu.EnterMmx();
        return Outcome.Next;
    }

    private static Outcome ToXmm(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!cpu.UseMmx())
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.SetXmm(op.Op0.Index, Elements.Scalar(cpu.Mm(op.Op1.Index)));
        return Outcome.Next;
    }

    private static Outcome FromXmm(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!cpu.UseMmx())
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.SetMm(op.Op0.Index, Elements.Low(cpu.Xmm(op.Op1.Index)));
        return Outcome.Next;
    }

    private static Outcome Emms(Processor cpu, Operation op)
    {
        if (!cpu.UseMmx())
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.S.X87.Valid = 0;
        return Outcome.Next;
    }
}
