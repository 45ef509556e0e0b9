using System.Numerics;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Narrowing with saturation, interleaving, and widening. SDM vol. 2B, PACK*, PMOVSX, PMOVZX, PUNPCK*; vol. 2B, UNPCK*.</summary>
internal static unsafe class Packing
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Binary<Pack<short, sbyte>, Joined<Pack<short, sbyte>>>(Mnemonic.Packsswb);
        table.Binary<Pack<short, byte>, Joined<Pack<short, byte>>>(Mnemonic.Packuswb);
        table.Binary<Pack<int, short>, Joined<Pack<int, short>>>(Mnemonic.Packssdw);
        table.Binary<Pack<int, ushort>>(Mnemonic.Packusdw);

        table.Binary<InterleaveLow<byte>>(Mnemonic.Punpcklbw);
        table.Binary<InterleaveLow<ushort>>(Mnemonic.Punpcklwd);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckldq, Mnemonic.Unpcklps])
            table.Binary<InterleaveLow<uint>>(mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpcklqdq, Mnemonic.Unpcklpd])
            table.Binary<InterleaveLow<ulong>>(mnemonic);
        table.Binary<InterleaveHigh<byte>, InterleaveHighMmx<byte>>(Mnemonic.Punpckhbw);
        table.Binary<InterleaveHigh<ushort>, InterleaveHighMmx<ushort>>(Mnemonic.Punpckhwd);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckhdq, Mnemonic.Unpckhps])
            table.Binary<InterleaveHigh<uint>, InterleaveHighMmx<uint>>(mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckhqdq, Mnemonic.Unpckhpd])
            table.Binary<InterleaveHigh<ulong>>(mnemonic);

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

    private readonly struct Pack<TFrom, TTo> : ILaneRule
        where TFrom : unmanaged, IBinaryInteger<TFrom>
        where TTo : unmanaged, IBinaryInteger<TTo>
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
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
    private readonly struct InterleaveLow<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Interleave<T>(left, right, 0);
    }

    private readonly struct InterleaveHigh<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Interleave<T>(left, right, Vector128<T>.Count / 2);
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
