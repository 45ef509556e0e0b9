using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// F2XM1, FYL2X, FYL2XP1 and FPATAN. SDM vol. 2A, each under its name; vol. 1, 8.3.9 and 8.3.10.
/// </summary>
/// <remarks>
/// A processor promises an error below one unit in the last place; ours is below 0.5001 units (<see cref="ElementaryFunctions"/>), so that the two differ
/// by at most one unit. C1 may differ too, where it says which way a result was rounded. Precision control does not apply.
/// </remarks>
internal static unsafe class X87Transcendentals
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.F2xm1, &F2xm1);
        table.One(Code.Fyl2x, &TwoOperands<TimesLogarithm>);
        table.One(Code.Fyl2xp1, &TwoOperands<TimesLogarithmOfOnePlus>);
        table.One(Code.Fpatan, &TwoOperands<PartialArcTangent>);
    }

    /// <summary>The controls, without precision control.</summary>
    internal static FloatContext ContextOf(Processor cpu)
    {
        FloatContext context = cpu.S.X87.Context;
        context.ExtendedPrecision = Extended.FullPrecision;
        return context;
    }

    internal static ExtendedReal Round(in WideReal value, bool isExact, ref FloatContext context) => value.Round<Extended, ExtendedReal>(isExact, ref context);

    private static ExtendedReal Infinity(bool negative) => Extended.Pack(negative, Extended.MaxExponent + 1, FloatNumber.IntegerBit);

    internal static ExtendedReal SignedZero(bool negative) => Extended.Pack(negative, 0, 0);

    internal static ExtendedReal Invalid(ref FloatContext context) => NotANumber.Invalid<Extended, ExtendedReal>(ref context);

    private static Outcome F2xm1(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = ContextOf(cpu);
        ExtendedReal result = cpu.S.X87.IsEmpty(0)
            ? X87StackFault.Underflow(ref context)
            : PowerMinusOne(cpu.S.X87.Number(0), ref context);
        return cpu.EndX87(op, context, 0, result);
    }

    /// <summary>Beyond ±1 the result is undefined; it is the operand, as AMD's processors have it.</summary>
    private static ExtendedReal PowerMinusOne(in FloatNumber x, ref FloatContext context)
    {
        if (!x.IsNumber)
            return NotANumber.Propagate<Extended, ExtendedReal>(x, ref context);
        if (context.StopsAtDenormal(x.Denormal))
            return default;
        if (x.Class == FloatClass.Infinity && x.Negative)
            return Extended.Pack(negative: true, 0, FloatNumber.IntegerBit);
        if (x.Class != FloatClass.Finite)
            return FloatRounding.Round<Extended, ExtendedReal>(x, ref context);
        if (x.Exponent < 0)
            return Round(ElementaryFunctions.PowerOfTwoMinusOne(WideReal.From(x)), isExact: false, ref context);

        // Processors report even these results as inexact: that of -1 is, and that of 1 comes from just below it.
        context.Raised |= FloatExceptions.Precision;
        if (x.Exponent != 0 || x.Significand != FloatNumber.IntegerBit)
            return Extended.Pack(x.Negative, x.Exponent, x.Significand);
        return x.Negative
            ? Extended.Pack(negative: true, -1, FloatNumber.IntegerBit)
            : Round(new WideReal(false, -1, UInt128.MaxValue), isExact: false, ref context);
    }

    /// <summary>A function of ST(1) and ST(0) that replaces both.</summary>
    private interface ITwoOperandFunction
    {
        static abstract ExtendedReal Apply(in FloatNumber y, in FloatNumber x, ref FloatContext context);
    }

    private static Outcome TwoOperands<TFunction>(Processor cpu, Operation op) where TFunction : struct, ITwoOperandFunction
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = ContextOf(cpu);
        ExtendedReal result;
        if (cpu.S.X87.IsEmpty(0) || cpu.S.X87.IsEmpty(1))
        {
            result = X87StackFault.Underflow(ref context);
        }
        else
        {
            FloatNumber y = cpu.S.X87.Number(1), x = cpu.S.X87.Number(0);
            result = y.IsNumber && x.IsNumber ? TFunction.Apply(y, x, ref context) : NotANumber.Propagate<Extended, ExtendedReal>(y, x, ref context);
        }

        return cpu.EndX87(op, context, 1, result, pops: 1);
    }

    /// <summary>y · log2 x. SDM vol. 2A, FYL2X, table 3-48.</summary>
    private readonly struct TimesLogarithm : ITwoOperandFunction
    {
        public static ExtendedReal Apply(in FloatNumber y, in FloatNumber x, ref FloatContext context)
        {
            bool isOne = x.Class == FloatClass.Finite && x.Exponent == 0 && x.Significand == FloatNumber.IntegerBit;
            bool logarithmIsInfinite = x.Class is FloatClass.Zero or FloatClass.Infinity;
            if ((x.Negative && x.Class != FloatClass.Zero) || (y.Class == FloatClass.Infinity && isOne) || (y.Class == FloatClass.Zero && logarithmIsInfinite))
                return Invalid(ref context);
            bool below = x.Class == FloatClass.Zero || (x.Class == FloatClass.Finite && x.Exponent < 0);
            bool negative = y.Negative != below;
            if (x.Class == FloatClass.Zero && y.Class == FloatClass.Finite)
            {
                context.Raised |= FloatExceptions.DivideByZero;
                return Infinity(negative);
            }

            if (context.StopsAtDenormal(x.Denormal | y.Denormal))
                return default;
            if (x.Class != FloatClass.Finite || y.Class == FloatClass.Infinity)
                return Infinity(negative);
            if (y.Class == FloatClass.Zero || isOne)
                return SignedZero(negative);

            // Processors report every logarithm as inexact, those of powers of two as well.
            bool power = x.Significand == FloatNumber.IntegerBit;
            ExtendedReal result = Round(WideReal.From(y) * ElementaryFunctions.BinaryLogarithm(WideReal.From(x)), power, ref context);
            context.Raised |= FloatExceptions.Precision | (result.BiasedExponent == 0 ? FloatExceptions.Underflow : 0);
            return result;
        }
    }

    /// <summary>y · log2(x + 1). SDM vol. 2A, FYL2XP1, table 3-49. Below -1 the result is undefined: it is x, as AMD's processors have it.</summary>
    private readonly struct TimesLogarithmOfOnePlus : ITwoOperandFunction
    {
        public static ExtendedReal Apply(in FloatNumber y, in FloatNumber x, ref FloatContext context)
        {
            bool infiniteByZero = (x.Class == FloatClass.Infinity && y.Class == FloatClass.Zero)
                || (x.Class == FloatClass.Zero && y.Class == FloatClass.Infinity);
            if (infiniteByZero || (x.Class == FloatClass.Infinity && x.Negative))
                return Invalid(ref context);
            if (context.StopsAtDenormal(x.Denormal | y.Denormal))
                return default;
            bool negative = y.Negative != x.Negative;
            if (x.Class == FloatClass.Infinity || y.Class == FloatClass.Infinity)
                return Infinity(negative);
            if (x.Class == FloatClass.Zero || y.Class == FloatClass.Zero)
                return SignedZero(negative);
            if (x.Negative && x.Exponent >= 0)
            {
                context.Raised |= FloatExceptions.Precision;
                return Extended.Pack(x.Negative, x.Exponent, x.Significand);
            }

            return Round(WideReal.From(y) * ElementaryFunctions.BinaryLogarithmOfOnePlus(WideReal.From(x)), isExact: false, ref context);
        }
    }

    /// <summary>The angle of the point (x, y), from -π to π. SDM vol. 2A, FPATAN, table 3-30.</summary>
    private readonly struct PartialArcTangent : ITwoOperandFunction
    {
        public static ExtendedReal Apply(in FloatNumber y, in FloatNumber x, ref FloatContext context)
        {
            if (context.StopsAtDenormal(x.Denormal | y.Denormal))
                return default;
            if (!x.Negative && (y.Class == FloatClass.Zero || (x.Class == FloatClass.Infinity && y.Class == FloatClass.Finite)))
                return SignedZero(y.Negative);

            // Infinities count as equal to each other and beyond everything else.
            WideReal height = Coordinate(y, x).Abs(), width = Coordinate(x, y);
            WideReal angle = height.IsZero ? WideReal.Pi : ElementaryFunctions.Angle(height, width);
            return Round(angle with { Negative = y.Negative }, isExact: false, ref context);
        }

        private static WideReal Coordinate(in FloatNumber number, in FloatNumber other) =>
            number.Class == FloatClass.Infinity ? WideReal.One with { Negative = number.Negative }
            : other.Class == FloatClass.Infinity ? default(WideReal) with { Negative = number.Negative }
            : WideReal.From(number) with { Negative = number.Negative };
    }
}
