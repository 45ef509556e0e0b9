using Iced.Intel;
using static SyscallExplorer.Machine.X87Transcendentals;

namespace SyscallExplorer.Machine;

/// <summary>FSIN, FCOS, FSINCOS and FPTAN. SDM vol. 2A, each under its name; vol. 1, 8.3.5 to 8.3.8.</summary>
/// <remarks>
/// Angles are reduced by the 66-bit π that processors have, so that results for large angles are theirs, too. For the error see
/// <see cref="X87Transcendentals"/>.
/// </remarks>
internal static unsafe class X87Angles
{
    /// <summary>From 2^63 on an angle is not reduced: C2 asks the program to do it.</summary>
    private const int Limit = 63;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Fsin, &Circular<SineFunction>);
        table.One(Code.Fcos, &Circular<CosineFunction>);
        table.One(Code.Fptan, &CircularPair<TangentFunction>);
        table.One(Code.Fsincos, &CircularPair<SineCosineFunction>);
    }

    /// <summary>A function of an angle.</summary>
    private interface ICircularFunction
    {
        /// <summary>The result for an angle that is a finite number below 2^63 and not zero; of a pair the one that stays in ST(1).</summary>
        static abstract ExtendedReal Apply(in FloatNumber angle, ref FloatContext context, out ExtendedReal pushed);

        /// <summary>The result for zero.</summary>
        static abstract ExtendedReal OfZero(bool negative);
    }

    private readonly struct SineFunction : ICircularFunction
    {
        public static ExtendedReal OfZero(bool negative) => SignedZero(negative);

        public static ExtendedReal Apply(in FloatNumber angle, ref FloatContext context, out ExtendedReal pushed)
        {
            pushed = default;
            return Round(Quadrants(angle).Sine, isExact: false, ref context);
        }
    }

    private readonly struct CosineFunction : ICircularFunction
    {
        public static ExtendedReal OfZero(bool negative) => ExtendedReal.One;

        public static ExtendedReal Apply(in FloatNumber angle, ref FloatContext context, out ExtendedReal pushed)
        {
            pushed = default;
            return Round(Quadrants(angle).Cosine, isExact: false, ref context);
        }
    }

    private readonly struct TangentFunction : ICircularFunction
    {
        public static ExtendedReal OfZero(bool negative) => SignedZero(negative);

        public static ExtendedReal Apply(in FloatNumber angle, ref FloatContext context, out ExtendedReal pushed)
        {
            (WideReal sine, WideReal cosine) = Quadrants(angle);
            pushed = ExtendedReal.One;
            return Round(sine / cosine, isExact: false, ref context);
        }
    }

    private readonly struct SineCosineFunction : ICircularFunction
    {
        public static ExtendedReal OfZero(bool negative) => SignedZero(negative);

        public static ExtendedReal Apply(in FloatNumber angle, ref FloatContext context, out ExtendedReal pushed)
        {
            (WideReal sine, WideReal cosine) = Quadrants(angle);
            pushed = Round(cosine, isExact: false, ref context);
            return Round(sine, isExact: false, ref context);
        }
    }

    private static (WideReal Sine, WideReal Cosine) Quadrants(in FloatNumber angle)
    {
        (int quadrant, WideReal rest) = ElementaryFunctions.Reduce(angle);
        WideReal sine = ElementaryFunctions.Sine(rest), cosine = ElementaryFunctions.Cosine(rest);
        return quadrant switch
        {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        };
    }

    private static Outcome Circular<TFunction>(Processor cpu, Operation op) where TFunction : struct, ICircularFunction
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = ContextOf(cpu);
        ExtendedReal result = default;
        bool reduced = true;
        if (cpu.S.X87.IsEmpty(0))
            result = X87StackFault.Underflow(ref context);
        else
            reduced = Evaluate<TFunction>(cpu.S.X87.Number(0), ref context, out result, out _);
        cpu.S.X87.SetConditions(X87Status.C2, reduced ? (ushort)0 : X87Status.C2);
        return reduced ? cpu.EndX87(op, context, 0, result) : cpu.EndX87(op, context);
    }

    /// <summary>FPTAN and FSINCOS push a second result.</summary>
    private static Outcome CircularPair<TFunction>(Processor cpu, Operation op) where TFunction : struct, ICircularFunction
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        FloatContext context = ContextOf(cpu);
        ExtendedReal result, pushed;
        bool reduced = true;
        if (fpu.IsEmpty(0))
            result = pushed = X87StackFault.Underflow(ref context);
        else if (!fpu.IsEmpty(7))
            result = pushed = X87StackFault.Overflow(ref context);
        else
            reduced = Evaluate<TFunction>(fpu.Number(0), ref context, out result, out pushed);
        fpu.SetConditions(X87Status.C2, reduced ? (ushort)0 : X87Status.C2);
        if (reduced && (context.Unmasked & FloatExceptions.BeforeComputation) == 0)
        {
            fpu.Set(0, result);
            fpu.Push(pushed);
        }

        return cpu.EndX87(op, context);
    }

    /// <returns>False when the angle is out of range.</returns>
    private static bool Evaluate<TFunction>(in FloatNumber angle, ref FloatContext context, out ExtendedReal result, out ExtendedReal pushed)
        where TFunction : struct, ICircularFunction
    {
        if (!angle.IsNumber)
            result = pushed = NotANumber.Propagate<Extended, ExtendedReal>(angle, ref context);
        else if (angle.Class == FloatClass.Infinity)
            result = pushed = Invalid(ref context);
        else if (angle.Class == FloatClass.Zero)
            (result, pushed) = (TFunction.OfZero(angle.Negative), ExtendedReal.One);
        else if (context.StopsAtDenormal(angle.Denormal))
            result = pushed = default;
        else if (angle.Exponent >= Limit)
            result = pushed = default;
        else
            result = TFunction.Apply(angle, ref context, out pushed);
        return angle.Class != FloatClass.Finite || angle.Exponent < Limit;
    }
}
