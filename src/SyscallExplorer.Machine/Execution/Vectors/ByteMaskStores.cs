using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// MASKMOVQ, MASKMOVDQU: the bytes whose sign bit in the mask is set, stored at DS:rDI. The whole operand must be writable whatever the mask says,
/// and is checked quadword by quadword, as AMD's processors have it. SDM vol. 2B, MASKMOVQ and MASKMOVDQU.
/// </summary>
internal static unsafe class ByteMaskStores
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Maskmovq_rDI_mm_mm, &Mmx);
        table.One(Code.Maskmovdqu_rDI_xmm_xmm, &Legacy);
        table.One(Code.VEX_Vmaskmovdqu_rDI_xmm_xmm, &Vex);
    }

    private static Outcome Mmx(Processor cpu, Operation op)
    {
        if (!cpu.UseMmx())
            return Outcome.Fault;

        // Unlike every other MMX instruction it has entered the MMX state when its store faults: seen on AMD's processors.
        cpu.EnterMmx();
        return Store(cpu, op, Elements.Scalar(cpu.Mm(op.Op1.Index)), Elements.Scalar(cpu.Mm(op.Op2.Index)), sizeof(ulong)) ? Outcome.Next : Outcome.Fault;
    }

    private static Outcome Legacy(Processor cpu, Operation op) =>
        (cpu.Ready & ExecutionUnits.Sse) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Sse) : StoreXmm(cpu, op);

    private static Outcome Vex(Processor cpu, Operation op) =>
        (cpu.Ready & ExecutionUnits.Avx) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Avx) : StoreXmm(cpu, op);

    private static Outcome StoreXmm(Processor cpu, Operation op) =>
        Store(cpu, op, cpu.Xmm(op.Op1.Index), cpu.Xmm(op.Op2.Index), Unsafe.SizeOf<Vector128<byte>>()) ? Outcome.Next : Outcome.Fault;

    private static bool Store(Processor cpu, Operation op, Vector128<byte> value, Vector128<byte> mask, int size)
    {
        ulong offset = cpu.S.Gpr[(int)Gpr.Rdi] & op.AddressMask;
        ulong linear = 0;
        for (int at = 0; at < size; at += sizeof(ulong))
        {
            if (!cpu.SegmentedAddress(op.Segment, offset + (ulong)at, sizeof(ulong), write: true, out ulong quadword) || !cpu.ProbeQuadword(quadword))
                return false;
            if (at == 0)
                linear = quadword;
        }

        for (int i = 0; i < size; i++)
        {
            if ((sbyte)mask.GetElement(i) < 0 && !cpu.WriteLinear(cpu.Offset(linear, i), value.GetElement(i)))
                return false;
        }

        return true;
    }
}
