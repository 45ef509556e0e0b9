using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>FSQRT, FRNDINT, FSCALE, FXTRACT, FPREM, FPREM1: functions whose results are exact or rounded once. SDM vol. 2A, each under its name.</summary>
internal static unsafe class X87Functions
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Fsqrt, &Unary<SquareRoot>);
        table.One(Code.Frndint, &Unary<RoundToInteger>);
        table.One(Code.Fscale, &Fscale);
        table.One(Code.Fxtract, &Fxtract);
        table.One(Code.Fprem, &Fprem);
        table.One(Code.Fprem1, &Fprem1);
    }

    private interface IFunction
    {
        static abstract ExtendedReal Apply(in FloatNumber operand, ref FloatContext context);
    }

    private static Outcome Unary<TFunction>(Processor cpu, Operation op) where TFunction : struct, IFunction
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        ExtendedReal result = cpu.S.X87.IsEmpty(0) ? X87StackFault.Underflow(ref context) : TFunction.Apply(cpu.S.X87.Number(0), ref context);
        return cpu.EndX87(op, context, 0, result);
    }

    private readonly struct SquareRoot : IFunction
    {
        public static ExtendedReal Apply(in FloatNumber operand, ref FloatContext context) =>
            FloatArithmetic.SquareRoot<Extended, ExtendedReal>(operand, ref context);
    }

    private readonly struct RoundToInteger : IFunction
    {
        public static ExtendedReal Apply(in FloatNumber operand, ref FloatContext context)
        {
            if (context.StopsAtDenormal(operand.Denormal))
                return default;
            return FloatConversion.RoundToIntegral<Extended, ExtendedReal>(operand, context.Rounding, reportInexact: true, ref context);
        }
    }

    private static Outcome Fscale(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        context.ExtendedPrecision = Extended.FullPrecision;
        ExtendedReal result = cpu.S.X87.IsEmpty(0) || cpu.S.X87.IsEmpty(1)
            ? X87StackFault.Underflow(ref context)
            : FloatScaling.Scale<Extended, ExtendedReal>(cpu.S.X87.Number(0), cpu.S.X87.Number(1), ref context);
        return cpu.EndX87(op, context, 0, result);
    }

    /// <summary>ST(0) becomes its exponent, and its significand is pushed.</summary>
    private static Outcome Fxtract(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        FloatContext context = fpu.Context;
        ExtendedReal exponent, significand;
        if (fpu.IsEmpty(0))
            exponent = significand = X87StackFault.Underflow(ref context);
        else if (!fpu.IsEmpty(7))
            exponent = significand = X87StackFault.Overflow(ref context);
        else
            (exponent, significand) = FloatScaling.Extract<Extended, ExtendedReal>(fpu.Number(0), ref context);
        if ((context.Unmasked & FloatExceptions.BeforeComputation) == 0)
        {
            fpu.Set(0, exponent);
            fpu.Push(significand);
        }

        return cpu.EndX87(op, context);
    }

    private static Outcome Fprem(Processor cpu, Operation op) => Remainder(cpu, op, RoundingControl.Zero);

    private static Outcome Fprem1(Processor cpu, Operation op) => Remainder(cpu, op, RoundingControl.Nearest);

    /// <summary>One step of a remainder. C2 is set when another is needed; else C0, C3 and C1 are the last three bits of the quotient.</summary>
    private static Outcome Remainder(Processor cpu, Operation op, RoundingControl quotientRounding)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        FloatContext context = fpu.Context;
        FloatRemainder.Quotient quotient = default;
        ExtendedReal result = fpu.IsEmpty(0) || fpu.IsEmpty(1)
            ? X87StackFault.Underflow(ref context)
            : FloatRemainder.Step<Extended, ExtendedReal>(fpu.Number(0), fpu.Number(1), quotientRounding, ref context, out quotient);
        int conditions = quotient.IsPartial ? X87Status.C2
            : ((quotient.LowBits & 4) != 0 ? X87Status.C0 : 0) | ((quotient.LowBits & 2) != 0 ? X87Status.C3 : 0);
        context.RoundedUp = !quotient.IsPartial && (quotient.LowBits & 1) != 0;
        fpu.SetConditions(quotient.Exists ? X87Status.Comparison : X87Status.C2, (ushort)conditions);
        return cpu.EndX87(op, context, 0, result);
    }
}
