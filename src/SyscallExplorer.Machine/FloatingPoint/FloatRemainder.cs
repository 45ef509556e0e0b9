namespace SyscallExplorer.Machine;

/// <summary>Remainders, by steps. SDM vol. 2A, FPREM and FPREM1.</summary>
internal static class FloatRemainder
{
    /// <summary>Exponents that lie this far apart need another step.</summary>
    private const int StepLimit = 64;

    /// <summary>What a step tells of the quotient.</summary>
    /// <param name="LowBits">Its last three bits, when the remainder is complete.</param>
    /// <param name="IsPartial">Whether the result is still larger than the divisor.</param>
    /// <param name="Exists">Whether there is a quotient at all: not beside a NaN or an invalid operation.</param>
    public readonly record struct Quotient(int LowBits, bool IsPartial, bool Exists);

    /// <summary>dividend - divisor · q, where q is the quotient rounded to an integer, or only its first bits if it is long. Exact.</summary>
    public static TBits Step<TFormat, TBits>(
        in FloatNumber dividend, in FloatNumber divisor, RoundingControl quotientRounding, ref FloatContext context, out Quotient quotient)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        quotient = default;
        if (!dividend.IsNumber || !divisor.IsNumber)
            return NotANumber.Propagate<TFormat, TBits>(dividend, divisor, ref context);
        if (dividend.Class == FloatClass.Infinity || divisor.Class == FloatClass.Zero)
            return NotANumber.Invalid<TFormat, TBits>(ref context);
        if (context.StopsAtDenormal(dividend.Denormal | divisor.Denormal))
            return default;
        context.ExtendedPrecision = Extended.FullPrecision;
        quotient = new Quotient(0, false, true);
        if (dividend.Class == FloatClass.Zero || divisor.Class == FloatClass.Infinity)
            return FloatRounding.Round<TFormat, TBits>(dividend, ref context);

        int distance = dividend.Exponent - divisor.Exponent;
        if (distance < -1)
            return FloatRounding.Round<TFormat, TBits>(dividend, ref context);
        int steps = distance < StepLimit ? distance : PartialSteps(distance);

        // Long division, a bit of the quotient at a time: rest stays below twice the divisor, which has 64 bits.
        UInt128 rest = dividend.Significand;
        UInt128 by = divisor.Significand;
        int restExponent = divisor.Exponent + (distance - steps);
        ulong whole = 0;
        if (distance < 0)
        {
            by <<= 1;
            restExponent--;
        }

        for (int step = 0; step <= steps; step++)
        {
            rest <<= step == 0 ? 0 : 1;
            whole <<= 1;
            if (rest >= by)
            {
                rest -= by;
                whole |= 1;
            }
        }

        bool negative = dividend.Negative;
        bool partial = steps != distance && distance >= 0;
        if (!partial && quotientRounding == RoundingControl.Nearest && (rest << 1 > by || (rest << 1 == by && (whole & 1) != 0)))
        {
            rest = by - rest;
            negative = !negative;
            whole++;
        }

        quotient = new Quotient((int)(whole & 7), partial, true);
        return rest == UInt128.Zero
            ? TFormat.Pack(dividend.Negative, 0, 0)
            : FloatRounding.Normalize<TFormat, TBits>(negative, restExponent + 64, rest, ref context);
    }

    /// <summary>How many bits of the quotient a step takes that does not complete the remainder: from 32 to 63, as the manual allows.</summary>
    private static int PartialSteps(int distance) => 32 + (distance & 31);
}
