namespace SyscallExplorer.Machine;

/// <summary>What kind of value an encoding stands for. From <see cref="QuietNaN"/> on, arithmetic has no number to work with.</summary>
internal enum FloatClass : byte
{
    Zero,
    Finite,
    Infinity,
    QuietNaN,
    SignalingNaN,

    /// <summary>An x87 encoding that no processor since the 387 produces or accepts: pseudo-NaN, pseudo-infinity, unnormal. SDM vol. 1, 8.2.2.</summary>
    Unsupported,
}

/// <summary>A floating-point number taken apart, the same way whatever its format.</summary>
internal readonly struct FloatNumber(FloatClass @class, bool negative, int exponent, ulong significand, bool denormal = false)
{
    public const ulong IntegerBit = 1UL << 63;
    public const ulong QuietBit = 1UL << 62;

    /// <summary>The significand with its integer bit at bit 63. Of a NaN the payload in the same place: formats exchange it by cutting its low end.</summary>
    public readonly ulong Significand = significand;

    /// <summary>The power of two of the integer bit: the value is <see cref="Significand"/> · 2^(Exponent - 63).</summary>
    public readonly int Exponent = exponent;

    public readonly FloatClass Class = @class;

    public readonly bool Negative = negative;

    /// <summary>Whether the encoding was a denormal one, which raises the denormal-operand exception.</summary>
    public readonly bool Denormal = denormal;

    public bool IsNumber => Class < FloatClass.QuietNaN;

    public bool IsNaN => Class is FloatClass.QuietNaN or FloatClass.SignalingNaN;

    public bool IsFinite => Class <= FloatClass.Finite;

    public FloatNumber Negated => new(Class, !Negative, Exponent, Significand, Denormal);

    public static FloatNumber Zero(bool negative) => new(FloatClass.Zero, negative, 0, 0);

    /// <summary>A whole number, exact in the 64 bits of a significand.</summary>
    public static FloatNumber FromInteger(bool negative, ulong magnitude)
    {
        if (magnitude == 0)
            return Zero(negative: false);
        int shift = System.Numerics.BitOperations.LeadingZeroCount(magnitude);
        return new(FloatClass.Finite, negative, 63 - shift, magnitude << shift);
    }

    public static FloatNumber FromInteger(long value) => FromInteger(value < 0, value < 0 ? unchecked(0UL - (ulong)value) : (ulong)value);
}
