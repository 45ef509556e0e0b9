using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>FLD, FILD, FBLD and the constants. SDM vol. 2A, each under its name.</summary>
internal static unsafe class X87Loads
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Fld_m32fp, &FromMemory<SingleSource>);
        table.One(Code.Fld_m64fp, &FromMemory<DoubleSource>);
        table.One(Code.Fild_m16int, &FromMemory<Integer16Source>);
        table.One(Code.Fild_m32int, &FromMemory<Integer32Source>);
        table.One(Code.Fild_m64int, &FromMemory<Integer64Source>);
        table.One(Code.Fld_m80fp, &Fld80);
        table.One(Code.Fbld_m80bcd, &Fbld);
        table.One(Code.Fld_sti, &FldRegister);
        table.One(Code.Fld1, &Constant<One>);
        table.One(Code.Fldz, &Constant<Zero>);
        table.One(Code.Fldl2t, &Constant<BinaryLogarithmOfTen>);
        table.One(Code.Fldl2e, &Constant<BinaryLogarithmOfE>);
        table.One(Code.Fldpi, &Constant<Pi>);
        table.One(Code.Fldlg2, &Constant<DecimalLogarithmOfTwo>);
        table.One(Code.Fldln2, &Constant<NaturalLogarithmOfTwo>);
    }

    private static Outcome FromMemory<TSource>(Processor cpu, Operation op) where TSource : struct, IX87Source
    {
        if (!cpu.BeginX87() || !TSource.Read(cpu, op, out FloatNumber source))
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;

        // A load is exact whatever the precision control says.
        context.ExtendedPrecision = Extended.FullPrecision;

        // A denormal operand raises its exception and is loaded all the same: a number in the register is normal.
        FloatExceptions masked = context.Masked;
        context.Masked |= FloatExceptions.Denormal;
        ExtendedReal value = cpu.S.X87.IsEmpty(7) ? FloatConversion.Convert<Extended, ExtendedReal>(source, ref context) : X87StackFault.Overflow(ref context);
        if ((context.Raised & FloatExceptions.Invalid & ~masked) == 0)
            cpu.S.X87.Push(value);
        context.Masked = masked;
        return cpu.EndX87(op, context);
    }

    /// <summary>The one load that takes any bits and raises nothing of its own.</summary>
    private static Outcome Fld80(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87() || !cpu.ReadMemory(op, out TenBytes bytes))
            return Outcome.Fault;
        return Push(cpu, op, new ExtendedReal(bytes.Low, bytes.High));
    }

    /// <summary>18 decimal digits and a sign. What digits above 9 give is undefined: here they count as what they are.</summary>
    private static Outcome Fbld(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87() || !cpu.ReadMemory(op, out TenBytes bytes))
            return Outcome.Fault;
        ulong magnitude = 0;
        for (int digit = 17; digit >= 0; digit--)
            magnitude = magnitude * 10 + (digit >= 16 ? (ulong)(bytes.High >> ((digit - 16) * 4)) & 15 : (bytes.Low >> (digit * 4)) & 15);
        bool negative = (bytes.High & 0x8000) != 0;
        FloatNumber number = FloatNumber.FromInteger(negative, magnitude);
        return Push(cpu, op, Extended.Pack(negative, number.Exponent, number.Significand));
    }

    private static Outcome FldRegister(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        int source = op.Op0.Index;
        if (!fpu.IsEmpty(source))
            return Push(cpu, op, fpu.Get(source));
        FloatContext context = fpu.Context;
        return cpu.EndX87Push(op, context, X87StackFault.Underflow(ref context));
    }

    private static Outcome Push(Processor cpu, Operation op, ExtendedReal value)
    {
        FloatContext context = cpu.S.X87.Context;
        if (!cpu.S.X87.IsEmpty(7))
            value = X87StackFault.Overflow(ref context);
        return cpu.EndX87Push(op, context, value);
    }

    /// <summary>A constant. Each rounding mode has its own 64 bits of it: only 1 and 0 are exact, and yet none raises precision. SDM vol. 2A, FLD1.</summary>
    private interface IConstant
    {
        /// <summary>The first 64 bits.</summary>
        static abstract ulong Significand { get; }

        /// <summary>The biased exponent.</summary>
        static abstract ushort Exponent { get; }

        /// <summary>Whether rounding to nearest goes up; upwards always does, unless the number is exact.</summary>
        static abstract bool NearestIsUp { get; }
    }

    private static Outcome Constant<TConstant>(Processor cpu, Operation op) where TConstant : struct, IConstant
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        bool exact = (TConstant.Significand & ~FloatNumber.IntegerBit) == 0;
        bool up = !exact && cpu.S.X87.Context.Rounding switch
        {
            RoundingControl.Nearest => TConstant.NearestIsUp,
            RoundingControl.Up => true,
            _ => false,
        };
        return Push(cpu, op, new ExtendedReal(TConstant.Significand + (up ? 1UL : 0), TConstant.Exponent));
    }

    private readonly struct One : IConstant
    {
        public static ulong Significand => FloatNumber.IntegerBit;
        public static ushort Exponent => 0x3FFF;
        public static bool NearestIsUp => false;
    }

    private readonly struct Zero : IConstant
    {
        public static ulong Significand => 0;
        public static ushort Exponent => 0;
        public static bool NearestIsUp => false;
    }

    private readonly struct BinaryLogarithmOfTen : IConstant
    {
        public static ulong Significand => 0xD49A_784B_CD1B_8AFE;
        public static ushort Exponent => 0x4000;
        public static bool NearestIsUp => false;
    }

    private readonly struct BinaryLogarithmOfE : IConstant
    {
        public static ulong Significand => 0xB8AA_3B29_5C17_F0BB;
        public static ushort Exponent => 0x3FFF;
        public static bool NearestIsUp => true;
    }

    private readonly struct Pi : IConstant
    {
        public static ulong Significand => 0xC90F_DAA2_2168_C234;
        public static ushort Exponent => 0x4000;
        public static bool NearestIsUp => true;
    }

    private readonly struct DecimalLogarithmOfTwo : IConstant
    {
        public static ulong Significand => 0x9A20_9A84_FBCF_F798;
        public static ushort Exponent => 0x3FFD;
        public static bool NearestIsUp => true;
    }

    private readonly struct NaturalLogarithmOfTwo : IConstant
    {
        public static ulong Significand => 0xB172_17F7_D1CF_79AB;
        public static ushort Exponent => 0x3FFE;
        public static bool NearestIsUp => true;
    }
}
