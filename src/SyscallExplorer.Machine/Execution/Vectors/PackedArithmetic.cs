using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Element-wise sums, differences, averages, signs and absolute values. SDM vol. 2B, PABS to PSUB.</summary>
internal static class PackedArithmetic
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Binary<Add<byte>>(Mnemonic.Paddb);
        table.Binary<Add<ushort>>(Mnemonic.Paddw);
        table.Binary<Add<uint>>(Mnemonic.Paddd);
        table.Binary<Add<ulong>>(Mnemonic.Paddq);
        table.Binary<Subtract<byte>>(Mnemonic.Psubb);
        table.Binary<Subtract<ushort>>(Mnemonic.Psubw);
        table.Binary<Subtract<uint>>(Mnemonic.Psubd);
        table.Binary<Subtract<ulong>>(Mnemonic.Psubq);
        table.Binary<Fastest<SaturatedSum<sbyte>>>(Mnemonic.Paddsb);
        table.Binary<Fastest<SaturatedSum<short>>>(Mnemonic.Paddsw);
        table.Binary<Fastest<SaturatedSum<byte>>>(Mnemonic.Paddusb);
        table.Binary<Fastest<SaturatedSum<ushort>>>(Mnemonic.Paddusw);
        table.Binary<Fastest<SaturatedDifference<sbyte>>>(Mnemonic.Psubsb);
        table.Binary<Fastest<SaturatedDifference<short>>>(Mnemonic.Psubsw);
        table.Binary<Fastest<SaturatedDifference<byte>>>(Mnemonic.Psubusb);
        table.Binary<Fastest<SaturatedDifference<ushort>>>(Mnemonic.Psubusw);
        table.Binary<Each<byte, Average<byte>>>(Mnemonic.Pavgb);
        table.Binary<Each<ushort, Average<ushort>>>(Mnemonic.Pavgw);
        table.Binary<Each<sbyte, Sign<sbyte>>>(Mnemonic.Psignb);
        table.Binary<Each<short, Sign<short>>>(Mnemonic.Psignw);
        table.Binary<Each<int, Sign<int>>>(Mnemonic.Psignd);
        table.Unary<Absolute<sbyte>>(Mnemonic.Pabsb);
        table.Unary<Absolute<short>>(Mnemonic.Pabsw);
        table.Unary<Absolute<int>>(Mnemonic.Pabsd);
    }

    private readonly struct Add<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.As<byte, T>() + right.As<byte, T>()).AsByte();
    }

    private readonly struct Subtract<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.As<byte, T>() - right.As<byte, T>()).AsByte();
    }

    internal readonly struct AddSaturated<T> : IElementRule<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => T.CreateSaturating(int.CreateTruncating(left) + int.CreateTruncating(right));
    }

    internal readonly struct SubtractSaturated<T> : IElementRule<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => T.CreateSaturating(int.CreateTruncating(left) - int.CreateTruncating(right));
    }

    internal readonly struct SaturatedSum<T> : IAcceleratedRule
        where T : unmanaged, IBinaryInteger<T>
    {
        public static bool IsAccelerated => Sse2.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right)
        {
            if (typeof(T) == typeof(sbyte))
                return Sse2.AddSaturate(left.AsSByte(), right.AsSByte()).AsByte();
            if (typeof(T) == typeof(short))
                return Sse2.AddSaturate(left.AsInt16(), right.AsInt16()).AsByte();
            return typeof(T) == typeof(byte) ? Sse2.AddSaturate(left, right) : Sse2.AddSaturate(left.AsUInt16(), right.AsUInt16()).AsByte();
        }

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right) => Each<T, AddSaturated<T>>.Apply(left, right);
    }

    internal readonly struct SaturatedDifference<T> : IAcceleratedRule
        where T : unmanaged, IBinaryInteger<T>
    {
        public static bool IsAccelerated => Sse2.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right)
        {
            if (typeof(T) == typeof(sbyte))
                return Sse2.SubtractSaturate(left.AsSByte(), right.AsSByte()).AsByte();
            if (typeof(T) == typeof(short))
                return Sse2.SubtractSaturate(left.AsInt16(), right.AsInt16()).AsByte();
            return typeof(T) == typeof(byte) ? Sse2.SubtractSaturate(left, right) : Sse2.SubtractSaturate(left.AsUInt16(), right.AsUInt16()).AsByte();
        }

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right) => Each<T, SubtractSaturated<T>>.Apply(left, right);
    }

    /// <summary>Rounded up.</summary>
    private readonly struct Average<T> : IElementRule<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => T.CreateTruncating((int.CreateTruncating(left) + int.CreateTruncating(right) + 1) >> 1);
    }

    /// <summary>The left element with the sign of the right one, 0 for 0; the negative of the most negative is itself.</summary>
    private readonly struct Sign<T> : IElementRule<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => T.IsZero(right) ? T.Zero : T.IsNegative(right) ? unchecked(T.Zero - left) : left;
    }

    private readonly struct Absolute<T> : IUnaryLaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> value)
        {
            Vector128<T> elements = value.As<byte, T>();
            return Vector128.ConditionalSelect(Vector128.LessThan(elements, Vector128<T>.Zero), -elements, elements).AsByte();
        }
    }
}
