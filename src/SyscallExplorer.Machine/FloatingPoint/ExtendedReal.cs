namespace SyscallExplorer.Machine;

/// <summary>An 80-bit value of the x87 double extended format, as a register of the x87 FPU holds it. SDM vol. 1, 4.2.2 and 8.2.</summary>
/// <param name="Significand">Bits 63:0; bit 63 is the integer bit. An MMX register is this part.</param>
/// <param name="SignAndExponent">Bits 79:64: the sign, and the exponent biased by 16383.</param>
internal readonly record struct ExtendedReal(ulong Significand, ushort SignAndExponent)
{
    /// <summary>The negative quiet NaN that stands for the result of a masked invalid operation.</summary>
    public static ExtendedReal Indefinite => new(0xC000_0000_0000_0000, 0xFFFF);

    public static ExtendedReal One => new(FloatNumber.IntegerBit, 0x3FFF);

    public static ExtendedReal Zero => default;

    public bool Negative => (SignAndExponent & 0x8000) != 0;

    public int BiasedExponent => SignAndExponent & 0x7FFF;
}
