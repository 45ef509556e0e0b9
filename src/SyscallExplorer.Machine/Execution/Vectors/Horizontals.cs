using System.Numerics;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>PHADD* and PHSUB* of neighbours, PHMINPOSUW, MPSADBW. SDM vol. 2B, each under its name.</summary>
internal static class Horizontals
{
    public static void Register(InstructionTableBuilder table)
    {
        Neighbours<short, Sum<short>>(table, Mnemonic.Phaddw);
        Neighbours<int, Sum<int>>(table, Mnemonic.Phaddd);
        Neighbours<short, PackedArithmetic.AddSaturated<short>>(table, Mnemonic.Phaddsw);
        Neighbours<short, Difference<short>>(table, Mnemonic.Phsubw);
        Neighbours<int, Difference<int>>(table, Mnemonic.Phsubd);
        Neighbours<short, PackedArithmetic.SubtractSaturated<short>>(table, Mnemonic.Phsubsw);
        table.Unary<LeastWord>(Mnemonic.Phminposuw);
        table.BinaryImmediate<MultipleDifferences>(Mnemonic.Mpsadbw);
    }

    private static void Neighbours<T, TRule>(InstructionTableBuilder table, Mnemonic mnemonic)
        where T : unmanaged
        where TRule : struct, IElementRule<T> =>
        table.Binary<Pairs<T, TRule>, Joined<Pairs<T, TRule>>>(mnemonic);

    /// <summary>The rule of each element and the one above it: first the pairs of the left operand, then those of the right.</summary>
    private readonly struct Pairs<T, TRule> : ILaneRule
        where T : unmanaged
        where TRule : struct, IElementRule<T>
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
        {
            Vector128<byte> result = default;
            int half = Vector128<T>.Count / 2;
            for (int i = 0; i < half; i++)
            {
                Elements.At<T>(ref result, i) = TRule.Apply(Elements.At<T>(ref left, 2 * i), Elements.At<T>(ref left, 2 * i + 1));
                Elements.At<T>(ref result, half + i) = TRule.Apply(Elements.At<T>(ref right, 2 * i), Elements.At<T>(ref right, 2 * i + 1));
            }

            return result;
        }
    }

    private readonly struct Sum<T> : IElementRule<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => unchecked(left + right);
    }

    private readonly struct Difference<T> : IElementRule<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => unchecked(left - right);
    }

    /// <summary>The least word and, in bits 18:16, the lowest place where it stands.</summary>
    private readonly struct LeastWord : IUnaryLaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> value)
        {
            int least = 0;
            for (int i = 1; i < 8; i++)
            {
                if (Elements.At<ushort>(ref value, i) < Elements.At<ushort>(ref value, least))
                    least = i;
            }

            return Elements.Scalar(Elements.At<ushort>(ref value, least) | ((uint)least << 16));
        }
    }

    /// <summary>Four bytes of the right operand against four bytes at each of eight places of the left one.</summary>
    private readonly struct MultipleDifferences : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate)
        {
            Vector128<byte> result = default;
            int leftPlace = (immediate >> 2 & 1) * 4;
            int rightPlace = (immediate & 3) * 4;
            for (int i = 0; i < 8; i++)
            {
                for (int k = 0; k < 4; k++)
                {
                    int difference = Elements.At<byte>(ref left, leftPlace + i + k) - Elements.At<byte>(ref right, rightPlace + k);
                    Elements.At<ushort>(ref result, i) += (ushort)Math.Abs(difference);
                }
            }

            return result;
        }

        public static byte Upper(byte immediate) => (byte)(immediate >> 3);
    }
}
