using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// Shifts of elements by one count, by a count for each element, and of whole lanes by bytes. SDM vol. 2B, PSLL* to PSRL*; vol. 2C, VPSLLV* to VPSRLV*.
/// </summary>
internal static unsafe class PackedShifts
{
    public static void Register(InstructionTableBuilder table)
    {
        Shift<Left<ushort>>(table, Mnemonic.Psllw);
        Shift<Left<uint>>(table, Mnemonic.Pslld);
        Shift<Left<ulong>>(table, Mnemonic.Psllq);
        Shift<Right<ushort>>(table, Mnemonic.Psrlw);
        Shift<Right<uint>>(table, Mnemonic.Psrld);
        Shift<Right<ulong>>(table, Mnemonic.Psrlq);
        Shift<RightArithmetic<short>>(table, Mnemonic.Psraw);
        Shift<RightArithmetic<int>>(table, Mnemonic.Psrad);
        Shift<BytesLeft>(table, Mnemonic.Pslldq);
        Shift<BytesRight>(table, Mnemonic.Psrldq);
        table.Binary<Each<uint, LeftEach>>(Mnemonic.Vpsllvd);
        table.Binary<Each<ulong, LeftEach>>(Mnemonic.Vpsllvq);
        table.Binary<Each<uint, RightEach>>(Mnemonic.Vpsrlvd);
        table.Binary<Each<ulong, RightEach>>(Mnemonic.Vpsrlvq);
        table.Binary<Each<int, RightArithmeticEach>>(Mnemonic.Vpsravd);
    }

    /// <summary>The forms with the count in an immediate byte have no memory operand; the others take it from 64 bits of a register or memory.</summary>
    private static void Shift<TRule>(InstructionTableBuilder table, Mnemonic mnemonic) where TRule : struct, IShiftRule
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
        {
            OpCodeInfo form = code.ToOpCode();
            bool immediate = form.GetOpKind(form.OpCount - 1) == OpCodeOperandKind.imm8;
            if (immediate && form.MemorySize == MemorySize.Unknown)
                table.ByShape(code, &MmxImmediate<TRule>, &LegacyImmediate<TRule>, &Vex128Immediate<TRule>, &Vex256Immediate<TRule>);
            else if (!immediate)
                table.ByShape(
                    code, &BinaryHandlers.Mmx<ulong, Counted<TRule>>, &BinaryHandlers.Legacy<Counted<TRule>>, &BinaryHandlers.Vex128<Counted<TRule>>, &Vex256<TRule>);
        }
    }

    private static Outcome MmxImmediate<TRule>(Processor cpu, Operation op) where TRule : struct, IShiftRule
    {
        if (!cpu.UseMmx())
            return Outcome.Fault;
        cpu.EnterMmx();
        cpu.SetMm(op.Op0.Index, Elements.Low(TRule.Apply(Elements.Scalar(cpu.Mm(op.Op0.Index)), op.Immediate)));
        return Outcome.Next;
    }

    private static Outcome LegacyImmediate<TRule>(Processor cpu, Operation op) where TRule : struct, IShiftRule
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        cpu.SetXmm(op.Op0.Index, TRule.Apply(cpu.Xmm(op.Op0.Index), op.Immediate));
        return Outcome.Next;
    }

    private static Outcome Vex128Immediate<TRule>(Processor cpu, Operation op) where TRule : struct, IShiftRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        cpu.SetXmmClearingUpper(op.Op0.Index, TRule.Apply(cpu.Xmm(op.Op1.Index), op.Immediate));
        return Outcome.Next;
    }

    private static Outcome Vex256Immediate<TRule>(Processor cpu, Operation op) where TRule : struct, IShiftRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        ShiftLanes<TRule>(cpu, op, op.Immediate);
        return Outcome.Next;
    }

    private static Outcome Vex256<TRule>(Processor cpu, Operation op) where TRule : struct, IShiftRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadXmm(op, op.Op2, out Vector128<byte> count))
            return Outcome.Fault;
        ShiftLanes<TRule>(cpu, op, Elements.Low(count));
        return Outcome.Next;
    }

    private static void ShiftLanes<TRule>(Processor cpu, Operation op, ulong count) where TRule : struct, IShiftRule
    {
        Vector256<byte> value = cpu.S.Vectors[op.Op1.Index];
        cpu.S.Vectors[op.Op0.Index] = Elements.Lanes(TRule.Apply(value.GetLower(), count), TRule.Apply(value.GetUpper(), count));
    }

    private readonly struct Counted<TRule> : ILaneImmediateRule
        where TRule : struct, IShiftRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate) => TRule.Apply(left, Elements.Low(right));
    }

    private readonly struct Left<T> : IShiftRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) => count < Bits<T>() ? (value.As<byte, T>() << (int)count).AsByte() : default;
    }

    private readonly struct Right<T> : IShiftRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) => count < Bits<T>() ? (value.As<byte, T>() >>> (int)count).AsByte() : default;
    }

    /// <summary>A count that is too large fills with the sign.</summary>
    private readonly struct RightArithmetic<T> : IShiftRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) => (value.As<byte, T>() >> (int)Math.Min(count, Bits<T>() - 1)).AsByte();
    }

    private readonly struct BytesLeft : IShiftRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count)
        {
            UInt128 bits = new(Elements.High(value), Elements.Low(value));
            bits = count < 16 ? bits << (int)(count * 8) : 0;
            return Elements.Create((ulong)bits, (ulong)(bits >> 64));
        }
    }

    private readonly struct BytesRight : IShiftRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count)
        {
            UInt128 bits = new(Elements.High(value), Elements.Low(value));
            bits = count < 16 ? bits >> (int)(count * 8) : 0;
            return Elements.Create((ulong)bits, (ulong)(bits >> 64));
        }
    }

    private readonly struct LeftEach : IElementRule<uint>, IElementRule<ulong>
    {
        public static uint Apply(uint left, uint right) => right < 32 ? left << (int)right : 0;

        public static ulong Apply(ulong left, ulong right) => right < 64 ? left << (int)right : 0;
    }

    private readonly struct RightEach : IElementRule<uint>, IElementRule<ulong>
    {
        public static uint Apply(uint left, uint right) => right < 32 ? left >> (int)right : 0;

        public static ulong Apply(ulong left, ulong right) => right < 64 ? left >> (int)right : 0;
    }

    private readonly struct RightArithmeticEach : IElementRule<int>
    {
        public static int Apply(int left, int right) => left >> (int)Math.Min((uint)right, 31);
    }

    private static ulong Bits<T>() => (ulong)Unsafe.SizeOf<T>() * 8;
}
