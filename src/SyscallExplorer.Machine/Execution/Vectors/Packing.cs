using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Narrowing with saturation, interleaving, and widening. SDM vol. 2B, PACK*, PMOVSX, PMOVZX, PUNPCK*; vol. 2B, UNPCK*.</summary>
internal static unsafe class Packing
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Binary<Fastest<Pack<short, sbyte>>, Joined<Fastest<Pack<short, sbyte>>>>(Mnemonic.Packsswb);
        table.Binary<Fastest<Pack<short, byte>>, Joined<Fastest<Pack<short, byte>>>>(Mnemonic.Packuswb);
        table.Binary<Fastest<Pack<int, short>>, Joined<Fastest<Pack<int, short>>>>(Mnemonic.Packssdw);
        table.Binary<Fastest<Pack<int, ushort>>>(Mnemonic.Packusdw);

        table.Binary<Fastest<InterleaveLow<byte>>>(Mnemonic.Punpcklbw);
        table.Binary<Fastest<InterleaveLow<ushort>>>(Mnemonic.Punpcklwd);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckldq, Mnemonic.Unpcklps])
            table.Binary<Fastest<InterleaveLow<uint>>>(mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpcklqdq, Mnemonic.Unpcklpd])
            table.Binary<Fastest<InterleaveLow<ulong>>>(mnemonic);
        table.Binary<Fastest<InterleaveHigh<byte>>, InterleaveHighMmx<byte>>(Mnemonic.Punpckhbw);
        table.Binary<Fastest<InterleaveHigh<ushort>>, InterleaveHighMmx<ushort>>(Mnemonic.Punpckhwd);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckhdq, Mnemonic.Unpckhps])
            table.Binary<Fastest<InterleaveHigh<uint>>, InterleaveHighMmx<uint>>(mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckhqdq, Mnemonic.Unpckhpd])
            table.Binary<Fastest<InterleaveHigh<ulong>>>(mnemonic);

        Widening<ulong, Vector128<byte>, Widen<sbyte, short>>(table, Mnemonic.Pmovsxbw);
        Widening<uint, ulong, Widen<sbyte, int>>(table, Mnemonic.Pmovsxbd);
        Widening<ushort, uint, Widen<sbyte, long>>(table, Mnemonic.Pmovsxbq);
        Widening<ulong, Vector128<byte>, Widen<short, int>>(table, Mnemonic.Pmovsxwd);
        Widening<uint, ulong, Widen<short, long>>(table, Mnemonic.Pmovsxwq);
        Widening<ulong, Vector128<byte>, Widen<int, long>>(table, Mnemonic.Pmovsxdq);
        Widening<ulong, Vector128<byte>, Widen<byte, ushort>>(table, Mnemonic.Pmovzxbw);
        Widening<uint, ulong, Widen<byte, uint>>(table, Mnemonic.Pmovzxbd);
        Widening<ushort, uint, Widen<byte, ulong>>(table, Mnemonic.Pmovzxbq);
        Widening<ulong, Vector128<byte>, Widen<ushort, uint>>(table, Mnemonic.Pmovzxwd);
        Widening<uint, ulong, Widen<ushort, ulong>>(table, Mnemonic.Pmovzxwq);
        Widening<ulong, Vector128<byte>, Widen<uint, ulong>>(table, Mnemonic.Pmovzxdq);
    }

    private interface IWideningRule : IUnaryLaneRule
    {
        /// <summary>The result for the upper lane, from the same source.</summary>
        static abstract Vector128<byte> ApplyUpper(Vector128<byte> value);
    }

    private static void Widening<TMemory, TMemory256, TRule>(InstructionTableBuilder table, Mnemonic mnemonic)
        where TMemory : unmanaged
        where TMemory256 : unmanaged
        where TRule : struct, IWideningRule
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
            table.ByShape(code, null, &PartHandlers.LegacyUnary<TMemory, TRule>, &PartHandlers.Vex128Unary<TMemory, TRule>, &Widen256<TMemory256, TRule>);
    }

    private static Outcome Widen256<TMemory, TRule>(Processor cpu, Operation op)
        where TMemory : unmanaged
        where TRule : struct, IWideningRule
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!PartHandlers.Read<TMemory>(cpu, op, op.Op1, out Vector128<byte> value))
            return Outcome.Fault;
        cpu.S.Vectors[op.Op0.Index] = Elements.Lanes(TRule.Apply(value), TRule.ApplyUpper(value));
        return Outcome.Next;
    }

    private readonly struct Widen<TFrom, TTo> : IWideningRule
        where TFrom : unmanaged, IBinaryInteger<TFrom>
        where TTo : unmanaged, IBinaryInteger<TTo>
    {
        public static Vector128<byte> Apply(Vector128<byte> value) => From(value, 0);

        public static Vector128<byte> ApplyUpper(Vector128<byte> value) => From(value, Vector128<TTo>.Count);

        private static Vector128<byte> From(Vector128<byte> value, int first)
        {
            Vector128<byte> result = default;
            for (int i = 0; i < Vector128<TTo>.Count; i++)
                Elements.At<TTo>(ref result, i) = TTo.CreateTruncating(Elements.At<TFrom>(ref value, first + i));
            return result;
        }
    }

    internal readonly struct Pack<TFrom, TTo> : IAcceleratedRule
        where TFrom : unmanaged, IBinaryInteger<TFrom>
        where TTo : unmanaged, IBinaryInteger<TTo>
    {
        public static bool IsAccelerated => Sse41.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right)
        {
            if (typeof(TTo) == typeof(sbyte))
                return Sse2.PackSignedSaturate(left.AsInt16(), right.AsInt16()).AsByte();
            if (typeof(TTo) == typeof(byte))
                return Sse2.PackUnsignedSaturate(left.AsInt16(), right.AsInt16());
            return typeof(TTo) == typeof(short)
                ? Sse2.PackSignedSaturate(left.AsInt32(), right.AsInt32()).AsByte()
                : Sse41.PackUnsignedSaturate(left.AsInt32(), right.AsInt32()).AsByte();
        }

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right)
        {
            Vector128<byte> result = default;
            int half = Vector128<TFrom>.Count;
            for (int i = 0; i < half; i++)
            {
                Elements.At<TTo>(ref result, i) = TTo.CreateSaturating(Elements.At<TFrom>(ref left, i));
                Elements.At<TTo>(ref result, half + i) = TTo.CreateSaturating(Elements.At<TFrom>(ref right, i));
            }

            return result;
        }
    }

    /// <summary>For MMX the 64 bits that the low half of the result holds are the whole.</summary>
    internal readonly struct InterleaveLow<T> : IAcceleratedRule
        where T : unmanaged
    {
        public static bool IsAccelerated => Sse2.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => Unsafe.SizeOf<T>() switch
        {
            1 => Sse2.UnpackLow(left, right),
            2 => Sse2.UnpackLow(left.AsUInt16(), right.AsUInt16()).AsByte(),
            4 => Sse2.UnpackLow(left.AsUInt32(), right.AsUInt32()).AsByte(),
            _ => Sse2.UnpackLow(left.AsUInt64(), right.AsUInt64()).AsByte(),
        };

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right) => Interleave<T>(left, right, 0);
    }

    internal readonly struct InterleaveHigh<T> : IAcceleratedRule
        where T : unmanaged
    {
        public static bool IsAccelerated => Sse2.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) => Unsafe.SizeOf<T>() switch
        {
            1 => Sse2.UnpackHigh(left, right),
            2 => Sse2.UnpackHigh(left.AsUInt16(), right.AsUInt16()).AsByte(),
            4 => Sse2.UnpackHigh(left.AsUInt32(), right.AsUInt32()).AsByte(),
            _ => Sse2.UnpackHigh(left.AsUInt64(), right.AsUInt64()).AsByte(),
        };

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right) => Interleave<T>(left, right, Vector128<T>.Count / 2);
    }

    private readonly struct InterleaveHighMmx<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Interleave<T>(left, right, Vector128<T>.Count / 4);
    }

    private static Vector128<byte> Interleave<T>(Vector128<byte> left, Vector128<byte> right, int first) where T : unmanaged
    {
        Vector128<byte> result = default;
        for (int i = 0; i < Vector128<T>.Count / 2; i++)
        {
            Elements.At<T>(ref result, 2 * i) = Elements.At<T>(ref left, first + i);
            Elements.At<T>(ref result, 2 * i + 1) = Elements.At<T>(ref right, first + i);
        }

        return result;
    }
}
