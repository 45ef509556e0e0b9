namespace SyscallExplorer.Machine;

/// <summary>
/// Powers, logarithms and circular functions with 128-bit significands: power series whose terms are summed until they no longer count. Each is right
/// to 2^-110 of its result, so that rounding it to 64 bits gives the nearest number, or once in 2^45 its neighbour: an error below 0.5001 units in the
/// last place.
/// </summary>
internal static class ElementaryFunctions
{
    /// <summary>π in 66 bits, times 2^64: what the x87 FPU of every processor since the 387 reduces angles by. SDM vol. 1, 8.3.8.</summary>
    private static UInt128 PiOfReduction => new(3, 0x243F_6A88_85A3_08D3);

    private const int PowerTerms = 36;
    private const int LogarithmTerms = 27;
    private const int ArcTangentTerms = 54;
    private const int CircularTerms = 19;

    /// <summary>2^x - 1, for |x| up to 1.</summary>
    public static WideReal PowerOfTwoMinusOne(in WideReal x)
    {
        WideReal t = x * WideReal.NaturalLogarithmOfTwo;
        WideReal sum = WideReal.One;
        for (uint n = PowerTerms; n > 1; n--)
            sum = WideReal.One + (t * sum).DividedBy(n);
        return t * sum;
    }

    /// <summary>log2 x, for x above 0.</summary>
    public static WideReal BinaryLogarithm(in WideReal x)
    {
        // Between √½ and √2 the power of two does not cancel the logarithm of the rest.
        WideReal rest = x with { Exponent = 0 };
        int power = x.Exponent;
        if ((rest.Significand >> 64) > 0xB504_F333_F9DE_6484)
        {
            rest = rest with { Exponent = -1 };
            power++;
        }

        WideReal difference = rest - WideReal.One;
        return difference.IsZero ? WideReal.From(power) : WideReal.From(power) + BinaryLogarithmOf(difference / (rest + WideReal.One));
    }

    /// <summary>log2(1 + x), for x above -1: near 0 as exact as x.</summary>
    public static WideReal BinaryLogarithmOfOnePlus(in WideReal x) =>
        x.Exponent < -2 ? BinaryLogarithmOf(x / (x + WideReal.From(2))) : BinaryLogarithm(x + WideReal.One);

    /// <summary>The angle of the point (x, y), from 0 to π, of which y is not negative and not both are 0.</summary>
    public static WideReal Angle(in WideReal y, in WideReal x)
    {
        WideReal width = x.Abs();
        WideReal halfPi = WideReal.Pi with { Exponent = 0 };
        WideReal angle = y.IsLessThan(width) ? ArcTangent(y / width) : halfPi - (width.IsZero ? width : ArcTangent(width / y));
        return x.Negative ? WideReal.Pi - angle : angle;
    }

    /// <summary>Brings an angle below 2^63 to the eighth of the circle around a multiple of π/2, where π is the FPU's.</summary>
    /// <returns>The multiple, modulo 4, and the angle from there.</returns>
    public static (int Quadrant, WideReal Angle) Reduce(in FloatNumber angle)
    {
        // Below a quarter there is nothing to reduce. Else the angle is a whole number of units of 2^-65, and π/2 is one too.
        if (angle.Exponent < -2)
            return (0, WideReal.From(angle));
        UInt128 units = (UInt128)angle.Significand << (angle.Exponent + 2);
        UInt128 period = PiOfReduction;
        UInt128 multiple = units / period;
        UInt128 rest = units - multiple * period;
        bool negative = angle.Negative;
        int quadrant = (int)(multiple & 3);
        if (rest << 1 > period)
        {
            rest = period - rest;
            negative = !negative;
            quadrant++;
        }

        return ((angle.Negative ? -quadrant : quadrant) & 3, WideReal.Normalize(negative, 127 - 65, rest));
    }

    /// <summary>sin x, for |x| up to π/4.</summary>
    public static WideReal Sine(in WideReal x) => x.IsZero ? x : x * Alternating(x * x, first: 2);

    /// <summary>cos x, for |x| up to π/4.</summary>
    public static WideReal Cosine(in WideReal x) => x.IsZero ? WideReal.One : Alternating(x * x, first: 1);

    /// <summary>1 - s/(first · (first + 1)) + s²/(first · … · (first + 3)) - …</summary>
    private static WideReal Alternating(in WideReal square, uint first)
    {
        WideReal sum = WideReal.One;
        for (uint n = CircularTerms; n > 0; n--)
        {
            uint factor = first + 2 * (n - 1);
            sum = WideReal.One - (square * sum).DividedBy(factor * (factor + 1));
        }

        return sum;
    }

    /// <summary>log2((1 + s) / (1 - s)) = 2/ln 2 · (s + s³/3 + s⁵/5 + …).</summary>
    private static WideReal BinaryLogarithmOf(in WideReal s)
    {
        if (s.IsZero)
            return s;
        WideReal square = s * s;
        WideReal sum = default;
        for (uint n = LogarithmTerms; n > 0; n--)
            sum = (square * sum) + WideReal.One.DividedBy(2 * n + 1);
        WideReal result = s * (WideReal.One + square * sum) * WideReal.BinaryLogarithmOfE;
        return result with { Exponent = result.Exponent + 1 };
    }

    /// <summary>The arc tangent of a number from 0 to 1: t - t³/3 + t⁵/5 - …, from tan π/8 on by its distance from π/4.</summary>
    private static WideReal ArcTangent(in WideReal t)
    {
        WideReal quarterPi = WideReal.Pi with { Exponent = -1 };
        bool reduced = t.Exponent == 0 || (t.Exponent >= -2 && (WideReal.From(27).DividedBy(64)).IsLessThan(t));
        WideReal x = reduced ? (t - WideReal.One) / (t + WideReal.One) : t;
        if (x.IsZero)
            return quarterPi;
        WideReal square = x * x;
        WideReal sum = default;
        for (uint n = ArcTangentTerms; n > 0; n--)
            sum = WideReal.One.DividedBy(2 * n + 1) - (square * sum);
        WideReal angle = x * (WideReal.One - square * sum);
        return reduced ? quarterPi + angle : angle;
    }
}
