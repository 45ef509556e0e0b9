using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>Conversions of packed elements, of the lowest element, and to and from general registers. SDM vol. 2, CVTDQ2PD to CVTTSS2SI.</summary>
internal static unsafe class VectorFloatConversions
{
    public static void Register(VectorFloatForms forms)
    {
        Packed<int, ulong, FromInteger<Binary64, int, ulong>>(forms, "cvtdq2pd");
        Packed<int, uint, FromInteger<Binary32, int, uint>>(forms, "cvtdq2ps");
        Packed<ulong, int, ToInteger<Binary64, ulong, int, ByMode>>(forms, "cvtpd2dq");
        Packed<ulong, int, ToInteger<Binary64, ulong, int, CutOff>>(forms, "cvttpd2dq");
        Packed<uint, int, ToInteger<Binary32, uint, int, ByMode>>(forms, "cvtps2dq");
        Packed<uint, int, ToInteger<Binary32, uint, int, CutOff>>(forms, "cvttps2dq");
        Packed<ulong, uint, ToPrecision<Binary64, ulong, Binary32, uint>>(forms, "cvtpd2ps");
        Packed<uint, ulong, ToPrecision<Binary32, uint, Binary64, ulong>>(forms, "cvtps2pd");

        Scalar<ulong, uint, ToPrecision<Binary64, ulong, Binary32, uint>>(forms, "cvtsd2ss");
        Scalar<uint, ulong, ToPrecision<Binary32, uint, Binary64, ulong>>(forms, "cvtss2sd");

        ToGeneral<Binary64, ulong, ByMode>(forms, "cvtsd2si");
        ToGeneral<Binary64, ulong, CutOff>(forms, "cvttsd2si");
        ToGeneral<Binary32, uint, ByMode>(forms, "cvtss2si");
        ToGeneral<Binary32, uint, CutOff>(forms, "cvttss2si");
        FromGeneral<Binary64, ulong>(forms, "cvtsi2sd");
        FromGeneral<Binary32, uint>(forms, "cvtsi2ss");
    }

    private static void Packed<TFrom, TTo, TRule>(VectorFloatForms forms, string name)
        where TFrom : unmanaged
        where TTo : unmanaged
        where TRule : struct, IFloatConversionRule<TFrom, TTo> =>
        forms.Add(name, &PackedHandler<TFrom, TTo, TRule, SseFloats>,
            &PackedHandler<TFrom, TTo, TRule, Vex128Floats>, &PackedHandler<TFrom, TTo, TRule, Vex256Floats>);

    private static void Scalar<TFrom, TTo, TRule>(VectorFloatForms forms, string name)
        where TFrom : unmanaged
        where TTo : unmanaged
        where TRule : struct, IFloatConversionRule<TFrom, TTo> =>
        forms.Add(name, &ScalarHandler<TFrom, TTo, TRule, SseFloats>, &ScalarHandler<TFrom, TTo, TRule, Vex128Floats>, null);

    private static void ToGeneral<TFormat, TFrom, TRounding>(VectorFloatForms forms, string name)
        where TFormat : struct, IFloatFormat<TFrom>
        where TFrom : unmanaged
        where TRounding : struct, IIntegerRounding =>
        forms.AddByGeneralRegister(name,
            &ToGeneralHandler<TFrom, int, ToInteger<TFormat, TFrom, int, TRounding>, SseFloats>,
            &ToGeneralHandler<TFrom, long, ToInteger<TFormat, TFrom, long, TRounding>, SseFloats>,
            &ToGeneralHandler<TFrom, int, ToInteger<TFormat, TFrom, int, TRounding>, Vex128Floats>,
            &ToGeneralHandler<TFrom, long, ToInteger<TFormat, TFrom, long, TRounding>, Vex128Floats>);

    private static void FromGeneral<TFormat, TTo>(VectorFloatForms forms, string name)
        where TFormat : struct, IFloatFormat<TTo>
        where TTo : unmanaged =>
        forms.AddByGeneralRegister(name,
            &FromGeneralHandler<int, TTo, FromInteger<TFormat, int, TTo>, SseFloats>,
            &FromGeneralHandler<long, TTo, FromInteger<TFormat, long, TTo>, SseFloats>,
            &FromGeneralHandler<int, TTo, FromInteger<TFormat, int, TTo>, Vex128Floats>,
            &FromGeneralHandler<long, TTo, FromInteger<TFormat, long, TTo>, Vex128Floats>);

    /// <summary>As many elements as the wider of both vectors holds; bits above the result become zero as far as the encoding writes.</summary>
    internal static Outcome PackedHandler<TFrom, TTo, TRule, TEncoding>(Processor cpu, Operation op)
        where TFrom : unmanaged
        where TTo : unmanaged
        where TRule : struct, IFloatConversionRule<TFrom, TTo>
        where TEncoding : struct, IFloatEncoding
    {
        int count = TEncoding.Bytes / Math.Max(Unsafe.SizeOf<TFrom>(), Unsafe.SizeOf<TTo>());
        if (!FloatOperands.IsReady<TEncoding>(cpu)
            || !FloatOperands.ReadPart<TEncoding>(cpu, op, op.Op1, count * Unsafe.SizeOf<TFrom>(), out Vector256<byte> source))
        {
            return Outcome.Fault;
        }

        FloatContext context = cpu.SimdContext;
        Vector256<byte> result = Convert<TFrom, TTo, TRule>(source, count, (int)op.Immediate, ref context);
        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        FloatOperands.Write<TEncoding>(cpu, op, result);
        return Outcome.Next;
    }

    /// <summary>Converts the lowest elements; the rest is zero.</summary>
    internal static Vector256<byte> Convert<TFrom, TTo, TRule>(Vector256<byte> source, int count, int control, ref FloatContext context)
        where TFrom : unmanaged
        where TTo : unmanaged
        where TRule : struct, IFloatConversionRule<TFrom, TTo>
    {
        Vector256<byte> result = default;
        for (int i = 0; i < count; i++)
            FloatOperands.Element<TTo>(ref result, i) = TRule.Apply(FloatOperands.Element<TFrom>(ref source, i), control, ref context);
        return result;
    }

    private static Outcome ScalarHandler<TFrom, TTo, TRule, TEncoding>(Processor cpu, Operation op)
        where TFrom : unmanaged
        where TTo : unmanaged
        where TRule : struct, IFloatConversionRule<TFrom, TTo>
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !FloatOperands.ReadScalar(cpu, op, FloatOperands.Second<TEncoding>(op), out TFrom source))
            return Outcome.Fault;
        FloatContext context = cpu.SimdContext;
        TTo result = TRule.Apply(source, 0, ref context);
        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        FloatOperands.WriteScalar<TEncoding, TTo>(cpu, op, result);
        return Outcome.Next;
    }

    private static Outcome ToGeneralHandler<TFrom, TTo, TRule, TEncoding>(Processor cpu, Operation op)
        where TFrom : unmanaged
        where TTo : unmanaged, System.Numerics.IBinaryInteger<TTo>
        where TRule : struct, IFloatConversionRule<TFrom, TTo>
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !FloatOperands.ReadScalar(cpu, op, op.Op1, out TFrom source))
            return Outcome.Fault;
        FloatContext context = cpu.SimdContext;
        TTo result = TRule.Apply(source, 0, ref context);
        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        cpu.SetRegister(op.Op0.Index, result);
        return Outcome.Next;
    }

    private static Outcome FromGeneralHandler<TFrom, TTo, TRule, TEncoding>(Processor cpu, Operation op)
        where TFrom : unmanaged, System.Numerics.IBinaryInteger<TFrom>
        where TTo : unmanaged
        where TRule : struct, IFloatConversionRule<TFrom, TTo>
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !cpu.Read(op, FloatOperands.Second<TEncoding>(op), out TFrom source))
            return Outcome.Fault;
        FloatContext context = cpu.SimdContext;
        TTo result = TRule.Apply(source, 0, ref context);
        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        FloatOperands.WriteScalar<TEncoding, TTo>(cpu, op, result);
        return Outcome.Next;
    }
}
