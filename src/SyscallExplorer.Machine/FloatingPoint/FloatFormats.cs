using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>Half precision. SDM vol. 1, 4.2.2.</summary>
internal readonly struct Binary16 : IFloatFormat<ushort>
{
    public static int Precision => 11;
    public static int MaxExponent => 15;
    public static int MinExponent => -14;
    public static int ExponentWrap => 0;
    public static bool LargerNaNWins => false;
    public static int RoundingPrecision(in FloatContext context) => Precision;
    public static FloatNumber Unpack(ushort bits, in FloatContext context) => Interchange.Unpack(bits, 11, 5, context.DenormalsAreZero);
    public static ushort Pack(bool negative, int exponent, ulong significand) => (ushort)Interchange.Pack(negative, exponent, significand, 11, 5);
}

/// <summary>Single precision.</summary>
internal readonly struct Binary32 : IFloatFormat<uint>
{
    public static int Precision => 24;
    public static int MaxExponent => 127;
    public static int MinExponent => -126;
    public static int ExponentWrap => 0;
    public static bool LargerNaNWins => false;
    public static int RoundingPrecision(in FloatContext context) => Precision;
    public static FloatNumber Unpack(uint bits, in FloatContext context) => Interchange.Unpack(bits, 24, 8, context.DenormalsAreZero);
    public static uint Pack(bool negative, int exponent, ulong significand) => (uint)Interchange.Pack(negative, exponent, significand, 24, 8);
}

/// <summary>Double precision.</summary>
internal readonly struct Binary64 : IFloatFormat<ulong>
{
    public static int Precision => 53;
    public static int MaxExponent => 1023;
    public static int MinExponent => -1022;
    public static int ExponentWrap => 0;
    public static bool LargerNaNWins => false;
    public static int RoundingPrecision(in FloatContext context) => Precision;
    public static FloatNumber Unpack(ulong bits, in FloatContext context) => Interchange.Unpack(bits, 53, 11, context.DenormalsAreZero);
    public static ulong Pack(bool negative, int exponent, ulong significand) => Interchange.Pack(negative, exponent, significand, 53, 11);
}

/// <summary>The x87 double extended format. SDM vol. 1, 4.2.2 and 8.2.</summary>
internal readonly struct Extended : IFloatFormat<ExtendedReal>
{
    public const int FullPrecision = 64;
    private const int Special = 0x7FFF;

    public static int Precision => FullPrecision;
    public static int MaxExponent => 16383;
    public static int MinExponent => -16382;
    public static int ExponentWrap => 24576;
    public static bool LargerNaNWins => true;
    public static int RoundingPrecision(in FloatContext context) => context.ExtendedPrecision;

    public static FloatNumber Unpack(ExtendedReal bits, in FloatContext context) => Unpack(bits);

    public static FloatNumber Unpack(ExtendedReal bits)
    {
        bool negative = bits.Negative;
        ulong significand = bits.Significand;
        bool integer = (significand & FloatNumber.IntegerBit) != 0;
        int biased = bits.BiasedExponent;
        if (biased == 0)
        {
            if (significand == 0)
                return FloatNumber.Zero(negative);
            int shift = BitOperations.LeadingZeroCount(significand);
            return new(FloatClass.Finite, negative, MinExponent - shift, significand << shift, denormal: true);
        }
        if (!integer)
            return new(FloatClass.Unsupported, negative, MaxExponent + 1, significand);
        if (biased < Special)
            return new(FloatClass.Finite, negative, biased - MaxExponent, significand);
        FloatClass kind = significand == FloatNumber.IntegerBit ? FloatClass.Infinity
            : (significand & FloatNumber.QuietBit) != 0 ? FloatClass.QuietNaN : FloatClass.SignalingNaN;
        return new(kind, negative, MaxExponent + 1, significand);
    }

    public static ExtendedReal Pack(bool negative, int exponent, ulong significand)
    {
        int biased = (significand & FloatNumber.IntegerBit) != 0 ? exponent + MaxExponent : 0;
        return new(significand, (ushort)(biased | (negative ? 0x8000 : 0)));
    }
}

/// <summary>The layout that half, single and double precision share: sign, biased exponent, fraction without its integer bit.</summary>
internal static class Interchange
{
    public static FloatNumber Unpack(ulong bits, int precision, int exponentBits, bool denormalsAreZero)
    {
        int special = (1 << exponentBits) - 1;
        int bias = special >> 1;
        bool negative = ((bits >> (precision - 1 + exponentBits)) & 1) != 0;
        int biased = (int)(bits >> (precision - 1)) & special;
        ulong fraction = (bits << (64 - precision)) & ~FloatNumber.IntegerBit;
        if (biased == special)
        {
            FloatClass kind = fraction == 0 ? FloatClass.Infinity : (fraction & FloatNumber.QuietBit) != 0 ? FloatClass.QuietNaN : FloatClass.SignalingNaN;
            return new(kind, negative, bias + 1, fraction | FloatNumber.IntegerBit);
        }
        if (biased != 0)
            return new(FloatClass.Finite, negative, biased - bias, fraction | FloatNumber.IntegerBit);
        if (fraction == 0 || denormalsAreZero)
            return FloatNumber.Zero(negative);
        int shift = BitOperations.LeadingZeroCount(fraction);
        return new(FloatClass.Finite, negative, 1 - bias - shift, fraction << shift, denormal: true);
    }

    public static ulong Pack(bool negative, int exponent, ulong significand, int precision, int exponentBits)
    {
        int bias = (1 << (exponentBits - 1)) - 1;
        ulong biased = (significand & FloatNumber.IntegerBit) != 0 ? (ulong)(exponent + bias) : 0;
        ulong sign = negative ? 1UL : 0;
        return (sign << (precision - 1 + exponentBits)) | (biased << (precision - 1)) | ((significand & ~FloatNumber.IntegerBit) >> (64 - precision));
    }
}
