using System.Numerics;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Arithmetic in every format and rounding mode against fractions of big integers: results and flags. SDM vol. 1, 4.8 and 4.9.</summary>
public class FloatReferenceTests
{
    private const int Count = 4000;

    [Fact]
    public void Sums_are_the_exact_sums_rounded_once() => Check(operands: 2, static (x, y, _) => AddFractions(x, y), new Operations(Sum: true));

    [Fact]
    public void Products_are_the_exact_products_rounded_once() => Check(operands: 2, static (x, y, _) => MultiplyFractions(x, y), new Operations(Product: true));

    [Fact]
    public void Quotients_are_the_exact_quotients_rounded_once() =>
        Check(operands: 2, static (x, y, _) => y.Numerator.IsZero ? null : MultiplyFractions(x, (y.Denominator * y.Numerator.Sign, BigInteger.Abs(y.Numerator))), new Operations(Quotient: true));

    [Fact]
    public void Square_roots_are_the_exact_roots_rounded_once() =>
        Check(operands: 1, static (x, _, _) => x.Numerator.Sign < 0 ? null : ExactReference.SquareRoot(x.Numerator, x.Denominator), new Operations(Root: true));

    [Fact]
    public void Fused_multiply_add_rounds_once() => Check(operands: 3, static (x, y, z) => AddFractions(MultiplyFractions(x, y), z), new Operations(Fused: true));

    private readonly record struct Operations(bool Sum = false, bool Product = false, bool Quotient = false, bool Root = false, bool Fused = false);

    private delegate (BigInteger Numerator, BigInteger Denominator)? Reference(
        (BigInteger Numerator, BigInteger Denominator) x, (BigInteger Numerator, BigInteger Denominator) y, (BigInteger Numerator, BigInteger Denominator) z);

    private static (BigInteger Numerator, BigInteger Denominator) AddFractions((BigInteger Numerator, BigInteger Denominator) x, (BigInteger Numerator, BigInteger Denominator) y) =>
        ((x.Numerator * y.Denominator) + (y.Numerator * x.Denominator), x.Denominator * y.Denominator);

    private static (BigInteger Numerator, BigInteger Denominator) MultiplyFractions((BigInteger Numerator, BigInteger Denominator) x, (BigInteger Numerator, BigInteger Denominator) y) =>
        (x.Numerator * y.Numerator, x.Denominator * y.Denominator);

    private static void Check(int operands, Reference reference, Operations operation)
    {
        Check<Binary64, ulong>(operands, FloatSamples.Double, Count, reference, operation);
        Check<Binary32, uint>(operands, FloatSamples.Single, Count, reference, operation);
        if (operands == 3)
            return;
        Check<Binary16, ushort>(operands, FloatSamples.Half, Count, reference, operation);
        foreach (int precision in (int[])[24, 53, 64])
            Check<Extended, ExtendedReal>(operands, FloatSamples.Extended, Count / 40, reference, operation, precision);
    }

    private static void Check<TFormat, TBits>(int operands, Func<Random, TBits> sample, int count, Reference reference, Operations operation, int extendedPrecision = 64)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        Random random = new(20260 + operands);
        int compared = 0;
        while (compared < count)
        {
            FloatContext context = new(FloatSamples.Roundings[random.Next(4)]) { ExtendedPrecision = extendedPrecision };
            TBits a = sample(random), b = sample(random), c = sample(random);
            FloatNumber x = TFormat.Unpack(a, context), y = TFormat.Unpack(b, context), z = TFormat.Unpack(c, context);
            if (!x.IsFinite || (operands > 1 && !y.IsFinite) || (operands > 2 && !z.IsFinite))
                continue;
            if (reference(ExactReference.Fraction(x), operands > 1 ? ExactReference.Fraction(y) : default, operands > 2 ? ExactReference.Fraction(z) : default) is not { } exact || exact.Numerator.IsZero)
                continue;
            int precision = TFormat.RoundingPrecision(context);
            ExactReference.Rounded expected = ExactReference.Round(exact.Numerator, exact.Denominator, precision, TFormat.MinExponent, TFormat.MaxExponent, context.Rounding);
            bool denormal = x.Denormal || (operands > 1 && y.Denormal) || (operands > 2 && z.Denormal);

            TBits result = operation.Sum ? FloatArithmetic.Add<TFormat, TBits>(a, b, ref context)
                : operation.Product ? FloatArithmetic.Multiply<TFormat, TBits>(a, b, ref context)
                : operation.Quotient ? FloatArithmetic.Divide<TFormat, TBits>(a, b, ref context)
                : operation.Root ? FloatArithmetic.SquareRoot<TFormat, TBits>(a, ref context)
                : FusedMultiplyAdd.Apply<TFormat, TBits>(a, b, c, ref context);

            string what = $"{typeof(TFormat).Name} {a} {b} {c} {context.Rounding}: {result}";
            FloatNumber number = TFormat.Unpack(result, context);
            Assert.True(number.Negative == exact.Numerator.Sign < 0, what);
            Assert.True((number.Class == FloatClass.Infinity) == expected.Infinite, what);
            if (!expected.Infinite)
            {
                (BigInteger numerator, BigInteger denominator) = ExactReference.Fraction(number);
                (BigInteger left, BigInteger right) = expected.UnitExponent >= 0
                    ? (BigInteger.Abs(numerator), (expected.Units << expected.UnitExponent) * denominator)
                    : (BigInteger.Abs(numerator) << -expected.UnitExponent, expected.Units * denominator);
                Assert.True(left == right, what);
            }
            Assert.True(context.Raised == (expected.Raised | (denormal ? FloatExceptions.Denormal : 0)), $"{what} raised {context.Raised}, expected {expected.Raised}");
            compared++;
        }
    }
}
