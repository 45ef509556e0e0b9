using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>BLENDPS, BLENDPD, PBLENDW, VPBLENDD by immediate bits; BLENDVPS, BLENDVPD, PBLENDVB by sign bits. SDM vol. 2A to 2C, each under its name.</summary>
internal static unsafe class Blends
{
    public static void Register(InstructionTableBuilder table)
    {
        table.BinaryImmediate<ByImmediate<ushort>>(Mnemonic.Pblendw);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Blendps, Mnemonic.Vpblendd])
            table.BinaryImmediate<ByImmediate<uint>>(mnemonic);
        table.BinaryImmediate<ByImmediate<ulong>>(Mnemonic.Blendpd);
        BySign<sbyte>(table, Mnemonic.Pblendvb);
        BySign<int>(table, Mnemonic.Blendvps);
        BySign<long>(table, Mnemonic.Blendvpd);
    }

    private static void BySign<T>(InstructionTableBuilder table, Mnemonic mnemonic) where T : unmanaged
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
            table.ByShape(code, null, &Legacy<T>, &Vex128<T>, &Vex256<T>);
    }

    /// <summary>The mask is XMM0.</summary>
    private static Outcome Legacy<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!cpu.ReadAlignedXmm(op, op.Op1, out Vector128<byte> right))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, Select<T>(cpu.Xmm(0), cpu.Xmm(op.Op0.Index), right));
        return Outcome.Next;
    }

    private static Outcome Vex128<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadXmm(op, op.Op2, out Vector128<byte> right))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, Select<T>(cpu.Xmm(op.Op3.Index), cpu.Xmm(op.Op1.Index), right));
        return Outcome.Next;
    }

    private static Outcome Vex256<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadYmm(op, op.Op2, out Vector256<byte> right))
            return Outcome.Fault;
        Vector256<byte> left = cpu.S.Vectors[op.Op1.Index];
        Vector256<byte> mask = cpu.S.Vectors[op.Op3.Index];
        cpu.S.Vectors[op.Op0.Index] = Elements.Lanes(
            Select<T>(mask.GetLower(), left.GetLower(), right.GetLower()), Select<T>(mask.GetUpper(), left.GetUpper(), right.GetUpper()));
        return Outcome.Next;
    }

    private readonly struct ByImmediate<T> : ILaneImmediateRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate)
        {
            Vector128<byte> result = left;
            for (int i = 0; i < Vector128<T>.Count; i++)
            {
                if ((immediate >> i & 1) != 0)
                    Elements.At<T>(ref result, i) = Elements.At<T>(ref right, i);
            }

            return result;
        }

        /// <summary>Words take the same bits in both lanes; the wider elements go on with the next ones.</summary>
        public static byte Upper(byte immediate) => Unsafe.SizeOf<T>() == sizeof(ushort) ? immediate : (byte)(immediate >> Vector128<T>.Count);
    }

    private static Vector128<byte> Select<T>(Vector128<byte> mask, Vector128<byte> left, Vector128<byte> right) where T : unmanaged =>
        Vector128.ConditionalSelect(Vector128.LessThan(mask.As<byte, T>(), Vector128<T>.Zero).AsByte(), right, left);
}
