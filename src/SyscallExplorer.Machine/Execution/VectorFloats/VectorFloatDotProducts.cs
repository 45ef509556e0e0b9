using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>
/// DPPS and DPPD: in each 128-bit half, products that bits 7:4 of the immediate select, summed in pairs; bits 3:0 select where the sum goes. What is not selected
/// is +0. Products, sums of two and sums of four are stages: an unmasked exception of one ends the instruction before the next. SDM vol. 2, DPPS and DPPD.
/// </summary>
internal static unsafe class VectorFloatDotProducts
{
    private const int MostElements = 8;

    public static void Register(VectorFloatForms forms)
    {
        forms.Add("dpps", &DotProduct<Binary32, uint, SseFloats>, &DotProduct<Binary32, uint, Vex128Floats>, &DotProduct<Binary32, uint, Vex256Floats>);
        forms.Add("dppd", &DotProduct<Binary64, ulong, SseFloats>, &DotProduct<Binary64, ulong, Vex128Floats>, null);
    }

    private static Outcome DotProduct<TFormat, TBits, TEncoding>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !FloatOperands.Read<TEncoding>(cpu, op, FloatOperands.Second<TEncoding>(op), out Vector256<byte> right))
            return Outcome.Fault;
        Vector256<byte> left = FloatOperands.First<TEncoding>(cpu, op);
        int control = (int)op.Immediate;
        int half = Vector128<byte>.Count / Unsafe.SizeOf<TBits>();
        int count = TEncoding.Bytes / Unsafe.SizeOf<TBits>();
        FloatContext context = cpu.SimdContext;
        Span<TBits> terms = stackalloc TBits[MostElements];
        for (int i = 0; i < count; i++)
        {
            terms[i] = ((control >> (4 + i % half)) & 1) != 0
                ? FloatArithmetic.Multiply<TFormat, TBits>(FloatOperands.Element<TBits>(ref left, i), FloatOperands.Element<TBits>(ref right, i), ref context)
                : default;
        }

        for (int distance = 1; distance < half; distance *= 2)
        {
            if (!cpu.ReportSimd(context))
                return Outcome.Fault;
            for (int i = 0; i < count; i += 2 * distance)
                terms[i] = FloatArithmetic.Add<TFormat, TBits>(terms[i], terms[i + distance], ref context);
        }

        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        Vector256<byte> result = default;
        for (int i = 0; i < count; i++)
            FloatOperands.Element<TBits>(ref result, i) = ((control >> (i % half)) & 1) != 0 ? terms[i - i % half] : default;
        FloatOperands.Write<TEncoding>(cpu, op, result);
        return Outcome.Next;
    }
}
