using System.Numerics;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>MOVSS, MOVSD, MOVNTSS, MOVNTSD, MOVD and MOVQ of XMM registers. SDM vol. 2B, each under its name; APM vol. 4 for the non-temporal ones.</summary>
internal static unsafe class ScalarMoves
{
    public static void Register(InstructionTableBuilder table)
    {
        // A load from memory clears the rest, a move between registers keeps it.
        table.One(Code.Movss_xmm_xmmm32, &Load<uint>);
        table.One(Code.Movsd_xmm_xmmm64, &Load<ulong>);
        table.One(Code.Movss_xmmm32_xmm, &Store<uint>);
        table.One(Code.Movsd_xmmm64_xmm, &Store<ulong>);
        table.One(Code.Movntss_m32_xmm, &Store<uint>);
        table.One(Code.Movntsd_m64_xmm, &Store<ulong>);
        table.One(Code.VEX_Vmovss_xmm_m32, &PartHandlers.Vex128Unary<uint, LowPart<uint>>);
        table.One(Code.VEX_Vmovsd_xmm_m64, &PartHandlers.Vex128Unary<ulong, LowPart<ulong>>);
        table.One(Code.VEX_Vmovss_m32_xmm, &VexStore<uint>);
        table.One(Code.VEX_Vmovsd_m64_xmm, &VexStore<ulong>);
        table.One(Code.VEX_Vmovss_xmm_xmm_xmm, &PartHandlers.Vex128<uint, ReplaceLow<uint>>);
        table.One(Code.VEX_Vmovsd_xmm_xmm_xmm, &PartHandlers.Vex128<ulong, ReplaceLow<ulong>>);
        table.One(Code.VEX_Vmovss_xmm_xmm_xmm_0F11, &PartHandlers.Vex128<uint, ReplaceLow<uint>>);
        table.One(Code.VEX_Vmovsd_xmm_xmm_xmm_0F11, &PartHandlers.Vex128<ulong, ReplaceLow<ulong>>);

        table.One(Code.Movq_xmm_xmmm64, &PartHandlers.LegacyUnary<ulong, LowPart<ulong>>);
        table.One(Code.VEX_Vmovq_xmm_xmmm64, &PartHandlers.Vex128Unary<ulong, LowPart<ulong>>);
        table.One(Code.Movq_xmmm64_xmm, &StoreQuadword);
        table.One(Code.VEX_Vmovq_xmmm64_xmm, &VexStoreQuadword);

        table.One(Code.Movd_xmm_rm32, &FromGeneral<uint>);
        table.One(Code.Movq_xmm_rm64, &FromGeneral<ulong>);
        table.One(Code.VEX_Vmovd_xmm_rm32, &VexFromGeneral<uint>);
        table.One(Code.VEX_Vmovq_xmm_rm64, &VexFromGeneral<ulong>);
        table.One(Code.Movd_rm32_xmm, &ToGeneral<uint>);
        table.One(Code.Movq_rm64_xmm, &ToGeneral<ulong>);
        table.One(Code.VEX_Vmovd_rm32_xmm, &VexToGeneral<uint>);
        table.One(Code.VEX_Vmovq_rm64_xmm, &VexToGeneral<ulong>);
    }

    private static T Low<T>(Vector128<byte> vector) where T : unmanaged => Elements.At<T>(ref vector, 0);

    private static Outcome Load<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (op.Op1.Kind == OperandKind.Vector)
            Elements.At<T>(ref AsXmm(cpu, op.Op0), 0) = Low<T>(cpu.Xmm(op.Op1.Index));
        else if (cpu.ReadMemory(op, out T value))
            cpu.SetXmm(op.Op0.Index, Elements.Scalar(value));
        else
            return Outcome.Fault;
        return Outcome.Next;
    }

    private static Outcome Store<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        T value = Low<T>(cpu.Xmm(op.Op1.Index));
        if (op.Op0.Kind == OperandKind.Vector)
            Elements.At<T>(ref AsXmm(cpu, op.Op0), 0) = value;
        else if (!cpu.WriteMemory(op, value))
            return Outcome.Fault;
        return Outcome.Next;
    }

    private static Outcome VexStore<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        return cpu.WriteMemory(op, Low<T>(cpu.Xmm(op.Op1.Index))) ? Outcome.Next : Outcome.Fault;
    }

    /// <summary>Unlike MOVSD, MOVQ clears the upper half of a register that it stores to.</summary>
    private static Outcome StoreQuadword(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        ulong value = Elements.Low(cpu.Xmm(op.Op1.Index));
        if (op.Op0.Kind == OperandKind.Vector)
            cpu.SetXmm(op.Op0.Index, Elements.Scalar(value));
        else if (!cpu.WriteMemory(op, value))
            return Outcome.Fault;
        return Outcome.Next;
    }

    private static Outcome VexStoreQuadword(Processor cpu, Operation op)
    {
        if (op.Op0.Kind != OperandKind.Vector)
            return VexStore<ulong>(cpu, op);
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        cpu.SetXmmClearingUpper(op.Op0.Index, Elements.Scalar(Elements.Low(cpu.Xmm(op.Op1.Index))));
        return Outcome.Next;
    }

    private static Outcome FromGeneral<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!cpu.Read(op, op.Op1, out T value))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, Elements.Scalar(value));
        return Outcome.Next;
    }

    private static Outcome VexFromGeneral<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.Read(op, op.Op1, out T value))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, Elements.Scalar(value));
        return Outcome.Next;
    }

    private static Outcome ToGeneral<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        return cpu.Write(op, op.Op0, Low<T>(cpu.Xmm(op.Op1.Index))) ? Outcome.Next : Outcome.Fault;
    }

    private static Outcome VexToGeneral<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        return cpu.Write(op, op.Op0, Low<T>(cpu.Xmm(op.Op1.Index))) ? Outcome.Next : Outcome.Fault;
    }

    private static ref Vector128<byte> AsXmm(Processor cpu, Operand operand) =>
        ref System.Runtime.CompilerServices.Unsafe.As<Vector256<byte>, Vector128<byte>>(ref cpu.S.Vectors[operand.Index]);

    private readonly struct LowPart<T> : IUnaryLaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> value) => Elements.Scalar(Low<T>(value));
    }

    private readonly struct ReplaceLow<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
        {
            Elements.At<T>(ref left, 0) = Low<T>(right);
            return left;
        }
    }
}
