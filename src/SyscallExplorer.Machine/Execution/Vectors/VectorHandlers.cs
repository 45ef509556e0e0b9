using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>
/// The handlers of lane rules with two sources. Legacy SSE forms want an aligned memory operand and keep bits 255:128 of the destination; VEX forms
/// take any alignment and clear them. SDM vol. 1, 14.8 and 14.9.
/// </summary>
internal static class BinaryHandlers
{
    /// <summary>destination = rule(destination, source), 64 bits. The memory operand has the size of <typeparamref name="TMemory"/>.</summary>
    public static Outcome Mmx<TMemory, TRule>(Processor cpu, Operation op)
        where TMemory : unmanaged
        where TRule : struct, ILaneImmediateRule
    {
        if (!cpu.UseMmx())
            return Outcome.Fault;
        Vector128<byte> right;
        if (op.Op1.Kind == OperandKind.Mmx)
            right = Elements.Scalar(cpu.Mm(op.Op1.Index));
        else if (cpu.ReadMemory(op, out TMemory memory))
            right = Elements.Scalar(memory);
        else
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.SetMm(op.Op0.Index, Elements.Low(TRule.Apply(Elements.Scalar(cpu.Mm(op.Op0.Index)), right, (byte)op.Immediate)));
        return Outcome.Next;
    }

    /// <summary>destination = rule(destination, source), 128 bits.</summary>
    public static Outcome Legacy<TRule>(Processor cpu, Operation op) where TRule : struct, ILaneImmediateRule
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!cpu.ReadAlignedXmm(op, op.Op1, out Vector128<byte> right))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, TRule.Apply(cpu.Xmm(op.Op0.Index), right, (byte)op.Immediate));
        return Outcome.Next;
    }

    /// <summary>destination = rule(first source, second source), 128 bits.</summary>
    public static Outcome Vex128<TRule>(Processor cpu, Operation op) where TRule : struct, ILaneImmediateRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadXmm(op, op.Op2, out Vector128<byte> right))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, TRule.Apply(cpu.Xmm(op.Op1.Index), right, (byte)op.Immediate));
        return Outcome.Next;
    }

    /// <summary>destination = rule(first source, second source), each lane of 256 bits for itself.</summary>
    public static Outcome Vex256<TRule>(Processor cpu, Operation op) where TRule : struct, ILaneImmediateRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadYmm(op, op.Op2, out Vector256<byte> right))
            return Outcome.Fault;
        Vector256<byte> left = cpu.S.Vectors[op.Op1.Index];
        byte immediate = (byte)op.Immediate;
        cpu.S.Vectors[op.Op0.Index] = Elements.Lanes(
            TRule.Apply(left.GetLower(), right.GetLower(), immediate),
            TRule.Apply(left.GetUpper(), right.GetUpper(), TRule.Upper(immediate)));
        return Outcome.Next;
    }
}

/// <summary>The handlers of lane rules with one source.</summary>
internal static class UnaryHandlers
{
    /// <summary>destination = rule(source), 64 bits.</summary>
    public static Outcome Mmx<TRule>(Processor cpu, Operation op) where TRule : struct, IUnaryImmediateRule
    {
        if (!cpu.UseMmx() || !cpu.ReadMm(op, op.Op1, out ulong value))
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.SetMm(op.Op0.Index, Elements.Low(TRule.Apply(Elements.Scalar(value), (byte)op.Immediate)));
        return Outcome.Next;
    }

    /// <summary>destination = rule(source), 128 bits.</summary>
    public static Outcome Legacy<TRule>(Processor cpu, Operation op) where TRule : struct, IUnaryImmediateRule
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!cpu.ReadAlignedXmm(op, op.Op1, out Vector128<byte> value))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, TRule.Apply(value, (byte)op.Immediate));
        return Outcome.Next;
    }

    /// <inheritdoc cref="Legacy"/>
    public static Outcome Vex128<TRule>(Processor cpu, Operation op) where TRule : struct, IUnaryImmediateRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadXmm(op, op.Op1, out Vector128<byte> value))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, TRule.Apply(value, (byte)op.Immediate));
        return Outcome.Next;
    }

    /// <summary>destination = rule(source), each lane of 256 bits for itself.</summary>
    public static Outcome Vex256<TRule>(Processor cpu, Operation op) where TRule : struct, IUnaryImmediateRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadYmm(op, op.Op1, out Vector256<byte> value))
            return Outcome.Fault;
        byte immediate = (byte)op.Immediate;
        cpu.S.Vectors[op.Op0.Index] = Elements.Lanes(
            TRule.Apply(value.GetLower(), immediate), TRule.Apply(value.GetUpper(), TRule.Upper(immediate)));
        return Outcome.Next;
    }
}

/// <summary>
/// The handlers of lane rules whose memory operand is a part of a vector: it has the size of <c>TMemory</c>, any alignment, and zeros above it.
/// A register operand is seen whole.
/// </summary>
internal static class PartHandlers
{
    /// <summary>Reads such an operand.</summary>
    public static bool Read<TMemory>(Processor cpu, Operation op, Operand operand, out Vector128<byte> value) where TMemory : unmanaged
    {
        if (operand.Kind == OperandKind.Vector)
        {
            value = cpu.Xmm(operand.Index);
            return true;
        }

        bool done = cpu.ReadMemory(op, out TMemory memory);
        value = Elements.Scalar(memory);
        return done;
    }

    /// <summary>destination = rule(destination, source).</summary>
    public static Outcome Legacy<TMemory, TRule>(Processor cpu, Operation op)
        where TMemory : unmanaged
        where TRule : struct, ILaneRule
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!Read<TMemory>(cpu, op, op.Op1, out Vector128<byte> right))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, TRule.Apply(cpu.Xmm(op.Op0.Index), right));
        return Outcome.Next;
    }

    /// <summary>destination = rule(first source, second source).</summary>
    public static Outcome Vex128<TMemory, TRule>(Processor cpu, Operation op)
        where TMemory : unmanaged
        where TRule : struct, ILaneRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!Read<TMemory>(cpu, op, op.Op2, out Vector128<byte> right))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, TRule.Apply(cpu.Xmm(op.Op1.Index), right));
        return Outcome.Next;
    }

    /// <summary>destination = rule(source).</summary>
    public static Outcome LegacyUnary<TMemory, TRule>(Processor cpu, Operation op)
        where TMemory : unmanaged
        where TRule : struct, IUnaryLaneRule
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!Read<TMemory>(cpu, op, op.Op1, out Vector128<byte> value))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, TRule.Apply(value));
        return Outcome.Next;
    }

    /// <inheritdoc cref="LegacyUnary"/>
    public static Outcome Vex128Unary<TMemory, TRule>(Processor cpu, Operation op)
        where TMemory : unmanaged
        where TRule : struct, IUnaryLaneRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!Read<TMemory>(cpu, op, op.Op1, out Vector128<byte> value))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, TRule.Apply(value));
        return Outcome.Next;
    }
}
