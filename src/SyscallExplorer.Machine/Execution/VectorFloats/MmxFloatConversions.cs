using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>
/// Conversions between XMM and MMX registers. They are MMX instructions too: a pending x87 exception comes first, and they set TOP and the tags, even when an
/// exception of SSE ends them, as a Zen 5 shows. CVTPI2PD from memory is none, nor is on AMD processors CVTPI2PS from memory.
/// SDM vol. 2, CVTPI2PS to CVTTPS2PI, and vol. 3B, table 23-5.
/// </summary>
internal static unsafe class MmxFloatConversions
{
    private const int Count = 2;

    public static void Register(VectorFloatForms forms)
    {
        forms.AddLegacy("cvtpi2ps", &FromMmx<uint, FromInteger<Binary32, int, uint>>);
        forms.AddLegacy("cvtpi2pd", &FromMmx<ulong, FromInteger<Binary64, int, ulong>>);
        forms.AddLegacy("cvtps2pi", &ToMmx<uint, ToInteger<Binary32, uint, int, ByMode>>);
        forms.AddLegacy("cvttps2pi", &ToMmx<uint, ToInteger<Binary32, uint, int, CutOff>>);
        forms.AddLegacy("cvtpd2pi", &ToMmx<ulong, ToInteger<Binary64, ulong, int, ByMode>>);
        forms.AddLegacy("cvttpd2pi", &ToMmx<ulong, ToInteger<Binary64, ulong, int, CutOff>>);
    }

    /// <summary>Two integers to the low elements; single-precision ones leave the upper half as it is.</summary>
    private static Outcome FromMmx<TTo, TRule>(Processor cpu, Operation op)
        where TTo : unmanaged
        where TRule : struct, IFloatConversionRule<int, TTo>
    {
        bool usesMmx = op.Op1.Kind == OperandKind.Mmx || (typeof(TTo) == typeof(uint) && cpu.Model.Vendor == CpuVendor.Intel);
        if (!IsReady(cpu, usesMmx) || !cpu.ReadMm(op, op.Op1, out ulong source))
            return Outcome.Fault;
        FloatContext context = cpu.SimdContext;
        Vector256<byte> result = VectorFloatConversions.Convert<int, TTo, TRule>(Vector256.CreateScalar(source).AsByte(), Count, 0, ref context);
        if (usesMmx)
            cpu.EnterMmx();
        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        if (typeof(TTo) == typeof(uint))
            FloatOperands.Element<ulong>(ref cpu.S.Vectors[op.Op0.Index], 0) = FloatOperands.Element<ulong>(ref result, 0);
        else
            cpu.SetXmm(op.Op0.Index, result.GetLower());
        return Outcome.Next;
    }

    private static Outcome ToMmx<TFrom, TRule>(Processor cpu, Operation op)
        where TFrom : unmanaged
        where TRule : struct, IFloatConversionRule<TFrom, int>
    {
        int bytes = typeof(TFrom) == typeof(uint) ? sizeof(ulong) : Vector128<byte>.Count;
        if (!IsReady(cpu, usesMmx: true) || !FloatOperands.ReadPart<SseFloats>(cpu, op, op.Op1, bytes, out Vector256<byte> source))
            return Outcome.Fault;
        FloatContext context = cpu.SimdContext;
        Vector256<byte> result = VectorFloatConversions.Convert<TFrom, int, TRule>(source, Count, 0, ref context);
        cpu.EnterMmx();
        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        cpu.SetMm(op.Op0.Index, FloatOperands.Element<ulong>(ref result, 0));
        return Outcome.Next;
    }

    private static bool IsReady(Processor cpu, bool usesMmx)
    {
        if (!FloatOperands.IsReady<SseFloats>(cpu))
            return false;
        if (!usesMmx || !cpu.IsX87ExceptionPending)
            return true;
        cpu.Raise(Vector.FloatingPoint);
        return false;
    }
}
