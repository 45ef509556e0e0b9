namespace SyscallExplorer.Linux;

/// <summary>A division of 32 bits by a thousand as compilers write it: a product of 64 bits, of which the upper ones are the quotient.</summary>
internal static class DivideByThousand
{
    /// <summary>2^38 by a thousand, rounded up. A thousand times it is 56 too many, and 56 times 2^32 is less than 2^38: so the quotient is exact for all of 32 bits.</summary>
    public const int Multiplier = 274_877_907;

    /// <summary>Bits by which the product is shifted.</summary>
    public const byte Shift = 38;

    /// <summary>Bits by which the product's upper half is.</summary>
    public const byte ShiftOfUpperHalf = Shift - 32;
}
