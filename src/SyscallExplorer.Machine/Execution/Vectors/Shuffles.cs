using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Shuffles within a lane: PSHUF*, SHUFPS, SHUFPD, VPERMIL*, MOVDDUP, MOVSLDUP, MOVSHDUP, PALIGNR. SDM vol. 2A to 2C, each under its name.</summary>
internal static unsafe class Shuffles
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Binary<Fastest<Bytes>, BytesMmx>(Mnemonic.Pshufb);
        table.UnaryImmediate<Doublewords>(Mnemonic.Pshufd);
        table.UnaryImmediate<LowWords>(Mnemonic.Pshuflw);
        table.UnaryImmediate<LowWords>(Mnemonic.Pshufw);
        table.UnaryImmediate<HighWords>(Mnemonic.Pshufhw);
        table.BinaryImmediate<Singles>(Mnemonic.Shufps);
        table.BinaryImmediate<Doubles>(Mnemonic.Shufpd);
        table.BinaryImmediate<Align, AlignMmx>(Mnemonic.Palignr);
        table.Unary<EvenSingles>(Mnemonic.Movsldup);
        table.Unary<OddSingles>(Mnemonic.Movshdup);
        foreach (Code code in VectorForms.CodesOf(Mnemonic.Movddup))
        {
            table.ByShape(code, null,
                &PartHandlers.LegacyUnary<ulong, LowQuadword>, &PartHandlers.Vex128Unary<ulong, LowQuadword>, &UnaryHandlers.Vex256<PlainUnary<LowQuadword>>);
        }

        table.UnaryImmediate<Doublewords>(Mnemonic.Vpermilps, HasImmediate);
        table.UnaryImmediate<Quadwords>(Mnemonic.Vpermilpd, HasImmediate);
        PermuteByVector<DoublewordsByVector>(table, Mnemonic.Vpermilps);
        PermuteByVector<QuadwordsByVector>(table, Mnemonic.Vpermilpd);
    }

    private static void PermuteByVector<TRule>(InstructionTableBuilder table, Mnemonic mnemonic) where TRule : struct, ILaneRule
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic).Where(code => !HasImmediate(code.ToOpCode())))
            table.ByShape(code, null, null, &BinaryHandlers.Vex128<Plain<TRule>>, &BinaryHandlers.Vex256<Plain<TRule>>);
    }

    private static bool HasImmediate(OpCodeInfo form) => form.GetOpKind(form.OpCount - 1) == OpCodeOperandKind.imm8;

    /// <summary>Four elements chosen by two bits each.</summary>
    private static Vector128<byte> Choose<T>(Vector128<byte> value, int first, byte choices) where T : unmanaged
    {
        Vector128<byte> result = value;
        for (int i = 0; i < 4; i++)
            Elements.At<T>(ref result, first + i) = Elements.At<T>(ref value, first + ((choices >> (2 * i)) & 3));
        return result;
    }

    private readonly struct Doublewords : IUnaryImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value, byte immediate) => Choose<uint>(value, 0, immediate);
    }

    private readonly struct LowWords : IUnaryImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value, byte immediate) => Choose<ushort>(value, 0, immediate);
    }

    private readonly struct HighWords : IUnaryImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value, byte immediate) => Choose<ushort>(value, 4, immediate);
    }

    private readonly struct Quadwords : IUnaryImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value, byte immediate) =>
            Elements.Create(Elements.At<ulong>(ref value, immediate & 1), Elements.At<ulong>(ref value, (immediate >> 1) & 1));

        public static byte Upper(byte immediate) => (byte)(immediate >> 2);
    }

    private readonly struct Singles : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate)
        {
            Vector128<byte> result = default;
            for (int i = 0; i < 4; i++)
                Elements.At<uint>(ref result, i) = Elements.At<uint>(ref i < 2 ? ref left : ref right, (immediate >> (2 * i)) & 3);
            return result;
        }
    }

    private readonly struct Doubles : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate) =>
            Elements.Create(Elements.At<ulong>(ref left, immediate & 1), Elements.At<ulong>(ref right, (immediate >> 1) & 1));

        public static byte Upper(byte immediate) => (byte)(immediate >> 2);
    }

    private readonly struct DoublewordsByVector : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
        {
            Vector128<byte> result = default;
            for (int i = 0; i < 4; i++)
                Elements.At<uint>(ref result, i) = Elements.At<uint>(ref left, Elements.At<int>(ref right, i) & 3);
            return result;
        }
    }

    /// <summary>Bit 1 of each quadword chooses.</summary>
    private readonly struct QuadwordsByVector : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Elements.Create(
            Elements.At<ulong>(ref left, (int)(Elements.Low(right) >> 1) & 1), Elements.At<ulong>(ref left, (int)(Elements.High(right) >> 1) & 1));
    }

    /// <summary>The low four bits of a byte choose; bit 7 clears.</summary>
    internal readonly struct Bytes : IAcceleratedRule
    {
        public static bool IsAccelerated => Ssse3.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => Ssse3.Shuffle(left, right);

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right)
        {
            Vector128<byte> result = default;
            for (int i = 0; i < 16; i++)
            {
                byte choice = Elements.At<byte>(ref right, i);
                Elements.At<byte>(ref result, i) = choice < 0x80 ? Elements.At<byte>(ref left, choice & 15) : (byte)0;
            }

            return result;
        }
    }

    /// <summary>Eight bytes are chosen from by three bits.</summary>
    private readonly struct BytesMmx : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Fastest<Bytes>.Apply(left, right & Vector128.Create((byte)0x87));
    }

    private readonly struct EvenSingles : IUnaryLaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value) => Choose<uint>(value, 0, 0b10_10_00_00);
    }

    private readonly struct OddSingles : IUnaryLaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value) => Choose<uint>(value, 0, 0b11_11_01_01);
    }

    private readonly struct LowQuadword : IUnaryLaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value) => Elements.Create(Elements.Low(value), Elements.Low(value));
    }

    /// <summary>Bytes from a place on of the right operand, then of the left, then zeros.</summary>
    private readonly struct Align : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate)
        {
            if (immediate >= 32)
                return default;
            Span<Vector128<byte>> window = [right, left, default];
            return Unsafe.ReadUnaligned<Vector128<byte>>(ref MemoryMarshal.AsBytes(window)[immediate]);
        }
    }

    private readonly struct AlignMmx : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate) =>
            Align.Apply(default, Elements.Join(right, left), immediate);
    }
}
