using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>CMPPS, MINPS, MAXPS and their kin, COMISS and UCOMISS. SDM vol. 2, each under its name.</summary>
internal static unsafe class VectorFloatComparisons
{
    private const ulong ComparisonFlags = Rflags.OF | Rflags.SF | Rflags.ZF | Rflags.AF | Rflags.PF | Rflags.CF;

    /// <summary>
    /// Of the first 16 predicates, the orders that satisfy it: bit 0 less, 1 equal, 2 greater, 3 unordered. The next 16 are the same. SDM vol. 2, table 3-1.
    /// </summary>
    private static ReadOnlySpan<byte> Satisfying =>
    [
        0b0010, 0b0001, 0b0011, 0b1000, 0b1101, 0b1110, 0b1100, 0b0111,
        0b1010, 0b1001, 0b1011, 0b0000, 0b0101, 0b0110, 0b0100, 0b1111,
    ];

    /// <summary>The predicates for which a quiet NaN is invalid: the orderings of the first 16, the others of the next 16.</summary>
    private const uint Signaling = 0b1001_1001_1001_1001_0110_0110_0110_0110;

    public static void Register(VectorFloatForms forms)
    {
        forms.Elementwise<MinRule>("min", ElementSources.Two);
        forms.Elementwise<MaxRule>("max", ElementSources.Two);
        forms.Elementwise<CmpRule>("cmp", ElementSources.Two);
        Register<Binary32, uint>(forms, "ss");
        Register<Binary64, ulong>(forms, "sd");
    }

    private static void Register<TFormat, TBits>(VectorFloatForms forms, string suffix)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        forms.Add("comi" + suffix, &Comi<TFormat, TBits, SseFloats>, &Comi<TFormat, TBits, Vex128Floats>, null);
        forms.Add("ucomi" + suffix, &Ucomi<TFormat, TBits, SseFloats>, &Ucomi<TFormat, TBits, Vex128Floats>, null);
    }

    private static Outcome Comi<TFormat, TBits, TEncoding>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
        where TEncoding : struct, IFloatEncoding => SetFlags<TFormat, TBits, TEncoding>(cpu, op, signaling: true);

    private static Outcome Ucomi<TFormat, TBits, TEncoding>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
        where TEncoding : struct, IFloatEncoding => SetFlags<TFormat, TBits, TEncoding>(cpu, op, signaling: false);

    private static Outcome SetFlags<TFormat, TBits, TEncoding>(Processor cpu, Operation op, bool signaling)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !FloatOperands.ReadScalar(cpu, op, op.Op1, out TBits right))
            return Outcome.Fault;
        TBits left = FloatOperands.Element<TBits>(ref cpu.S.Vectors[op.Op0.Index], 0);
        FloatContext context = cpu.SimdContext;
        FloatOrder order = HostOrder.Compare<TFormat, TBits>(left, right, signaling, ref context);
        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        cpu.S.Rflags = (cpu.S.Rflags & ~ComparisonFlags) | order switch
        {
            FloatOrder.Less => Rflags.CF,
            FloatOrder.Equal => Rflags.ZF,
            FloatOrder.Greater => 0,
            _ => Rflags.ZF | Rflags.PF | Rflags.CF,
        };
        return Outcome.Next;
    }

    /// <summary>All ones or zeros. Legacy forms decode three bits of the predicate, VEX forms five.</summary>
    private readonly struct CmpRule : IFloatElementRule
    {
        public static int Control<TEncoding>(Processor cpu, Operation op) where TEncoding : struct, IFloatEncoding => (int)op.Immediate & (TEncoding.IsVex ? 31 : 7);

        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits>
        {
            bool signaling = ((Signaling >> control) & 1) != 0;
            FloatOrder order = HostOrder.Compare<TFormat, TBits>(left, right, signaling, ref context);
            return ((Satisfying[control & 15] >> (int)order) & 1) != 0 ? ~TBits.Zero : TBits.Zero;
        }
    }

    private readonly struct MinRule : IFloatElementRule
    {
        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits> => FloatComparison.Minimum<TFormat, TBits>(left, right, ref context);
    }

    private readonly struct MaxRule : IFloatElementRule
    {
        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits> => FloatComparison.Maximum<TFormat, TBits>(left, right, ref context);
    }
}
