using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>VCVTPH2PS and VCVTPS2PH. SDM vol. 2, each under its name, and vol. 1, 14.4.1.</summary>
internal static unsafe class HalfPrecisionConversions
{
    /// <summary>Bit 2 of the immediate: the mode is that of MXCSR and not the one in bits 1:0.</summary>
    private const int ModeOfMxcsr = 4;

    public static void Register(VectorFloatForms forms)
    {
        forms.Add("cvtph2ps", null, &VectorFloatConversions.PackedHandler<ushort, uint, HalfToSingle, Vex128Floats>,
            &VectorFloatConversions.PackedHandler<ushort, uint, HalfToSingle, Vex256Floats>);
        forms.Add("cvtps2ph", null, &ToHalf<Vex128Floats>, &ToHalf<Vex256Floats>);
    }

    /// <summary>To a register, of which the rest becomes zero, or to memory.</summary>
    private static Outcome ToHalf<TEncoding>(Processor cpu, Operation op) where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu))
            return Outcome.Fault;
        int count = TEncoding.Bytes / sizeof(uint);
        FloatContext context = cpu.SimdContext;
        Vector256<byte> result = VectorFloatConversions.Convert<uint, ushort, SingleToHalf>(cpu.S.Vectors[op.Op1.Index], count, (int)op.Immediate, ref context);
        if (op.Op0.Kind == OperandKind.Vector)
        {
            if (!cpu.ReportSimd(context))
                return Outcome.Fault;
            cpu.S.Vectors[op.Op0.Index] = result;
            return Outcome.Next;
        }

        // Whether memory can be written shows before the exceptions of the numbers do; a misaligned address under AC shows with the write, and undoes them.
        uint before = cpu.S.Mxcsr;
        ulong offset = cpu.EffectiveAddress(op);
        int size = count * sizeof(ushort);
        if (!cpu.CanWriteSegment(op.Segment, offset, size)
            || !cpu.SegmentedAddress(op.Segment, offset, size, write: true, out ulong linear)
            || !cpu.ReportSimd(context))
        {
            return Outcome.Fault;
        }

        bool written = TEncoding.Bytes == 16
            ? cpu.WriteLinear(linear, FloatOperands.Element<ulong>(ref result, 0))
            : cpu.WriteLinear(linear, FloatOperands.Element<Vector128<byte>>(ref result, 0));
        if (written)
            return Outcome.Next;
        cpu.S.Mxcsr = before;
        return Outcome.Fault;
    }

    /// <summary>Every number of half precision is zero or a normal number of single precision: the host's conversion is exact, and nothing is met.</summary>
    private readonly struct HalfToSingle : IFloatConversionRule<ushort, uint>
    {
        private const ushort Exponent = 0x7C00;

        public static uint Apply(ushort value, int control, ref FloatContext context) => (value & Exponent) != Exponent
            ? BitConverter.SingleToUInt32Bits((float)BitConverter.UInt16BitsToHalf(value))
            : FloatConversion.HalfToSingle(value, ref context);
    }

    private readonly struct SingleToHalf : IFloatConversionRule<uint, ushort>
    {
        public static ushort Apply(uint value, int control, ref FloatContext context)
        {
            RoundingControl mode = (control & ModeOfMxcsr) != 0 ? context.Rounding : (RoundingControl)(control & 3);
            return FloatConversion.SingleToHalf(value, mode, ref context);
        }
    }
}
