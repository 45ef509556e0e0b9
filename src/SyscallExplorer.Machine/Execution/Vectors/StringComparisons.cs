using System.Numerics;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM. The memory operand may stand anywhere. SDM vol. 2B, 4.1 and each under its name.</summary>
internal static unsafe class StringComparisons
{
    public static void Register(InstructionTableBuilder table)
    {
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pcmpistri, Mnemonic.Pcmpistrm, Mnemonic.Pcmpestri, Mnemonic.Pcmpestrm])
            Compare<uint>(table, mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pcmpestri64, Mnemonic.Pcmpestrm64])
            Compare<ulong>(table, mnemonic);
    }

    /// <summary>With lengths in EAX and EDX, or in RAX and RDX, or up to the first zero.</summary>
    private static void Compare<TLength>(InstructionTableBuilder table, Mnemonic mnemonic) where TLength : unmanaged, IBinaryInteger<TLength>
    {
        bool explicitLengths = mnemonic is not (Mnemonic.Pcmpistri or Mnemonic.Pcmpistrm);
        bool mask = mnemonic is Mnemonic.Pcmpistrm or Mnemonic.Pcmpestrm or Mnemonic.Pcmpestrm64;
        foreach (Code code in VectorForms.CodesOf(mnemonic))
        {
            switch (explicitLengths, mask)
            {
                case (false, false):
                    table.ByShape(code, null, &Legacy<ToFirstZero, IndexResult>, &Vex<ToFirstZero, IndexResult>, null);
                    break;
                case (false, true):
                    table.ByShape(code, null, &Legacy<ToFirstZero, MaskResult>, &Vex<ToFirstZero, MaskResult>, null);
                    break;
                case (true, false):
                    table.ByShape(code, null, &Legacy<InRegisters<TLength>, IndexResult>, &Vex<InRegisters<TLength>, IndexResult>, null);
                    break;
                default:
                    table.ByShape(code, null, &Legacy<InRegisters<TLength>, MaskResult>, &Vex<InRegisters<TLength>, MaskResult>, null);
                    break;
            }
        }
    }

    private interface ILengths
    {
        /// <summary>How many elements of the first or second operand are valid.</summary>
        static abstract int Of(Processor cpu, Vector128<byte> text, bool words, bool second);
    }

    private interface IResult
    {
        static abstract void Store(Processor cpu, uint bits, int count, byte control, bool vex);
    }

    private static Outcome Legacy<TLengths, TResult>(Processor cpu, Operation op)
        where TLengths : struct, ILengths
        where TResult : struct, IResult =>
        (cpu.Ready & ExecutionUnits.Sse) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Sse) : Compare<TLengths, TResult>(cpu, op, vex: false);

    private static Outcome Vex<TLengths, TResult>(Processor cpu, Operation op)
        where TLengths : struct, ILengths
        where TResult : struct, IResult =>
        (cpu.Ready & ExecutionUnits.Avx) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Avx) : Compare<TLengths, TResult>(cpu, op, vex: true);

    private static Outcome Compare<TLengths, TResult>(Processor cpu, Operation op, bool vex)
        where TLengths : struct, ILengths
        where TResult : struct, IResult
    {
        if (!cpu.ReadXmm(op, op.Op1, out Vector128<byte> second))
            return Outcome.Fault;
        Vector128<byte> first = cpu.Xmm(op.Op0.Index);
        byte control = (byte)op.Immediate;
        bool words = (control & 1) != 0;
        int count = words ? 8 : 16;
        int firstLength = TLengths.Of(cpu, first, words, second: false);
        int secondLength = TLengths.Of(cpu, second, words, second: true);
        uint bits = StringAggregation.Compare(first, firstLength, second, secondLength, control);
        TResult.Store(cpu, bits, count, control, vex);
        cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.Arithmetic)
            | (bits != 0 ? Rflags.CF : 0)
            | (secondLength < count ? Rflags.ZF : 0)
            | (firstLength < count ? Rflags.SF : 0)
            | ((bits & 1) != 0 ? Rflags.OF : 0);
        return Outcome.Next;
    }

    private readonly struct ToFirstZero : ILengths
    {
        public static int Of(Processor cpu, Vector128<byte> text, bool words, bool second)
        {
            uint zeros = words
                ? Vector128.Equals(text.AsUInt16(), default).ExtractMostSignificantBits() | 1u << 8
                : Vector128.Equals(text, default).ExtractMostSignificantBits() | 1u << 16;
            return BitOperations.TrailingZeroCount(zeros);
        }
    }

    /// <summary>The absolute value of the register, at most the elements there are.</summary>
    private readonly struct InRegisters<T> : ILengths
        where T : unmanaged, IBinaryInteger<T>
    {
        public static int Of(Processor cpu, Vector128<byte> text, bool words, bool second)
        {
            ulong register = cpu.S.Gpr[(int)(second ? Gpr.Rdx : Gpr.Rax)];
            long length = typeof(T) == typeof(uint) ? (int)register : (long)register;
            ulong magnitude = length < 0 ? unchecked(0ul - (ulong)length) : (ulong)length;
            return (int)Math.Min(magnitude, words ? 8u : 16u);
        }
    }

    /// <summary>ECX: the lowest or highest element of the result, or how many there are.</summary>
    private readonly struct IndexResult : IResult
    {
        public static void Store(Processor cpu, uint bits, int count, byte control, bool vex)
        {
            bool highest = (control & 0x40) != 0;
            cpu.S.Gpr[(int)Gpr.Rcx] = (uint)(bits == 0 ? count : highest ? BitOperations.Log2(bits) : BitOperations.TrailingZeroCount(bits));
        }
    }

    /// <summary>XMM0: the bits, or elements of ones.</summary>
    private readonly struct MaskResult : IResult
    {
        public static void Store(Processor cpu, uint bits, int count, byte control, bool vex)
        {
            Vector128<byte> result = Elements.Scalar(bits);
            if ((control & 0x40) != 0)
            {
                result = default;
                int size = 16 / count;
                for (int i = 0; i < 16; i++)
                    Elements.At<byte>(ref result, i) = (bits >> (i / size) & 1) != 0 ? (byte)0xFF : (byte)0;
            }

            if (vex)
                cpu.SetXmmClearingUpper(0, result);
            else
                cpu.SetXmm(0, result);
        }
    }
}
