namespace SyscallExplorer.Machine;

/// <summary>Results that are not numbers. SDM vol. 1, 4.8.3.4 to 4.8.3.7.</summary>
internal static class NotANumber
{
    /// <summary>The response to a masked invalid operation: the negative quiet NaN "real indefinite". SDM vol. 1, table 4-9.</summary>
    public static TBits Invalid<TFormat, TBits>(ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        context.Raised |= FloatExceptions.Invalid;
        return TFormat.Pack(negative: true, TFormat.MaxExponent + 1, FloatNumber.IntegerBit | FloatNumber.QuietBit);
    }

    /// <summary>The result of an operation of which at least one operand is no number. SDM vol. 1, table 4-7.</summary>
    public static TBits Propagate<TFormat, TBits>(in FloatNumber left, in FloatNumber right, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (left.Class == FloatClass.Unsupported || right.Class == FloatClass.Unsupported)
            return Invalid<TFormat, TBits>(ref context);
        if (left.Class == FloatClass.SignalingNaN || right.Class == FloatClass.SignalingNaN)
            context.Raised |= FloatExceptions.Invalid;
        bool first = !right.IsNaN || (left.IsNaN && (!TFormat.LargerNaNWins || WinsOver(left, right)));
        return Quiet<TFormat, TBits>(first ? left : right);
    }

    /// <summary>The result of an operation on one operand that is no number.</summary>
    public static TBits Propagate<TFormat, TBits>(in FloatNumber operand, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => Propagate<TFormat, TBits>(operand, operand, ref context);

    /// <summary>The NaN with its quiet bit set, as much of it as the format holds.</summary>
    public static TBits Quiet<TFormat, TBits>(in FloatNumber operand)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => TFormat.Pack(operand.Negative, TFormat.MaxExponent + 1, operand.Significand | FloatNumber.QuietBit);

    /// <summary>x87: a quiet NaN before a signaling one; of two alike the larger significand; of equal ones the positive.</summary>
    private static bool WinsOver(in FloatNumber left, in FloatNumber right)
    {
        if (left.Class != right.Class)
            return left.Class == FloatClass.QuietNaN;
        return left.Significand != right.Significand ? left.Significand > right.Significand : !left.Negative;
    }
}
