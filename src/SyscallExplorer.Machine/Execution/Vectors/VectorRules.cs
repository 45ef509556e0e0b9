using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>A function of two operands of 128 bits: a lane of an instruction, whatever its width and encoding.</summary>
internal interface ILaneRule
{
    static abstract Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right);
}

/// <summary>A function of two lanes and an immediate byte.</summary>
internal interface ILaneImmediateRule
{
    static abstract Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate);

    /// <summary>What the upper lane of a 256-bit form takes for the immediate.</summary>
    static virtual byte Upper(byte immediate) => immediate;
}

/// <summary>A function of one lane.</summary>
internal interface IUnaryLaneRule
{
    static abstract Vector128<byte> Apply(Vector128<byte> value);
}

/// <summary>A function of one lane and an immediate byte.</summary>
internal interface IUnaryImmediateRule
{
    static abstract Vector128<byte> Apply(Vector128<byte> value, byte immediate);

    /// <summary>What the upper lane of a 256-bit form takes for the immediate.</summary>
    static virtual byte Upper(byte immediate) => immediate;
}

/// <summary>A shift of one lane by a count that all elements share.</summary>
internal interface IShiftRule
{
    static abstract Vector128<byte> Apply(Vector128<byte> value, ulong count);
}

/// <summary>A function of two elements.</summary>
internal interface IElementRule<T>
{
    static abstract T Apply(T left, T right);
}

/// <summary>A rule that some hosts have an instruction for; the portable form is the truth.</summary>
internal interface IAcceleratedRule
{
    static abstract bool IsAccelerated { get; }

    static abstract Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right);

    static abstract Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right);
}

/// <summary>The host's instruction where it has one.</summary>
internal readonly struct Fastest<TRule> : ILaneRule
    where TRule : struct, IAcceleratedRule
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        TRule.IsAccelerated ? TRule.Accelerated(left, right) : TRule.Portable(left, right);
}

/// <summary>A rule of elements applied to each pair of them.</summary>
internal readonly struct Each<T, TRule> : ILaneRule
    where T : unmanaged
    where TRule : struct, IElementRule<T>
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
    {
        Vector128<byte> result = default;
        for (int i = 0; i < Vector128<T>.Count; i++)
            Elements.At<T>(ref result, i) = TRule.Apply(Elements.At<T>(ref left, i), Elements.At<T>(ref right, i));
        return result;
    }
}

/// <summary>A rule without an immediate where one with an immediate is wanted.</summary>
internal readonly struct Plain<TRule> : ILaneImmediateRule
    where TRule : struct, ILaneRule
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate) => TRule.Apply(left, right);
}

/// <summary>A unary rule without an immediate where one with an immediate is wanted.</summary>
internal readonly struct PlainUnary<TRule> : IUnaryImmediateRule
    where TRule : struct, IUnaryLaneRule
{
    public static Vector128<byte> Apply(Vector128<byte> value, byte immediate) => TRule.Apply(value);
}

/// <summary>The MMX form of a rule that takes all of its left operand before its right one: both halves of 64 bits make the left operand.</summary>
internal readonly struct Joined<TRule> : ILaneRule
    where TRule : struct, ILaneRule
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => TRule.Apply(Elements.Join(left, right), default);
}
