using System.Numerics;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>PINSR*, PEXTR*, INSERTPS, EXTRACTPS: one element of a register. SDM vol. 2A and 2B, each under its name.</summary>
internal static unsafe class ElementMoves
{
    public static void Register(InstructionTableBuilder table)
    {
        Insert<byte>(table, Mnemonic.Pinsrb);
        Insert<ushort>(table, Mnemonic.Pinsrw);
        Insert<uint>(table, Mnemonic.Pinsrd);
        Insert<ulong>(table, Mnemonic.Pinsrq);
        Extract<byte>(table, Mnemonic.Pextrb);
        Extract<ushort>(table, Mnemonic.Pextrw);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pextrd, Mnemonic.Extractps])
            Extract<uint>(table, mnemonic);
        Extract<ulong>(table, Mnemonic.Pextrq);
        table.One(Code.Insertps_xmm_xmmm32_imm8, &InsertSingle);
        table.One(Code.VEX_Vinsertps_xmm_xmm_xmmm32_imm8, &VexInsertSingle);
    }

    private static void Insert<T>(InstructionTableBuilder table, Mnemonic mnemonic) where T : unmanaged, IBinaryInteger<T>
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
            table.ByShape(code, &MmxInsert, &LegacyInsert<T>, &VexInsert<T>, null);
    }

    private static void Extract<T>(InstructionTableBuilder table, Mnemonic mnemonic) where T : unmanaged, IBinaryInteger<T>
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
            table.ByShape(code, &MmxExtract, &LegacyExtract<T>, &VexExtract<T>, null);
    }

    private static Outcome MmxInsert(Processor cpu, Operation op)
    {
        if (!cpu.UseMmx() || !cpu.Read(op, op.Op1, out ushort value))
            return Outcome.Fault;
        cpu.EnterMmx();
        int shift = (int)(op.Immediate & 3) * 16;
        cpu.SetMm(op.Op0.Index, (cpu.Mm(op.Op0.Index) & ~(0xFFFFul << shift)) | ((ulong)value << shift));
        return Outcome.Next;
    }

    private static Outcome MmxExtract(Processor cpu, Operation op)
    {
        if (!cpu.UseMmx())
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.S.Gpr[op.Op0.Index] = (ushort)(cpu.Mm(op.Op1.Index) >> ((int)(op.Immediate & 3) * 16));
        return Outcome.Next;
    }

    private static Outcome LegacyInsert<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!cpu.Read(op, op.Op1, out T value))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, With(cpu.Xmm(op.Op0.Index), op.Immediate, value));
        return Outcome.Next;
    }

    private static Outcome VexInsert<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.Read(op, op.Op2, out T value))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, With(cpu.Xmm(op.Op1.Index), op.Immediate, value));
        return Outcome.Next;
    }

    private static Outcome LegacyExtract<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> =>
        (cpu.Ready & ExecutionUnits.Sse) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Sse) : Extract<T>(cpu, op);

    private static Outcome VexExtract<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> =>
        (cpu.Ready & ExecutionUnits.Avx) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Avx) : Extract<T>(cpu, op);

    /// <summary>A register gets the element with zeros above, memory the element alone.</summary>
    private static Outcome Extract<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        Vector128<byte> vector = cpu.Xmm(op.Op1.Index);
        T value = Elements.At<T>(ref vector, (int)op.Immediate & (Vector128<T>.Count - 1));
        if (op.Op0.Kind == OperandKind.Register)
            cpu.S.Gpr[op.Op0.Index] = ulong.CreateTruncating(value);
        else if (!cpu.WriteMemory(op, value))
            return Outcome.Fault;
        return Outcome.Next;
    }

    private static Vector128<byte> With<T>(Vector128<byte> vector, ulong place, T value) where T : unmanaged
    {
        Elements.At<T>(ref vector, (int)place & (Vector128<T>.Count - 1)) = value;
        return vector;
    }

    private static Outcome InsertSingle(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!ReadSingle(cpu, op, op.Op1, out uint value))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, WithSingle(cpu.Xmm(op.Op0.Index), op.Immediate, value));
        return Outcome.Next;
    }

    private static Outcome VexInsertSingle(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!ReadSingle(cpu, op, op.Op2, out uint value))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, WithSingle(cpu.Xmm(op.Op1.Index), op.Immediate, value));
        return Outcome.Next;
    }

    /// <summary>Bits 7:6 choose from a register; memory has only one.</summary>
    private static bool ReadSingle(Processor cpu, Operation op, Operand operand, out uint value)
    {
        if (operand.Kind != OperandKind.Vector)
            return cpu.ReadMemory(op, out value);
        value = cpu.Xmm(operand.Index).AsUInt32().GetElement((int)(op.Immediate >> 6) & 3);
        return true;
    }

    /// <summary>Bits 5:4 place the element, bits 3:0 clear some.</summary>
    private static Vector128<byte> WithSingle(Vector128<byte> vector, ulong control, uint value)
    {
        Vector128<byte> result = With(vector, control >> 4, value);
        for (int i = 0; i < 4; i++)
        {
            if ((control >> i & 1) != 0)
                Elements.At<uint>(ref result, i) = 0;
        }

        return result;
    }
}
