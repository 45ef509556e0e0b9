using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>
/// RCPPS, RCPSS, RSQRTPS, RSQRTSS: estimates whose relative error is at most 1.5·2^-12, which meet no exception and look at no control of MXCSR.
/// SDM vol. 2, each under its name.
/// </summary>
/// <remarks>Which estimate it is depends on the vendor: <see cref="AmdReciprocalTables"/> and <see cref="IntelReciprocals"/>.</remarks>
internal static class Reciprocals
{
    private const uint Sign = 0x8000_0000;
    private const uint Infinity = 0x7F80_0000;
    private const uint QuietBit = 0x0040_0000;
    private const uint Indefinite = 0xFFC0_0000;
    private const int FractionBits = 23;
    private const int Special = 255;

    /// <summary>Estimates have 13 bits of significand.</summary>
    private const int EstimateBits = 12;

    /// <summary>The biased exponent of the estimates of numbers from 1 on: they are just below 1.</summary>
    private const int EstimateExponent = 126;

    public static void Register(VectorFloatForms forms)
    {
        forms.Elementwise<Binary32, uint, RcpRule>("rcp", "s", ElementSources.One);
        forms.Elementwise<Binary32, uint, RsqrtRule>("rsqrt", "s", ElementSources.One);
    }

    /// <summary>An estimate of 1 / x. Denormal operands are zeros, and so are results below the normal numbers.</summary>
    public static uint Reciprocal(uint value, CpuVendor vendor)
    {
        int exponent = (int)(value >> FractionBits) & Special;
        if (exponent == 0)
            return (value & Sign) | Infinity;
        if (exponent == Special)
            return IsNaN(value) ? value | QuietBit : value & Sign;
        int result = EstimateExponent + 127 - exponent;
        if (result <= 0)
            return value & Sign;
        uint fraction = (value >> (FractionBits - EstimateBits)) & ((1 << EstimateBits) - 1);
        uint estimate = vendor == CpuVendor.Amd ? AmdReciprocalTables.Reciprocal(fraction) : IntelReciprocals.Reciprocal(fraction);
        return (value & Sign) | Compose(result, estimate);
    }

    /// <summary>An estimate of 1 / √x. Denormal operands are zeros; negative numbers give the indefinite value.</summary>
    public static uint ReciprocalRoot(uint value, CpuVendor vendor)
    {
        int exponent = (int)(value >> FractionBits) & Special;
        if (exponent == 0)
            return (value & Sign) | Infinity;
        if (IsNaN(value))
            return value | QuietBit;
        if ((value & Sign) != 0)
            return Indefinite;
        if (exponent == Special)
            return 0;
        bool odd = (exponent & 1) == 0;
        uint fraction = (value >> (FractionBits - EstimateBits)) & ((1 << EstimateBits) - 1);
        uint estimate = (vendor == CpuVendor.Amd, odd) switch
        {
            (true, false) => AmdReciprocalTables.RootOfOne(fraction),
            (true, true) => AmdReciprocalTables.RootOfTwo(fraction),
            (false, _) => IntelReciprocals.Root(fraction, odd),
        };
        return Compose(EstimateExponent - (exponent - (odd ? 128 : 127)) / 2, estimate);
    }

    private static bool IsNaN(uint value) => (value & ~Sign) > Infinity;

    private static uint Compose(int exponent, uint estimate) =>
        ((uint)exponent << FractionBits) | ((estimate & ((1 << EstimateBits) - 1)) << (FractionBits - EstimateBits));

    private readonly struct RcpRule : IFloatElementRule
    {
        public static int Control<TEncoding>(Processor cpu, Operation op) where TEncoding : struct, IFloatEncoding => (int)cpu.Model.Vendor;

        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits> => TBits.CreateTruncating(Reciprocal(uint.CreateTruncating(right), (CpuVendor)control));
    }

    private readonly struct RsqrtRule : IFloatElementRule
    {
        public static int Control<TEncoding>(Processor cpu, Operation op) where TEncoding : struct, IFloatEncoding => (int)cpu.Model.Vendor;

        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits> => TBits.CreateTruncating(ReciprocalRoot(uint.CreateTruncating(right), (CpuVendor)control));
    }
}

/// <summary>
/// Estimates for the Intel models: the exact value at the middle of each of 2048 intervals, rounded to 13 bits. They are within Intel's bound of 1.5·2^-12, but
/// Intel does not publish its tables, and bits of silicon may differ. SDM vol. 2, RCPPS and RSQRTPS.
/// </summary>
internal static class IntelReciprocals
{
    /// <summary>8192 / x for the twelve bits of a fraction.</summary>
    public static uint Reciprocal(uint fraction)
    {
        uint middle = 4096 + (fraction | 1);
        return ((2u << 25) + middle) / (2 * middle);
    }

    /// <summary>8192 / √x for the twelve bits of a fraction, where x is in [1, 2), or in [2, 4) with an odd exponent.</summary>
    /// <remarks>Division and square root are exact to the last bit on every host.</remarks>
    public static uint Root(uint fraction, bool odd)
    {
        double middle = (4096 + ((fraction & ~3u) | 2)) / 4096.0;
        return (uint)(8192 / Math.Sqrt(odd ? 2 * middle : middle) + 0.5);
    }
}
