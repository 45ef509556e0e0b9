namespace SyscallExplorer.Machine;

/// <summary>left · right + addend, rounded once, in half, single and double precision. SDM vol. 1, 14.5.2.</summary>
internal static class FusedMultiplyAdd
{
    /// <summary>The result of the three numbers, where of several NaNs the first of left, right, addend is the result.</summary>
    public static TBits Apply<TFormat, TBits>(TBits left, TBits right, TBits addend, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => Apply<TFormat, TBits>(left, right, addend, negateProduct: false, negateAddend: false, ref context);

    /// <param name="multiplicand">The first factor, whose NaN comes first.</param>
    /// <param name="multiplier">The second factor, whose NaN comes second.</param>
    /// <param name="summand">What is added, whose NaN comes last.</param>
    /// <param name="negateProduct">Takes the product's negative: VFNMADD, VFNMSUB. A NaN keeps its sign.</param>
    /// <param name="negateAddend">Takes the addend's negative: VFMSUB, VFNMSUB. A NaN keeps its sign.</param>
    /// <param name="context">Controls and flags.</param>
    public static TBits Apply<TFormat, TBits>(
        TBits multiplicand, TBits multiplier, TBits summand, bool negateProduct, bool negateAddend, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        FloatNumber left = TFormat.Unpack(multiplicand, context), right = TFormat.Unpack(multiplier, context), addend = TFormat.Unpack(summand, context);
        bool zero = left.Class == FloatClass.Zero || right.Class == FloatClass.Zero;
        bool infinite = left.Class == FloatClass.Infinity || right.Class == FloatClass.Infinity;
        if (left.IsNaN || right.IsNaN || addend.IsNaN)
            return PropagateNaN<TFormat, TBits>(left, right, addend, ref context);
        bool negative = left.Negative != right.Negative != negateProduct;
        bool addendNegative = addend.Negative != negateAddend;
        if ((zero && infinite) || (infinite && addend.Class == FloatClass.Infinity && negative != addendNegative))
            return NotANumber.Invalid<TFormat, TBits>(ref context);
        if (context.StopsAtDenormal(left.Denormal | right.Denormal | addend.Denormal))
            return default;
        if (infinite)
            return TFormat.Pack(negative, TFormat.MaxExponent + 1, FloatNumber.IntegerBit);
        if (addend.Class == FloatClass.Infinity)
            return TFormat.Pack(addendNegative, TFormat.MaxExponent + 1, FloatNumber.IntegerBit);
        if (zero && addend.Class == FloatClass.Zero)
            return TFormat.Pack(negative == addendNegative ? negative : context.Rounding == RoundingControl.Down, 0, 0);
        if (zero)
            return FloatRounding.Round<TFormat, TBits>(addendNegative, addend.Exponent, addend.Significand, 0, ref context);
        int exponent = FloatArithmetic.MultiplyExact(left, right, out ulong high, out ulong low);
        if (addend.Class == FloatClass.Zero)
            return FloatRounding.Round<TFormat, TBits>(negative, exponent, high, low, ref context);

        // The product of two significands of at most 53 bits leaves 22 zeros at the end, so that its half is exact.
        var product = new ExactNumber(negative, exponent, new UInt128(high, low) >> 1);
        return FloatArithmetic.AddExact<TFormat, TBits>(product, ExactNumber.From(addend) with { Negative = addendNegative }, ref context);
    }

    /// <summary>The first NaN. A product of zero and infinity does not count beside a quiet NaN. SDM vol. 1, table 14-17.</summary>
    private static TBits PropagateNaN<TFormat, TBits>(in FloatNumber left, in FloatNumber right, in FloatNumber addend, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (left.Class == FloatClass.SignalingNaN || right.Class == FloatClass.SignalingNaN || addend.Class == FloatClass.SignalingNaN)
            context.Raised |= FloatExceptions.Invalid;
        return NotANumber.Quiet<TFormat, TBits>(left.IsNaN ? left : right.IsNaN ? right : addend);
    }
}
