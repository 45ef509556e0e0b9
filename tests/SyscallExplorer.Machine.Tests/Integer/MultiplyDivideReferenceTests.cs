using System.Numerics;
using Xunit;
using static SyscallExplorer.Machine.Tests.Calculation;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Products and quotients against unbounded integers.</summary>
public sealed class MultiplyDivideReferenceTests
{
    public static TheoryData<int> AllWidths => new(Widths);

    public static TheoryData<int> WideWidths => new(16, 32, 64);

    [Theory, MemberData(nameof(AllWidths))]
    public void Mul_gives_the_whole_product_and_flags_a_used_upper_half(int width) =>
        CheckProduct("Mul_rm#", width, (a, b) => a * b, product => product > Mask(width));

    [Theory, MemberData(nameof(AllWidths))]
    public void Imul_gives_the_whole_signed_product_and_flags_one_that_does_not_fit(int width) =>
        CheckProduct("Imul_rm#", width, (a, b) => Signed(a, width) * Signed(b, width), product => Signed(product, width) != product);

    [Theory, MemberData(nameof(WideWidths))]
    public void Imul_of_two_operands_keeps_the_lower_half_and_flags_one_that_does_not_fit(int width)
    {
        Calculation calculation = Of("Imul_r#_rm#", width);
        foreach (ulong left in Values(width, 7))
        {
            foreach (ulong right in Values(width, 8))
            {
                calculation.Run(left, right, 0, 0);
                BigInteger product = Signed(left, width) * Signed(right, width);
                Assert.Equal((ulong)Unsigned(product, width), calculation.Rax);
                CheckOverflowFlags(Signed(product, width) != product, calculation.Flags);
            }
        }
    }

    [Theory, MemberData(nameof(AllWidths))]
    public void Div_gives_quotient_and_remainder_or_a_divide_error(int width) =>
        CheckQuotient("Div_rm#", width, signed: false);

    [Theory, MemberData(nameof(AllWidths))]
    public void Idiv_truncates_towards_zero_or_raises_a_divide_error(int width) =>
        CheckQuotient("Idiv_rm#", width, signed: true);

    private static void CheckProduct(string form, int width, Func<BigInteger, BigInteger, BigInteger> multiply, Func<BigInteger, bool> needsUpperHalf)
    {
        Calculation calculation = Unary(form, width);
        foreach (ulong left in Values(width, 9))
        {
            foreach (ulong right in Values(width, 10))
            {
                calculation.Run(left, right, 0, 0);
                BigInteger product = multiply(left, right);
                Assert.Equal(Unsigned(product, 2 * width), Pair(calculation, width));
                CheckOverflowFlags(needsUpperHalf(product), calculation.Flags);
            }
        }
    }

    private static void CheckQuotient(string form, int width, bool signed)
    {
        Calculation calculation = Unary(form, width);
        foreach (ulong high in Values(width, 11))
        {
            foreach (ulong low in Values(width, 12))
            {
                foreach (ulong divisor in Values(width, 13))
                {
                    BigInteger dividend = ((BigInteger)high << width) | low;
                    BigInteger by = divisor;
                    if (signed)
                        (dividend, by) = (Signed(dividend, 2 * width), Signed(by, width));
                    ulong rax = width == 8 ? low | high << 8 : low;
                    ulong rdx = width == 8 ? 0 : high;
                    TakenException? exception = calculation.Run(rax, divisor, rdx, 0);
                    string what = $"{form} {width}: {high:x}:{low:x} by {divisor:x}";
                    if (by.IsZero || !Fits(BigInteger.Divide(dividend, by), width, signed))
                    {
                        Assert.True(exception?.Vector == Vector.DivideError, what);
                        Assert.Equal((rax, rdx), (calculation.Rax, calculation.Rdx));
                        continue;
                    }

                    Assert.True(exception is null, what);
                    BigInteger expected = (Unsigned(BigInteger.Remainder(dividend, by), width) << width) | Unsigned(BigInteger.Divide(dividend, by), width);
                    Assert.True(expected == Pair(calculation, width), what);
                }
            }
        }
    }

    private static bool Fits(BigInteger quotient, int width, bool signed) =>
        (signed ? Signed(quotient, width) : Unsigned(quotient, width)) == quotient;

    private static BigInteger Pair(Calculation calculation, int width) =>
        width == 8 ? calculation.Rax & 0xFFFF : ((BigInteger)calculation.Rdx << width) | calculation.Rax;

    private static void CheckOverflowFlags(bool expected, ulong flags)
    {
        const ulong both = Rflags.CF | Rflags.OF;
        Assert.Equal(When(expected, both), flags & both);
    }
}
