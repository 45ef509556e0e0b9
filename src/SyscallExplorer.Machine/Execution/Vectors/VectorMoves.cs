using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// Moves of whole vectors: MOVAPS, MOVAPD, MOVDQA, MOVNT*, which want memory aligned in every encoding, and MOVUPS, MOVUPD, MOVDQU, LDDQU,
/// which never do. SDM vol. 2A and 2B, each under its name.
/// </summary>
internal static unsafe class VectorMoves
{
    public static void Register(InstructionTableBuilder table)
    {
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)
            [Mnemonic.Movaps, Mnemonic.Movapd, Mnemonic.Movdqa, Mnemonic.Movntps, Mnemonic.Movntpd, Mnemonic.Movntdq, Mnemonic.Movntdqa])
        {
            Move<Aligned>(table, mnemonic);
        }

        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Movups, Mnemonic.Movupd, Mnemonic.Movdqu, Mnemonic.Lddqu])
            Move<Anywhere>(table, mnemonic);
        table.One(Code.VEX_Vzeroupper, &ZeroUpper);
        table.One(Code.VEX_Vzeroall, &ZeroAll);
    }

    private interface IPlacement
    {
        static abstract bool Read<T>(Processor cpu, Operation op, out T value) where T : unmanaged;

        static abstract bool Write<T>(Processor cpu, Operation op, T value) where T : unmanaged;
    }

    private readonly struct Aligned : IPlacement
    {
        public static bool Read<T>(Processor cpu, Operation op, out T value) where T : unmanaged => cpu.ReadAlignedMove(op, out value);

        public static bool Write<T>(Processor cpu, Operation op, T value) where T : unmanaged => cpu.WriteAlignedMove(op, value);
    }

    private readonly struct Anywhere : IPlacement
    {
        public static bool Read<T>(Processor cpu, Operation op, out T value) where T : unmanaged => cpu.ReadMemory(op, out value);

        public static bool Write<T>(Processor cpu, Operation op, T value) where T : unmanaged => cpu.WriteMemory(op, value);
    }

    private static void Move<TPlacement>(InstructionTableBuilder table, Mnemonic mnemonic) where TPlacement : struct, IPlacement
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
        {
            if (code.ToOpCode().Op0Kind is OpCodeOperandKind.xmm_reg or OpCodeOperandKind.ymm_reg)
                table.ByShape(code, null, &Load<TPlacement>, &Load128<TPlacement>, &Load256<TPlacement>);
            else
                table.ByShape(code, null, &Store<TPlacement>, &Store128<TPlacement>, &Store256<TPlacement>);
        }
    }

    private static Outcome Load<TPlacement>(Processor cpu, Operation op) where TPlacement : struct, IPlacement
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        Vector128<byte> value;
        if (op.Op1.Kind == OperandKind.Vector)
            value = cpu.Xmm(op.Op1.Index);
        else if (!TPlacement.Read(cpu, op, out value))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, value);
        return Outcome.Next;
    }

    private static Outcome Load128<TPlacement>(Processor cpu, Operation op) where TPlacement : struct, IPlacement
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        Vector128<byte> value;
        if (op.Op1.Kind == OperandKind.Vector)
            value = cpu.Xmm(op.Op1.Index);
        else if (!TPlacement.Read(cpu, op, out value))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, value);
        return Outcome.Next;
    }

    private static Outcome Load256<TPlacement>(Processor cpu, Operation op) where TPlacement : struct, IPlacement
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        Vector256<byte> value;
        if (op.Op1.Kind == OperandKind.Vector)
            value = cpu.S.Vectors[op.Op1.Index];
        else if (!TPlacement.Read(cpu, op, out value))
            return Outcome.Fault;
        cpu.S.Vectors[op.Op0.Index] = value;
        return Outcome.Next;
    }

    private static Outcome Store<TPlacement>(Processor cpu, Operation op) where TPlacement : struct, IPlacement
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        Vector128<byte> value = cpu.Xmm(op.Op1.Index);
        if (op.Op0.Kind == OperandKind.Vector)
            cpu.SetXmm(op.Op0.Index, value);
        else if (!TPlacement.Write(cpu, op, value))
            return Outcome.Fault;
        return Outcome.Next;
    }

    private static Outcome Store128<TPlacement>(Processor cpu, Operation op) where TPlacement : struct, IPlacement
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        Vector128<byte> value = cpu.Xmm(op.Op1.Index);
        if (op.Op0.Kind == OperandKind.Vector)
            cpu.SetXmmClearingUpper(op.Op0.Index, value);
        else if (!TPlacement.Write(cpu, op, value))
            return Outcome.Fault;
        return Outcome.Next;
    }

    private static Outcome Store256<TPlacement>(Processor cpu, Operation op) where TPlacement : struct, IPlacement
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        Vector256<byte> value = cpu.S.Vectors[op.Op1.Index];
        if (op.Op0.Kind == OperandKind.Vector)
            cpu.S.Vectors[op.Op0.Index] = value;
        else if (!TPlacement.Write(cpu, op, value))
            return Outcome.Fault;
        return Outcome.Next;
    }

    /// <summary>Registers that the mode cannot name stay as they are. SDM vol. 2C, VZEROUPPER.</summary>
    private static Outcome ZeroUpper(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        for (int i = 0; i < FxsaveInstructions.VisibleVectors(cpu); i++)
            cpu.SetXmmClearingUpper(i, cpu.Xmm(i));
        return Outcome.Next;
    }

    private static Outcome ZeroAll(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        for (int i = 0; i < FxsaveInstructions.VisibleVectors(cpu); i++)
            cpu.S.Vectors[i] = default;
        return Outcome.Next;
    }
}
