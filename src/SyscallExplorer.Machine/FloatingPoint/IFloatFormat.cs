namespace SyscallExplorer.Machine;

/// <summary>What operations must know of a format: its limits, and how it is taken apart and put together.</summary>
/// <typeparam name="TBits">What holds its encodings.</typeparam>
internal interface IFloatFormat<TBits> where TBits : unmanaged
{
    /// <summary>Bits of the significand, with the integer bit.</summary>
    static abstract int Precision { get; }

    /// <summary>The exponent of the largest number, which is also the bias.</summary>
    static abstract int MaxExponent { get; }

    /// <summary>The exponent of the smallest normal number.</summary>
    static abstract int MinExponent { get; }

    /// <summary>How many bits results are rounded to.</summary>
    static abstract int RoundingPrecision(in FloatContext context);

    /// <summary>What an unmasked overflow takes from the exponent and an unmasked underflow adds to it, or 0 where no result is delivered.</summary>
    static abstract int ExponentWrap { get; }

    /// <summary>Whether, of two NaNs, the one with the larger significand is the result, as the x87 FPU has it, or the first one, as SSE has it.</summary>
    static abstract bool LargerNaNWins { get; }

    static abstract FloatNumber Unpack(TBits bits, in FloatContext context);

    /// <summary>Encodes what is representable.</summary>
    /// <param name="negative">The sign.</param>
    /// <param name="exponent">
    /// The exponent of bit 63; <see cref="MaxExponent"/> + 1 for infinities and NaNs. Without bit 63 the number is zero or denormal, whatever stands here.
    /// </param>
    /// <param name="significand">The significand, its integer bit at bit 63.</param>
    static abstract TBits Pack(bool negative, int exponent, ulong significand);
}
