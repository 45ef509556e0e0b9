using Xunit;
using static SyscallExplorer.Machine.FloatExceptions;

namespace SyscallExplorer.Machine.Tests;

/// <summary>NaNs, denormals, zeros and infinities, and what the control bits do to them. SDM vol. 1, 4.8.3, 4.9.1, 10.2.3 and 11.5.2.</summary>
public class SpecialOperandTests
{
    private const ulong One = 0x3FF0_0000_0000_0000;
    private const ulong Infinity = 0x7FF0_0000_0000_0000;
    private const ulong Denormal = 0x0000_0000_0000_0123;
    private const ulong Signaling = 0x7FF0_0000_0000_0001;
    private const ulong Quiet = 0x7FF8_0000_0000_0002;
    private const ulong Indefinite = 0xFFF8_0000_0000_0000;
    private const ulong SmallestNormal = 0x0010_0000_0000_0000;
    private const ulong Sign = 1UL << 63;

    private FloatContext _context = new(RoundingControl.Nearest);

    [Fact]
    public void Of_two_nans_sse_takes_the_first_and_makes_it_quiet()
    {
        Assert.Equal(Signaling | 0x0008_0000_0000_0000, FloatArithmetic.Add<Binary64, ulong>(Signaling, Quiet, ref _context));
        Assert.Equal(Invalid, _context.Raised);
        Assert.Equal(Quiet, FloatArithmetic.Subtract<Binary64, ulong>(One, Quiet, ref _context));
    }

    [Theory]
    [InlineData(0x8000_0000_0000_0001, 0x7FFF, 0xC000_0000_0000_0005, 0x7FFF, 0xC000_0000_0000_0005, 0x7FFF)]
    [InlineData(0xC000_0000_0000_0005, 0x7FFF, 0xC000_0000_0000_0009, 0xFFFF, 0xC000_0000_0000_0009, 0xFFFF)]
    [InlineData(0xC000_0000_0000_0005, 0xFFFF, 0xC000_0000_0000_0005, 0x7FFF, 0xC000_0000_0000_0005, 0x7FFF)]
    [InlineData(0x8000_0000_0000_0007, 0xFFFF, 0x8000_0000_0000_0003, 0x7FFF, 0xC000_0000_0000_0007, 0xFFFF)]
    [InlineData(0x8000_0000_0000_0007, 0xFFFF, 0x8000_0000_0000_0000, 0x3FFF, 0xC000_0000_0000_0007, 0xFFFF)]
    public void Of_two_nans_x87_takes_the_quiet_one_then_the_larger_then_the_positive(
        ulong a, int aHigh, ulong b, int bHigh, ulong result, int resultHigh)
    {
        var x = new ExtendedReal(a, (ushort)aHigh);
        var y = new ExtendedReal(b, (ushort)bHigh);
        var expected = new ExtendedReal(result, (ushort)resultHigh);
        Assert.Equal(expected, FloatArithmetic.Multiply<Extended, ExtendedReal>(x, y, ref _context));
        Assert.Equal(expected, FloatArithmetic.Multiply<Extended, ExtendedReal>(y, x, ref _context));
    }

    [Theory]
    [InlineData(0x4000_0000_0000_0000, 0x3FFF)]
    [InlineData(0x0000_0000_0000_0000, 0x7FFF)]
    [InlineData(0x4000_0000_0000_0000, 0x7FFF)]
    public void Encodings_without_their_integer_bit_are_invalid_operands(ulong significand, int high)
    {
        var operand = new ExtendedReal(significand, (ushort)high);
        Assert.Equal(ExtendedReal.Indefinite, FloatArithmetic.Add<Extended, ExtendedReal>(operand, ExtendedReal.One, ref _context));
        Assert.Equal(Invalid, _context.Raised);
    }

    [Fact]
    public void A_pseudo_denormal_has_the_value_of_the_smallest_exponent()
    {
        var pseudo = new ExtendedReal(0x8000_0000_0000_0000, 0);
        Assert.Equal(new ExtendedReal(0x8000_0000_0000_0000, 2), FloatArithmetic.Add<Extended, ExtendedReal>(pseudo, pseudo, ref _context));
        Assert.Equal(FloatExceptions.Denormal, _context.Raised);
    }

    [Fact]
    public void Operations_without_a_meaning_are_invalid_and_give_the_indefinite()
    {
        Assert.Equal(Indefinite, FloatArithmetic.Subtract<Binary64, ulong>(Infinity, Infinity, ref _context));
        Assert.Equal(Indefinite, FloatArithmetic.Multiply<Binary64, ulong>(0, Infinity, ref _context));
        Assert.Equal(Indefinite, FloatArithmetic.Divide<Binary64, ulong>(0, Sign, ref _context));
        Assert.Equal(Indefinite, FloatArithmetic.Divide<Binary64, ulong>(Infinity, Infinity, ref _context));
        Assert.Equal(Indefinite, FloatArithmetic.SquareRoot<Binary64, ulong>(One | Sign, ref _context));
        Assert.Equal(Indefinite, FusedMultiplyAdd.Apply<Binary64, ulong>(0, Infinity, One, ref _context));
        Assert.Equal(Invalid, _context.Raised);
    }

    [Fact]
    public void Zero_times_infinity_is_not_invalid_beside_a_quiet_nan()
    {
        Assert.Equal(Quiet, FusedMultiplyAdd.Apply<Binary64, ulong>(0, Infinity, Quiet, ref _context));
        Assert.Equal(None, _context.Raised);
    }

    [Fact]
    public void A_negated_product_or_addend_keeps_the_sign_of_its_nan()
    {
        Assert.Equal(Quiet, FusedMultiplyAdd.Apply<Binary64, ulong>(One, Quiet, One, negateProduct: true, negateAddend: true, ref _context));
        Assert.Equal(Quiet, FusedMultiplyAdd.Apply<Binary64, ulong>(One, One, Quiet, negateProduct: true, negateAddend: true, ref _context));
    }

    [Fact]
    public void Division_of_a_denormal_by_zero_raises_only_the_division()
    {
        Assert.Equal(Infinity | Sign, FloatArithmetic.Divide<Binary64, ulong>(Denormal, Sign, ref _context));
        Assert.Equal(DivideByZero, _context.Raised);
    }

    [Fact]
    public void A_denormal_beside_a_nan_is_not_reported()
    {
        FloatArithmetic.Add<Binary64, ulong>(Denormal, Quiet, ref _context);
        Assert.Equal(None, _context.Raised);
        FloatArithmetic.Add<Binary64, ulong>(Denormal, Infinity, ref _context);
        Assert.Equal(FloatExceptions.Denormal, _context.Raised);
    }

    [Fact]
    public void An_unmasked_denormal_operand_ends_the_operation_before_its_result_is_known()
    {
        _context.Masked &= ~FloatExceptions.Denormal;
        FloatArithmetic.Multiply<Binary64, ulong>(Denormal, Denormal, ref _context);
        Assert.Equal(FloatExceptions.Denormal, _context.Raised);
    }

    [Fact]
    public void With_DAZ_a_denormal_operand_is_zero_and_not_reported()
    {
        _context.DenormalsAreZero = true;
        Assert.Equal(Sign, FloatArithmetic.Multiply<Binary64, ulong>(Denormal | Sign, One, ref _context));
        Assert.Equal(0ul, FloatComparison.Maximum<Binary64, ulong>(Denormal, One | Sign, ref _context));
        Assert.Equal(None, _context.Raised);
    }

    [Fact]
    public void With_FTZ_a_tiny_result_is_zero_even_if_it_is_exact()
    {
        _context.FlushToZero = true;
        Assert.Equal(Sign, FloatArithmetic.Multiply<Binary64, ulong>(SmallestNormal, 0xBFE0_0000_0000_0000, ref _context));
        Assert.Equal(Underflow | Precision, _context.Raised);
    }

    [Fact]
    public void An_exact_tiny_result_raises_underflow_only_where_that_is_unmasked()
    {
        const ulong half = 0x3FE0_0000_0000_0000;
        FloatArithmetic.Multiply<Binary64, ulong>(SmallestNormal, half, ref _context);
        Assert.Equal(None, _context.Raised);
        _context.Masked &= ~Underflow;
        FloatArithmetic.Multiply<Binary64, ulong>(SmallestNormal, half, ref _context);
        Assert.Equal(Underflow, _context.Raised);
    }

    [Fact]
    public void Tininess_is_that_of_the_result_rounded_as_if_exponents_had_no_limit()
    {
        // (1 - 2^-53) · 2^-1022 has 53 bits below the smallest normal number: tiny, though it is rounded up to it.
        Assert.Equal(SmallestNormal, FloatArithmetic.Multiply<Binary64, ulong>(SmallestNormal, 0x3FEF_FFFF_FFFF_FFFF, ref _context));
        Assert.Equal(Underflow | Precision, _context.Raised);
        _context.Raised = None;

        // (1 - 2^-54) · 2^-1022, made of 2^-1022 and of 2^-538 squared, has 54, and 53 of them round up.
        Assert.Equal(SmallestNormal, FusedMultiplyAdd.Apply<Binary64, ulong>(0x1E50_0000_0000_0000, 0x9E50_0000_0000_0000, SmallestNormal, ref _context));
        Assert.Equal(Precision, _context.Raised);
    }

    [Theory]
    [InlineData(0, false, 0x7FFF, 0x8000_0000_0000_0000)]
    [InlineData(3, false, 0x7FFE, 0xFFFF_FFFF_FFFF_FFFF)]
    [InlineData(0, true, 0x2000, 0x8000_0000_0000_0000)]
    public void Overflow_in_the_x87_format_gives_infinity_the_largest_number_or_a_wrapped_exponent(int rounding, bool unmasked, int high, ulong significand)
    {
        _context.Rounding = (RoundingControl)rounding;
        if (unmasked)
            _context.Masked &= ~FloatExceptions.Overflow;
        var large = new ExtendedReal(0x8000_0000_0000_0000, 0x7FFE);
        var factor = new ExtendedReal(0x8000_0000_0000_0000, 0x4001);

        // 2^16383 · 4 = 2^16385; less 24576 that is 2^-8191.
        Assert.Equal(new ExtendedReal(significand, (ushort)high), FloatArithmetic.Multiply<Extended, ExtendedReal>(large, factor, ref _context));
        Assert.Equal(unmasked ? FloatExceptions.Overflow : FloatExceptions.Overflow | Precision, _context.Raised);
    }

    [Fact]
    public void Minimum_and_maximum_give_the_second_operand_of_zeros_and_of_nans()
    {
        Assert.Equal(Sign, FloatComparison.Maximum<Binary64, ulong>(0, Sign, ref _context));
        Assert.Equal(0ul, FloatComparison.Minimum<Binary64, ulong>(Sign, 0, ref _context));
        Assert.Equal(None, _context.Raised);
        Assert.Equal(Signaling, FloatComparison.Minimum<Binary64, ulong>(One, Signaling, ref _context));
        Assert.Equal(One, FloatComparison.Maximum<Binary64, ulong>(Quiet, One, ref _context));
        Assert.Equal(Invalid, _context.Raised);
    }

    [Theory]
    [InlineData(Quiet, false, false)]
    [InlineData(Quiet, true, true)]
    [InlineData(Signaling, false, true)]
    public void Only_signaling_comparisons_mind_quiet_nans(ulong nan, bool signaling, bool isInvalid)
    {
        Assert.Equal(FloatOrder.Unordered, FloatComparison.Compare<Binary64, ulong>(nan, One, signaling, ref _context));
        Assert.Equal(isInvalid ? Invalid : None, _context.Raised);
    }

    [Fact]
    public void Half_precision_conversions_ignore_FTZ_and_the_denormals_they_read()
    {
        _context.FlushToZero = _context.DenormalsAreZero = true;
        Assert.Equal(0x3380_0000u, FloatConversion.HalfToSingle(1, ref _context));
        Assert.Equal(1, FloatConversion.SingleToHalf(0x3380_0000, RoundingControl.Nearest, ref _context));
        Assert.Equal(None, _context.Raised);
    }
}
