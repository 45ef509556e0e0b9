using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>ROUNDPS, ROUNDPD, ROUNDSS, ROUNDSD. SDM vol. 2, each under its name; table 4-18 has the immediate.</summary>
internal static class VectorFloatRounding
{
    /// <summary>Bit 2 of the immediate: the mode is that of MXCSR and not the one in bits 1:0.</summary>
    private const int ModeOfMxcsr = 4;

    /// <summary>Bit 3 of the immediate: an inexact result does not raise precision.</summary>
    private const int SuppressPrecision = 8;

    public static void Register(VectorFloatForms forms) => forms.Elementwise<RoundRule>("round", ElementSources.One);

    private readonly struct RoundRule : IFloatElementRule
    {
        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits>
        {
            RoundingControl mode = (control & ModeOfMxcsr) != 0 ? context.Rounding : (RoundingControl)(control & 3);
            return FloatConversion.RoundToIntegral<TFormat, TBits>(right, mode, (control & SuppressPrecision) == 0, ref context);
        }
    }
}
