namespace SyscallExplorer.Machine;

/// <summary>
/// Addition, subtraction, multiplication, division and square root in any format: integer arithmetic on exact significands, rounded once.
/// SDM vol. 1, 4.8 and 4.9. The methods on encodings take the host's arithmetic where it gives the same bits (<see cref="HostArithmetic"/>).
/// </summary>
internal static class FloatArithmetic
{
    public static TBits Add<TFormat, TBits>(TBits left, TBits right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (HostArithmetic.TryAdd(left, right, ref context, out TBits result))
            return result;
        return Add<TFormat, TBits>(TFormat.Unpack(left, context), TFormat.Unpack(right, context), ref context);
    }

    public static TBits Subtract<TFormat, TBits>(TBits left, TBits right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (HostArithmetic.TrySubtract(left, right, ref context, out TBits result))
            return result;
        return Subtract<TFormat, TBits>(TFormat.Unpack(left, context), TFormat.Unpack(right, context), ref context);
    }

    public static TBits Multiply<TFormat, TBits>(TBits left, TBits right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (HostArithmetic.TryMultiply(left, right, ref context, out TBits result))
            return result;
        return Multiply<TFormat, TBits>(TFormat.Unpack(left, context), TFormat.Unpack(right, context), ref context);
    }

    public static TBits Divide<TFormat, TBits>(TBits left, TBits right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (HostArithmetic.TryDivide(left, right, ref context, out TBits result))
            return result;
        return Divide<TFormat, TBits>(TFormat.Unpack(left, context), TFormat.Unpack(right, context), ref context);
    }

    public static TBits SquareRoot<TFormat, TBits>(TBits value, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (HostArithmetic.TrySquareRoot(value, ref context, out TBits result))
            return result;
        return SquareRoot<TFormat, TBits>(TFormat.Unpack(value, context), ref context);
    }

    public static TBits Add<TFormat, TBits>(in FloatNumber left, in FloatNumber right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (!left.IsNumber || !right.IsNumber)
            return NotANumber.Propagate<TFormat, TBits>(left, right, ref context);
        if (left.Class == FloatClass.Infinity && right.Class == FloatClass.Infinity && left.Negative != right.Negative)
            return NotANumber.Invalid<TFormat, TBits>(ref context);
        if (context.StopsAtDenormal(left.Denormal | right.Denormal))
            return default;
        if (left.Class == FloatClass.Infinity || (right.Class == FloatClass.Zero && left.Class != FloatClass.Zero))
            return FloatRounding.Round<TFormat, TBits>(left, ref context);
        if (right.Class == FloatClass.Infinity || (left.Class == FloatClass.Zero && right.Class != FloatClass.Zero))
            return FloatRounding.Round<TFormat, TBits>(right, ref context);
        if (left.Class == FloatClass.Zero)
            return TFormat.Pack(left.Negative == right.Negative ? left.Negative : context.Rounding == RoundingControl.Down, 0, 0);
        return AddExact<TFormat, TBits>(ExactNumber.From(left), ExactNumber.From(right), ref context);
    }

    public static TBits Subtract<TFormat, TBits>(in FloatNumber left, in FloatNumber right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => Add<TFormat, TBits>(left, right.IsNumber ? right.Negated : right, ref context);

    public static TBits Multiply<TFormat, TBits>(in FloatNumber left, in FloatNumber right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (!left.IsNumber || !right.IsNumber)
            return NotANumber.Propagate<TFormat, TBits>(left, right, ref context);
        bool zero = left.Class == FloatClass.Zero || right.Class == FloatClass.Zero;
        bool infinite = left.Class == FloatClass.Infinity || right.Class == FloatClass.Infinity;
        if (zero && infinite)
            return NotANumber.Invalid<TFormat, TBits>(ref context);
        if (context.StopsAtDenormal(left.Denormal | right.Denormal))
            return default;
        bool negative = left.Negative != right.Negative;
        if (zero)
            return TFormat.Pack(negative, 0, 0);
        if (infinite)
            return TFormat.Pack(negative, TFormat.MaxExponent + 1, FloatNumber.IntegerBit);
        int exponent = MultiplyExact(left, right, out ulong high, out ulong low);
        return FloatRounding.Round<TFormat, TBits>(negative, exponent, high, low, ref context);
    }

    public static TBits Divide<TFormat, TBits>(in FloatNumber left, in FloatNumber right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (!left.IsNumber || !right.IsNumber)
            return NotANumber.Propagate<TFormat, TBits>(left, right, ref context);
        if (left.Class == right.Class && left.Class != FloatClass.Finite)
            return NotANumber.Invalid<TFormat, TBits>(ref context);
        bool negative = left.Negative != right.Negative;
        if (right.Class == FloatClass.Zero && left.Class == FloatClass.Finite)
        {
            context.Raised |= FloatExceptions.DivideByZero;
            return TFormat.Pack(negative, TFormat.MaxExponent + 1, FloatNumber.IntegerBit);
        }
        if (context.StopsAtDenormal(left.Denormal | right.Denormal))
            return default;
        if (left.Class == FloatClass.Zero || right.Class == FloatClass.Infinity)
            return TFormat.Pack(negative, 0, 0);
        if (left.Class == FloatClass.Infinity)
            return TFormat.Pack(negative, TFormat.MaxExponent + 1, FloatNumber.IntegerBit);

        bool below = left.Significand < right.Significand;
        UInt128 dividend = (UInt128)left.Significand << (below ? 64 : 63);
        ulong quotient = (ulong)(dividend / right.Significand);
        ulong remainder = unchecked((ulong)dividend - quotient * right.Significand);
        int exponent = left.Exponent - right.Exponent - (below ? 1 : 0);
        return FloatRounding.Round<TFormat, TBits>(negative, exponent, quotient, Below(remainder, right.Significand - remainder), ref context);
    }

    public static TBits SquareRoot<TFormat, TBits>(in FloatNumber value, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (!value.IsNumber)
            return NotANumber.Propagate<TFormat, TBits>(value, ref context);
        if (value.Class == FloatClass.Zero)
            return TFormat.Pack(value.Negative, 0, 0);
        if (value.Negative)
            return NotANumber.Invalid<TFormat, TBits>(ref context);
        if (value.Class == FloatClass.Infinity)
            return TFormat.Pack(negative: false, TFormat.MaxExponent + 1, FloatNumber.IntegerBit);
        if (context.StopsAtDenormal(value.Denormal))
            return default;

        // An even exponent halves without a rest: the radicand has 127 or 128 bits and the root exactly 64.
        UInt128 radicand = (UInt128)value.Significand << (63 + (value.Exponent & 1));
        ulong root = WholeSquareRoot(radicand);
        UInt128 rest = radicand - (UInt128)root * root;
        ulong low = rest > root ? FloatNumber.IntegerBit | 1 : rest != UInt128.Zero ? 1UL : 0;
        return FloatRounding.Round<TFormat, TBits>(negative: false, value.Exponent >> 1, root, low, ref context);
    }

    /// <summary>The sum of two numbers that are not zero, rounded.</summary>
    public static TBits AddExact<TFormat, TBits>(in ExactNumber left, in ExactNumber right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        bool swap = left.Exponent < right.Exponent || (left.Exponent == right.Exponent && left.Significand < right.Significand);
        ExactNumber large = swap ? right : left, small = swap ? left : right;
        UInt128 shifted = FloatRounding.ShiftRightSticky(small.Significand, large.Exponent - small.Exponent);
        UInt128 sum = large.Negative == small.Negative ? large.Significand + shifted : large.Significand - shifted;
        if (sum == UInt128.Zero)
            return TFormat.Pack(context.Rounding == RoundingControl.Down, 0, 0);
        return FloatRounding.Normalize<TFormat, TBits>(large.Negative, large.Exponent + 1, sum, ref context);
    }

    /// <summary>The whole product, with bit 127 set.</summary>
    /// <returns>The exponent of bit 127.</returns>
    public static int MultiplyExact(in FloatNumber left, in FloatNumber right, out ulong high, out ulong low)
    {
        high = Math.BigMul(left.Significand, right.Significand, out low);
        int exponent = left.Exponent + right.Exponent + 1;
        if ((high & FloatNumber.IntegerBit) != 0)
            return exponent;
        high = (high << 1) | (low >> 63);
        low <<= 1;
        return exponent - 1;
    }

    /// <summary>What follows the quotient's last bit: the next bit, and whether anything comes after it.</summary>
    private static ulong Below(ulong remainder, ulong complement) =>
        remainder == 0 ? 0 : remainder < complement ? 1 : remainder == complement ? FloatNumber.IntegerBit : FloatNumber.IntegerBit | 1;

    /// <summary>The root without its fraction, of a number of 127 or 128 bits. The host's root is only the first guess.</summary>
    private static ulong WholeSquareRoot(UInt128 radicand)
    {
        double guess = Math.Sqrt((ulong)(radicand >> 64)) * 4294967296.0;
        ulong root = guess >= 18446744073709551615.0 ? ulong.MaxValue : (ulong)guess;
        UInt128 next = ((UInt128)root + radicand / root) >> 1;
        root = next > ulong.MaxValue ? ulong.MaxValue : (ulong)next;
        while ((UInt128)root * root > radicand)
            root--;
        while (root != ulong.MaxValue && (UInt128)(root + 1) * (root + 1) <= radicand)
            root++;
        return root;
    }
}

/// <summary>
/// A summand: significand · 2^(exponent - 126), with bit 126 set, so that a sum has room. So many zero bits follow the digits, or no such differences arise,
/// that a sticky bit never disturbs one.
/// </summary>
internal readonly record struct ExactNumber(bool Negative, int Exponent, UInt128 Significand)
{
    public static ExactNumber From(in FloatNumber number) => new(number.Negative, number.Exponent, (UInt128)number.Significand << 63);
}
