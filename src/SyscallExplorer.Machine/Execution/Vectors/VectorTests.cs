using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>PTEST, VTESTPS, VTESTPD: ZF for no common bit, CF for no bit of the source outside the destination. SDM vol. 2B, PTEST; vol. 2C, VTESTPD.</summary>
internal static unsafe class VectorTests
{
    public static void Register(InstructionTableBuilder table)
    {
        Test<AllBits>(table, Mnemonic.Ptest);
        Test<Signs<uint>>(table, Mnemonic.Vtestps);
        Test<Signs<ulong>>(table, Mnemonic.Vtestpd);
    }

    private interface IBits
    {
        static abstract bool Any(Vector256<byte> vector);
    }

    private static void Test<TBits>(InstructionTableBuilder table, Mnemonic mnemonic) where TBits : struct, IBits
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
            table.ByShape(code, null, &Legacy<TBits>, &Vex128<TBits>, &Vex256<TBits>);
    }

    private static Outcome Legacy<TBits>(Processor cpu, Operation op) where TBits : struct, IBits
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!cpu.ReadAlignedXmm(op, op.Op1, out Vector128<byte> right))
            return Outcome.Fault;
        SetFlags<TBits>(cpu, cpu.Xmm(op.Op0.Index).ToVector256(), right.ToVector256());
        return Outcome.Next;
    }

    private static Outcome Vex128<TBits>(Processor cpu, Operation op) where TBits : struct, IBits
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadXmm(op, op.Op1, out Vector128<byte> right))
            return Outcome.Fault;
        SetFlags<TBits>(cpu, cpu.Xmm(op.Op0.Index).ToVector256(), right.ToVector256());
        return Outcome.Next;
    }

    private static Outcome Vex256<TBits>(Processor cpu, Operation op) where TBits : struct, IBits
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadYmm(op, op.Op1, out Vector256<byte> right))
            return Outcome.Fault;
        SetFlags<TBits>(cpu, cpu.S.Vectors[op.Op0.Index], right);
        return Outcome.Next;
    }

    private static void SetFlags<TBits>(Processor cpu, Vector256<byte> left, Vector256<byte> right) where TBits : struct, IBits =>
        cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.Arithmetic) | (TBits.Any(left & right) ? 0 : Rflags.ZF) | (TBits.Any(~left & right) ? 0 : Rflags.CF);

    private readonly struct AllBits : IBits
    {
        public static bool Any(Vector256<byte> vector) => vector != Vector256<byte>.Zero;
    }

    private readonly struct Signs<T> : IBits
        where T : unmanaged
    {
        public static bool Any(Vector256<byte> vector) => vector.As<byte, T>().ExtractMostSignificantBits() != 0;
    }
}
