using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>PMOVMSKB, MOVMSKPS, MOVMSKPD: the sign bits of elements into a general register. SDM vol. 2B, each under its name.</summary>
internal static unsafe class MaskExtraction
{
    public static void Register(InstructionTableBuilder table)
    {
        Extract<byte>(table, Mnemonic.Pmovmskb);
        Extract<uint>(table, Mnemonic.Movmskps);
        Extract<ulong>(table, Mnemonic.Movmskpd);
    }

    private static void Extract<T>(InstructionTableBuilder table, Mnemonic mnemonic) where T : unmanaged
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
            table.ByShape(code, &MmxBytes, &Legacy<T>, &Vex128<T>, &Vex256<T>);
    }

    private static Outcome MmxBytes(Processor cpu, Operation op)
    {
        if (!cpu.UseMmx())
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.S.Gpr[op.Op0.Index] = Elements.Scalar(cpu.Mm(op.Op1.Index)).ExtractMostSignificantBits();
        return Outcome.Next;
    }

    private static Outcome Legacy<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        cpu.S.Gpr[op.Op0.Index] = cpu.Xmm(op.Op1.Index).As<byte, T>().ExtractMostSignificantBits();
        return Outcome.Next;
    }

    private static Outcome Vex128<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        cpu.S.Gpr[op.Op0.Index] = cpu.Xmm(op.Op1.Index).As<byte, T>().ExtractMostSignificantBits();
        return Outcome.Next;
    }

    private static Outcome Vex256<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        cpu.S.Gpr[op.Op0.Index] = cpu.S.Vectors[op.Op1.Index].As<byte, T>().ExtractMostSignificantBits();
        return Outcome.Next;
    }
}
