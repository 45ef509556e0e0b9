using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>The steps of AES on its state of four columns of four bytes. FIPS 197, 5.1 and 5.3.</summary>
internal static class AesState
{
    private static readonly byte[] Box = BuildBox();
    private static readonly byte[] InverseBox = Invert(Box);

    /// <summary>SubBytes and ShiftRows.</summary>
    public static Vector128<byte> Substitute(Vector128<byte> state) => Substitute(state, Box, step: 1);

    /// <summary>InvSubBytes and InvShiftRows.</summary>
    public static Vector128<byte> InverseSubstitute(Vector128<byte> state) => Substitute(state, InverseBox, step: 3);

    /// <summary>MixColumns: times 3x³ + x² + x + 2.</summary>
    public static Vector128<byte> MixColumns(Vector128<byte> state) => Multiply(state, 2, 3, 1, 1);

    /// <summary>InvMixColumns: times 11x³ + 13x² + 9x + 14.</summary>
    public static Vector128<byte> InverseMixColumns(Vector128<byte> state) => Multiply(state, 14, 11, 13, 9);

    /// <summary>SubWord.</summary>
    public static uint SubstituteWord(uint word) =>
        Box[word & 0xFF] | (uint)Box[word >> 8 & 0xFF] << 8 | (uint)Box[word >> 16 & 0xFF] << 16 | (uint)Box[word >> 24] << 24;

    /// <summary>Row r of column c comes from column c + r, or from column c - r, which is c + 3r modulo 4.</summary>
    private static Vector128<byte> Substitute(Vector128<byte> state, byte[] box, int step)
    {
        Vector128<byte> result = default;
        for (int column = 0; column < 4; column++)
        {
            for (int row = 0; row < 4; row++)
                Elements.At<byte>(ref result, column * 4 + row) = box[Elements.At<byte>(ref state, ((column + step * row) & 3) * 4 + row)];
        }

        return result;
    }

    /// <summary>Each column times a matrix whose rows are the given one, turned right once for each row.</summary>
    private static Vector128<byte> Multiply(Vector128<byte> state, int first, int second, int third, int fourth)
    {
        Vector128<byte> result = default;
        for (int column = 0; column < 16; column += 4)
        {
            for (int row = 0; row < 4; row++)
            {
                Elements.At<byte>(ref result, column + row) = (byte)(
                    Multiply(Elements.At<byte>(ref state, column + row), first)
                    ^ Multiply(Elements.At<byte>(ref state, column + ((row + 1) & 3)), second)
                    ^ Multiply(Elements.At<byte>(ref state, column + ((row + 2) & 3)), third)
                    ^ Multiply(Elements.At<byte>(ref state, column + ((row + 3) & 3)), fourth));
            }
        }

        return result;
    }

    /// <summary>The product in GF(2⁸) modulo x⁸ + x⁴ + x³ + x + 1. FIPS 197, 4.2.</summary>
    private static int Multiply(int left, int right)
    {
        int product = 0;
        for (; right != 0; right >>= 1)
        {
            if ((right & 1) != 0)
                product ^= left;
            left = (left << 1) ^ (left >> 7 & 1) * 0x11B;
        }

        return product;
    }

    /// <summary>The inverse in the field, then the affine map. FIPS 197, 5.1.1.</summary>
    private static byte[] BuildBox()
    {
        byte[] box = new byte[256];
        for (int value = 0; value < 256; value++)
        {
            // The inverse is the power of 254; that of 0 is 0.
            int inverse = 1;
            for (int i = 0; i < 254; i++)
                inverse = Multiply(inverse, value);
            int bits = inverse | inverse << 8;
            box[value] = (byte)(inverse ^ bits >> 7 ^ bits >> 6 ^ bits >> 5 ^ bits >> 4 ^ 0x63);
        }

        return box;
    }

    private static byte[] Invert(byte[] box)
    {
        byte[] inverse = new byte[256];
        for (int value = 0; value < 256; value++)
            inverse[box[value]] = (byte)value;
        return inverse;
    }
}
