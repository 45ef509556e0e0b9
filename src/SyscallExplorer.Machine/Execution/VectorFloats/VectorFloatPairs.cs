using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>What an instruction does with each 128-bit half, when its elements depend on their places or on their neighbours.</summary>
internal interface IHalfRule
{
    static abstract void Apply<TFormat, TBits>(ReadOnlySpan<TBits> left, ReadOnlySpan<TBits> right, Span<TBits> result, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged;
}

/// <summary>ADDSUBPS, HADDPS, HSUBPS and their kin. SDM vol. 2, each under its name.</summary>
internal static unsafe class VectorFloatPairs
{
    public static void Register(VectorFloatForms forms)
    {
        Register<Binary32, uint>(forms, "ps");
        Register<Binary64, ulong>(forms, "pd");
    }

    private static void Register<TFormat, TBits>(VectorFloatForms forms, string suffix)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        Register<TFormat, TBits, AddSubRule>(forms, "addsub" + suffix);
        Register<TFormat, TBits, HaddRule>(forms, "hadd" + suffix);
        Register<TFormat, TBits, HsubRule>(forms, "hsub" + suffix);
    }

    private static void Register<TFormat, TBits, TRule>(VectorFloatForms forms, string name)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
        where TRule : struct, IHalfRule =>
        forms.Add(name, &Halves<TFormat, TBits, TRule, SseFloats>, &Halves<TFormat, TBits, TRule, Vex128Floats>, &Halves<TFormat, TBits, TRule, Vex256Floats>);

    private static Outcome Halves<TFormat, TBits, TRule, TEncoding>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
        where TRule : struct, IHalfRule
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !FloatOperands.Read<TEncoding>(cpu, op, FloatOperands.Second<TEncoding>(op), out Vector256<byte> right))
            return Outcome.Fault;
        FloatContext context = cpu.SimdContext;
        Vector256<byte> left = FloatOperands.First<TEncoding>(cpu, op);
        Vector256<byte> result = default;
        int perHalf = Vector128<byte>.Count / Unsafe.SizeOf<TBits>();
        for (int start = 0; start < TEncoding.Bytes / Unsafe.SizeOf<TBits>(); start += perHalf)
        {
            TRule.Apply<TFormat, TBits>(Half<TBits>(ref left, start, perHalf), Half<TBits>(ref right, start, perHalf),
                Half<TBits>(ref result, start, perHalf), ref context);
        }

        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        FloatOperands.Write<TEncoding>(cpu, op, result);
        return Outcome.Next;
    }

    private static Span<TBits> Half<TBits>(ref Vector256<byte> vector, int start, int count) where TBits : unmanaged =>
        MemoryMarshal.CreateSpan(ref FloatOperands.Element<TBits>(ref vector, start), count);

    private readonly struct AddSubRule : IHalfRule
    {
        public static void Apply<TFormat, TBits>(ReadOnlySpan<TBits> left, ReadOnlySpan<TBits> right, Span<TBits> result, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged
        {
            for (int i = 0; i < result.Length; i += 2)
            {
                result[i] = FloatArithmetic.Subtract<TFormat, TBits>(left[i], right[i], ref context);
                result[i + 1] = FloatArithmetic.Add<TFormat, TBits>(left[i + 1], right[i + 1], ref context);
            }
        }
    }

    private readonly struct HaddRule : IHalfRule
    {
        public static void Apply<TFormat, TBits>(ReadOnlySpan<TBits> left, ReadOnlySpan<TBits> right, Span<TBits> result, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged
        {
            int pairs = result.Length / 2;
            for (int i = 0; i < pairs; i++)
            {
                result[i] = FloatArithmetic.Add<TFormat, TBits>(left[2 * i], left[2 * i + 1], ref context);
                result[pairs + i] = FloatArithmetic.Add<TFormat, TBits>(right[2 * i], right[2 * i + 1], ref context);
            }
        }
    }

    private readonly struct HsubRule : IHalfRule
    {
        public static void Apply<TFormat, TBits>(ReadOnlySpan<TBits> left, ReadOnlySpan<TBits> right, Span<TBits> result, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged
        {
            int pairs = result.Length / 2;
            for (int i = 0; i < pairs; i++)
            {
                result[i] = FloatArithmetic.Subtract<TFormat, TBits>(left[2 * i], left[2 * i + 1], ref context);
                result[pairs + i] = FloatArithmetic.Subtract<TFormat, TBits>(right[2 * i], right[2 * i + 1], ref context);
            }
        }
    }
}
