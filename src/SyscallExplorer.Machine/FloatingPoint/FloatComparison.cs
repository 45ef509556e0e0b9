namespace SyscallExplorer.Machine;

/// <summary>How two numbers compare.</summary>
internal enum FloatOrder : byte
{
    Less,
    Equal,
    Greater,
    Unordered,
}

/// <summary>Comparisons, minimum and maximum. SDM vol. 1, 4.8.2, and vol. 2, CMPPD, COMISD, MINSD, FCOM.</summary>
internal static class FloatComparison
{
    /// <param name="left">The first operand.</param>
    /// <param name="right">The second operand.</param>
    /// <param name="signaling">Whether a quiet NaN is an invalid operand too: COMISD, FCOM and half of the predicates of CMPPD.</param>
    /// <param name="context">Controls and flags.</param>
    public static FloatOrder Compare<TFormat, TBits>(TBits left, TBits right, bool signaling, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => Compare(TFormat.Unpack(left, context), TFormat.Unpack(right, context), signaling, ref context);

    public static FloatOrder Compare(in FloatNumber left, in FloatNumber right, bool signaling, ref FloatContext context)
    {
        if (!left.IsNumber || !right.IsNumber)
        {
            if (signaling || left.Class > FloatClass.QuietNaN || right.Class > FloatClass.QuietNaN)
                context.Raised |= FloatExceptions.Invalid;
            return FloatOrder.Unordered;
        }
        context.StopsAtDenormal(left.Denormal | right.Denormal);
        return Order(left, right);
    }

    /// <summary>MINPS and its kin: the second operand when either is NaN, and of two zeros. SDM vol. 2, MINPS.</summary>
    public static TBits Minimum<TFormat, TBits>(TBits left, TBits right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => Select<TFormat, TBits>(left, right, FloatOrder.Less, ref context);

    /// <summary>MAXPS and its kin: the second operand when either is NaN, and of two zeros. SDM vol. 2, MAXPS.</summary>
    public static TBits Maximum<TFormat, TBits>(TBits left, TBits right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => Select<TFormat, TBits>(left, right, FloatOrder.Greater, ref context);

    private static TBits Select<TFormat, TBits>(TBits left, TBits right, FloatOrder first, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        FloatNumber a = TFormat.Unpack(left, context), b = TFormat.Unpack(right, context);
        bool isFirst = Compare(a, b, signaling: true, ref context) == first;
        FloatNumber chosen = isFirst ? a : b;
        return chosen.Class == FloatClass.Zero ? TFormat.Pack(chosen.Negative, 0, 0) : isFirst ? left : right;
    }

    private static FloatOrder Order(in FloatNumber left, in FloatNumber right)
    {
        if (left.Class == FloatClass.Zero && right.Class == FloatClass.Zero)
            return FloatOrder.Equal;
        if (left.Class == FloatClass.Zero)
            return right.Negative ? FloatOrder.Greater : FloatOrder.Less;
        if (right.Class == FloatClass.Zero || left.Negative != right.Negative)
            return left.Negative ? FloatOrder.Less : FloatOrder.Greater;
        int magnitude = Magnitude(left, right);
        return magnitude == 0 ? FloatOrder.Equal : magnitude > 0 != left.Negative ? FloatOrder.Greater : FloatOrder.Less;
    }

    private static int Magnitude(in FloatNumber left, in FloatNumber right)
    {
        if (left.Class != right.Class)
            return left.Class == FloatClass.Infinity ? 1 : -1;
        if (left.Class == FloatClass.Infinity)
            return 0;
        return left.Exponent != right.Exponent ? left.Exponent.CompareTo(right.Exponent) : left.Significand.CompareTo(right.Significand);
    }
}
