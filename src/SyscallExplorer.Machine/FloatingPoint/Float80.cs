namespace SyscallExplorer.Machine;

/// <summary>The 80 bits of the x87 double extended format, as registers and memory hold them. SDM vol. 1, 4.2.2.</summary>
/// <param name="Significand">The integer bit and the 63 bits of the fraction.</param>
/// <param name="SignExponent">The sign in bit 15 and the exponent, biased by 16383, below it.</param>
internal readonly record struct Float80(ulong Significand, ushort SignExponent)
{
    /// <summary>The negative quiet NaN that stands for the result of a masked invalid operation.</summary>
    public static Float80 Indefinite => new(0xC000_0000_0000_0000, 0xFFFF);

    public static Float80 One => new(FloatNumber.IntegerBit, 0x3FFF);

    public static Float80 Zero => default;

    public bool Negative => (SignExponent & 0x8000) != 0;

    public int BiasedExponent => SignExponent & 0x7FFF;
}
