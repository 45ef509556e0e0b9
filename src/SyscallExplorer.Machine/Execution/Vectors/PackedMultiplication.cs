using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Products, and sums of products or of differences. SDM vol. 2B, PMADDUBSW, PMADDWD, PMUL* and PSADBW.</summary>
internal static class PackedMultiplication
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Binary<Low<short>>(Mnemonic.Pmullw);
        table.Binary<Low<int>>(Mnemonic.Pmulld);
        table.Binary<Each<short, High>>(Mnemonic.Pmulhw);
        table.Binary<Each<ushort, HighUnsigned>>(Mnemonic.Pmulhuw);
        table.Binary<Each<short, HighRounded>>(Mnemonic.Pmulhrsw);
        table.Binary<Each<ulong, EvenUnsigned>>(Mnemonic.Pmuludq);
        table.Binary<Each<ulong, Even>>(Mnemonic.Pmuldq);
        table.Binary<Fastest<WordPairs>>(Mnemonic.Pmaddwd);
        table.Binary<Fastest<BytePairs>>(Mnemonic.Pmaddubsw);
        table.Binary<Fastest<AbsoluteDifferences>>(Mnemonic.Psadbw);
    }

    private readonly struct Low<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.As<byte, T>() * right.As<byte, T>()).AsByte();
    }

    private readonly struct High : IElementRule<short>
    {
        public static short Apply(short left, short right) => (short)((left * right) >> 16);
    }

    private readonly struct HighUnsigned : IElementRule<ushort>
    {
        public static ushort Apply(ushort left, ushort right) => (ushort)(((uint)left * right) >> 16);
    }

    /// <summary>The product's bits 30:15, rounded by bit 14.</summary>
    private readonly struct HighRounded : IElementRule<short>
    {
        public static short Apply(short left, short right) => (short)((((left * right) >> 14) + 1) >> 1);
    }

    private readonly struct EvenUnsigned : IElementRule<ulong>
    {
        public static ulong Apply(ulong left, ulong right) => (ulong)(uint)left * (uint)right;
    }

    private readonly struct Even : IElementRule<ulong>
    {
        public static ulong Apply(ulong left, ulong right) => (ulong)((long)(int)left * (int)right);
    }

    /// <summary>Of each pair of words the sum of their products; it wraps only when all four are 8000h.</summary>
    internal readonly struct WordPairs : IAcceleratedRule
    {
        public static bool IsAccelerated => Sse2.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => Sse2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16()).AsByte();

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right)
        {
            Vector128<byte> result = default;
            for (int i = 0; i < 4; i++)
            {
                Elements.At<int>(ref result, i) = unchecked(
                    Elements.At<short>(ref left, 2 * i) * Elements.At<short>(ref right, 2 * i)
                    + Elements.At<short>(ref left, 2 * i + 1) * Elements.At<short>(ref right, 2 * i + 1));
            }

            return result;
        }
    }

    /// <summary>Unsigned bytes times signed ones, the sums of pairs saturated to words.</summary>
    internal readonly struct BytePairs : IAcceleratedRule
    {
        public static bool IsAccelerated => Ssse3.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => Ssse3.MultiplyAddAdjacent(left, right.AsSByte()).AsByte();

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right)
        {
            Vector128<byte> result = default;
            for (int i = 0; i < 8; i++)
            {
                int sum = Elements.At<byte>(ref left, 2 * i) * Elements.At<sbyte>(ref right, 2 * i)
                    + Elements.At<byte>(ref left, 2 * i + 1) * Elements.At<sbyte>(ref right, 2 * i + 1);
                Elements.At<short>(ref result, i) = short.CreateSaturating(sum);
            }

            return result;
        }
    }

    /// <summary>The sum of the absolute differences of eight bytes, in each half.</summary>
    internal readonly struct AbsoluteDifferences : IAcceleratedRule
    {
        public static bool IsAccelerated => Sse2.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => Sse2.SumAbsoluteDifferences(left, right).AsByte();

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right)
        {
            Vector128<byte> result = default;
            for (int i = 0; i < 16; i++)
                Elements.At<ulong>(ref result, i / 8) += (ulong)Math.Abs(Elements.At<byte>(ref left, i) - Elements.At<byte>(ref right, i));
            return result;
        }
    }
}
