using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Arithmetic in every format and rounding mode against exact fractions: results and flags. SDM vol. 1, 4.8 and 4.9.</summary>
public class FloatReferenceTests
{
    private const int Count = 4000;

    [Fact]
    public void Sums_are_the_exact_sums_rounded_once() => CheckEveryFormat<Sum>();

    [Fact]
    public void Differences_are_the_exact_differences_rounded_once() => CheckEveryFormat<Difference>();

    [Fact]
    public void Products_are_the_exact_products_rounded_once() => CheckEveryFormat<Product>();

    [Fact]
    public void Quotients_are_the_exact_quotients_rounded_once() => CheckEveryFormat<Quotient>();

    [Fact]
    public void Square_roots_are_the_exact_roots_rounded_once() => CheckEveryFormat<Root>();

    [Fact]
    public void Fused_multiply_add_rounds_once()
    {
        Check<Fused, Binary64, ulong>(FloatSamples.Double, Count);
        Check<Fused, Binary32, uint>(FloatSamples.Single, Count);
    }

    private interface IOperation
    {
        static abstract int Operands { get; }

        /// <summary>The exact result, if there is one.</summary>
        static abstract Fraction? Exact(Fraction x, Fraction y, Fraction z);

        static abstract TBits Apply<TFormat, TBits>(TBits x, TBits y, TBits z, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged;
    }

    private static void CheckEveryFormat<TOperation>() where TOperation : struct, IOperation
    {
        Check<TOperation, Binary64, ulong>(FloatSamples.Double, Count);
        Check<TOperation, Binary32, uint>(FloatSamples.Single, Count);
        Check<TOperation, Binary16, ushort>(FloatSamples.Half, Count);
        foreach (int precision in (int[])[24, 53, 64])
            Check<TOperation, Extended, ExtendedReal>(FloatSamples.Extended, Count / 20, precision);
    }

    private static void Check<TOperation, TFormat, TBits>(Func<Random, TBits> sample, int count, int extendedPrecision = 64)
        where TOperation : struct, IOperation
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        var random = new Random(20260);
        Span<FloatNumber> numbers = stackalloc FloatNumber[3];
        for (int compared = 0; compared < count;)
        {
            FloatContext context = new(FloatSamples.Roundings[random.Next(4)]) { ExtendedPrecision = extendedPrecision };
            TBits a = sample(random), b = sample(random), c = sample(random);
            (numbers[0], numbers[1], numbers[2]) = (TFormat.Unpack(a, context), TFormat.Unpack(b, context), TFormat.Unpack(c, context));
            bool usable = true, denormal = false;
            for (int i = 0; i < TOperation.Operands; i++)
            {
                usable &= numbers[i].IsFinite;
                denormal |= numbers[i].Denormal;
            }

            if (!usable || TOperation.Exact(Value(numbers[0]), Value(numbers[1]), Value(numbers[2])) is not { IsZero: false } exact)
                continue;
            int precision = TFormat.RoundingPrecision(context);
            ExactReference.Rounded expected = ExactReference.Round(exact, precision, TFormat.MinExponent, TFormat.MaxExponent, context.Rounding);
            TBits result = TOperation.Apply<TFormat, TBits>(a, b, c, ref context);
            FloatNumber number = TFormat.Unpack(result, context);
            string what = $"{typeof(TFormat).Name} {a} {b} {c} {context.Rounding}: {result} raised {context.Raised}, expected {expected.Raised}";
            Assert.True(number.Negative == exact.IsNegative, what);
            Assert.True((number.Class == FloatClass.Infinity) == expected.IsInfinite, what);
            Assert.True(expected.IsInfinite || Fraction.SameValue(Fraction.Of(number), expected.Value), what);
            Assert.True(context.Raised == (expected.Raised | (denormal ? FloatExceptions.Denormal : 0)), what);
            compared++;
        }
    }

    private static Fraction Value(in FloatNumber number) => number.IsFinite ? Fraction.Of(number) : default;

    private readonly struct Sum : IOperation
    {
        public static int Operands => 2;

        public static Fraction? Exact(Fraction x, Fraction y, Fraction z) => x + y;

        public static TBits Apply<TFormat, TBits>(TBits x, TBits y, TBits z, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged => FloatArithmetic.Add<TFormat, TBits>(x, y, ref context);
    }

    private readonly struct Difference : IOperation
    {
        public static int Operands => 2;

        public static Fraction? Exact(Fraction x, Fraction y, Fraction z) => x - y;

        public static TBits Apply<TFormat, TBits>(TBits x, TBits y, TBits z, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged => FloatArithmetic.Subtract<TFormat, TBits>(x, y, ref context);
    }

    private readonly struct Product : IOperation
    {
        public static int Operands => 2;

        public static Fraction? Exact(Fraction x, Fraction y, Fraction z) => x * y;

        public static TBits Apply<TFormat, TBits>(TBits x, TBits y, TBits z, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged => FloatArithmetic.Multiply<TFormat, TBits>(x, y, ref context);
    }

    private readonly struct Quotient : IOperation
    {
        public static int Operands => 2;

        public static Fraction? Exact(Fraction x, Fraction y, Fraction z) => y.IsZero ? null : x / y;

        public static TBits Apply<TFormat, TBits>(TBits x, TBits y, TBits z, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged => FloatArithmetic.Divide<TFormat, TBits>(x, y, ref context);
    }

    private readonly struct Root : IOperation
    {
        public static int Operands => 1;

        public static Fraction? Exact(Fraction x, Fraction y, Fraction z) => x.IsNegative ? null : x.SquareRoot();

        public static TBits Apply<TFormat, TBits>(TBits x, TBits y, TBits z, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged => FloatArithmetic.SquareRoot<TFormat, TBits>(x, ref context);
    }

    private readonly struct Fused : IOperation
    {
        public static int Operands => 3;

        public static Fraction? Exact(Fraction x, Fraction y, Fraction z) => (x * y) + z;

        public static TBits Apply<TFormat, TBits>(TBits x, TBits y, TBits z, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged => FusedMultiplyAdd.Apply<TFormat, TBits>(x, y, z, ref context);
    }
}
