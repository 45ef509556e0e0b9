using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>YMM0 to YMM15; the lower halves are XMM0 to XMM15. SDM vol. 1, 14.1.1.</summary>
[InlineArray(16)]
internal struct VectorRegisters
{
    private Vector256<byte> _first;
}

/// <summary>Bits of MXCSR. SDM vol. 1, 10.2.3.</summary>
internal static class Mxcsr
{
    /// <summary>The value after a reset: every exception masked, rounding to nearest.</summary>
    public const uint Initial = 0x1F80;

    /// <summary>IE, DE, ZE, OE, UE and PE.</summary>
    public const uint ExceptionFlags = 0x3F;

    /// <summary>Denormals are zeros.</summary>
    public const uint DAZ = 1 << 6;

    /// <summary>IM to PM, in the order of the flags.</summary>
    public const uint ExceptionMasks = 0x3F << MaskShift;

    /// <summary>From a flag to its mask.</summary>
    public const int MaskShift = 7;

    /// <summary>Rounding control.</summary>
    public const uint RC = 3 << RoundingShift;

    /// <summary>Position of the rounding control.</summary>
    public const int RoundingShift = 13;

    /// <summary>Flush to zero.</summary>
    public const uint FZ = 1 << 15;

    /// <summary>Misaligned memory operands are not faults: AMD only. APM vol. 2, 11.4.</summary>
    public const uint MM = 1 << 17;

    /// <summary>The bits that a CPU model lets software set (MXCSR_MASK).</summary>
    public static uint Writable(CpuModel model) => model.Has(CpuFeature.Misalignsse) ? 0x2FFFFu : 0xFFFFu;
}
