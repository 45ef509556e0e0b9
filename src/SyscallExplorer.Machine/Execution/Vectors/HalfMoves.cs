using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>MOVLPS, MOVLPD, MOVHPS, MOVHPD, MOVHLPS, MOVLHPS: halves of an XMM register. SDM vol. 2B, each under its name.</summary>
internal static unsafe class HalfMoves
{
    public static void Register(InstructionTableBuilder table)
    {
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Movlps, Mnemonic.Movlpd])
            Move<LowFromLow, LowHalf>(table, mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Movhps, Mnemonic.Movhpd])
            Move<HighFromLow, HighHalf>(table, mnemonic);
        table.Binary<LowFromHigh>(Mnemonic.Movhlps);
        table.Binary<HighFromLow>(Mnemonic.Movlhps);
    }

    private interface IHalf
    {
        static abstract ulong Of(Vector128<byte> vector);
    }

    private static void Move<TLoad, TStore>(InstructionTableBuilder table, Mnemonic mnemonic)
        where TLoad : struct, ILaneRule
        where TStore : struct, IHalf
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
        {
            if (code.ToOpCode().Op0Kind == OpCodeOperandKind.mem)
                table.ByShape(code, null, &Store<TStore>, &VexStore<TStore>, null);
            else
                table.ByShape(code, null, &PartHandlers.Legacy<ulong, TLoad>, &PartHandlers.Vex128<ulong, TLoad>, null);
        }
    }

    private static Outcome Store<THalf>(Processor cpu, Operation op) where THalf : struct, IHalf
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        return cpu.WriteMemory(op, THalf.Of(cpu.Xmm(op.Op1.Index))) ? Outcome.Next : Outcome.Fault;
    }

    private static Outcome VexStore<THalf>(Processor cpu, Operation op) where THalf : struct, IHalf
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        return cpu.WriteMemory(op, THalf.Of(cpu.Xmm(op.Op1.Index))) ? Outcome.Next : Outcome.Fault;
    }

    private readonly struct LowHalf : IHalf
    {
        public static ulong Of(Vector128<byte> vector) => Elements.Low(vector);
    }

    private readonly struct HighHalf : IHalf
    {
        public static ulong Of(Vector128<byte> vector) => Elements.High(vector);
    }

    private readonly struct LowFromLow : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Elements.Create(Elements.Low(right), Elements.High(left));
    }

    private readonly struct HighFromLow : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Elements.Create(Elements.Low(left), Elements.Low(right));
    }

    private readonly struct LowFromHigh : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Elements.Create(Elements.High(right), Elements.High(left));
    }
}
