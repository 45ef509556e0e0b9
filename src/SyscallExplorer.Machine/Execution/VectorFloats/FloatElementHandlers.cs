using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>
/// The handlers of element rules: all elements are computed, then their exceptions are reported, and only without an unmasked one is the result written.
/// </summary>
internal static class FloatElementHandlers
{
    /// <summary>Packed, two sources.</summary>
    public static Outcome Packed<TFormat, TBits, TRule, TEncoding>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged, IBinaryInteger<TBits>
        where TRule : struct, IFloatElementRule
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !FloatOperands.Read<TEncoding>(cpu, op, FloatOperands.Second<TEncoding>(op), out Vector256<byte> right))
            return Outcome.Fault;
        return Store<TFormat, TBits, TRule, TEncoding>(cpu, op, FloatOperands.First<TEncoding>(cpu, op), right);
    }

    /// <summary>Packed, one source.</summary>
    public static Outcome PackedOfOne<TFormat, TBits, TRule, TEncoding>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged, IBinaryInteger<TBits>
        where TRule : struct, IFloatElementRule
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !FloatOperands.Read<TEncoding>(cpu, op, op.Op1, out Vector256<byte> source))
            return Outcome.Fault;
        return Store<TFormat, TBits, TRule, TEncoding>(cpu, op, source, source);
    }

    /// <summary>Scalar, of one or two sources: the first one gives the upper bits in any case.</summary>
    public static Outcome Scalar<TFormat, TBits, TRule, TEncoding>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged, IBinaryInteger<TBits>
        where TRule : struct, IFloatElementRule
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !FloatOperands.ReadScalar(cpu, op, FloatOperands.Second<TEncoding>(op), out TBits right))
            return Outcome.Fault;
        TBits left = FloatOperands.Element<TBits>(ref FloatOperands.First<TEncoding>(cpu, op), 0);
        if (!TryHost<TBits, TRule>(Vector128.CreateScalar(left).AsByte(), Vector128.CreateScalar(right).AsByte(), elements: 1, cpu.S.Mxcsr, out Vector128<byte> host))
        {
            FloatContext context = cpu.SimdContext;
            TBits result = TRule.Apply<TFormat, TBits>(left, right, TRule.Control<TEncoding>(cpu, op), ref context);
            if (!cpu.ReportSimd(context))
                return Outcome.Fault;
            FloatOperands.WriteScalar<TEncoding, TBits>(cpu, op, result);
            return Outcome.Next;
        }

        FloatOperands.WriteScalar<TEncoding, TBits>(cpu, op, Unsafe.As<Vector128<byte>, TBits>(ref host));
        return Outcome.Next;
    }

    private static Outcome Store<TFormat, TBits, TRule, TEncoding>(Processor cpu, Operation op, Vector256<byte> left, Vector256<byte> right)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged, IBinaryInteger<TBits>
        where TRule : struct, IFloatElementRule
        where TEncoding : struct, IFloatEncoding
    {
        uint elements = Unsafe.SizeOf<TBits>() == sizeof(uint) ? 0b1111u : 0b11;
        if (TryHost<TBits, TRule>(left.GetLower(), right.GetLower(), elements, cpu.S.Mxcsr, out Vector128<byte> low))
        {
            if (TEncoding.Bytes == 16)
            {
                FloatOperands.Write<TEncoding>(cpu, op, low.ToVector256());
                return Outcome.Next;
            }

            if (TryHost<TBits, TRule>(left.GetUpper(), right.GetUpper(), elements, cpu.S.Mxcsr, out Vector128<byte> high))
            {
                FloatOperands.Write<TEncoding>(cpu, op, Vector256.Create(low, high));
                return Outcome.Next;
            }
        }

        FloatContext context = cpu.SimdContext;
        int control = TRule.Control<TEncoding>(cpu, op);
        Vector256<byte> result = default;
        for (int i = 0; i < TEncoding.Bytes / Unsafe.SizeOf<TBits>(); i++)
        {
            FloatOperands.Element<TBits>(ref result, i) = TRule.Apply<TFormat, TBits>(
                FloatOperands.Element<TBits>(ref left, i), FloatOperands.Element<TBits>(ref right, i), control, ref context);
        }

        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        FloatOperands.Write<TEncoding>(cpu, op, result);
        return Outcome.Next;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryHost<TBits, TRule>(Vector128<byte> left, Vector128<byte> right, uint elements, uint mxcsr, out Vector128<byte> result)
        where TBits : unmanaged
        where TRule : struct, IFloatElementRule
    {
        if (Unsafe.SizeOf<TBits>() == sizeof(uint))
        {
            bool done = TRule.TryHost(left.AsSingle(), right.AsSingle(), elements, mxcsr, out Vector128<float> singles);
            result = singles.AsByte();
            return done;
        }

        bool held = TRule.TryHost(left.AsDouble(), right.AsDouble(), elements, mxcsr, out Vector128<double> doubles);
        result = doubles.AsByte();
        return held;
    }
}
