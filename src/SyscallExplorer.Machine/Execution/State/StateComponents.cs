namespace SyscallExplorer.Machine;

/// <summary>State components of the XSAVE feature set, as bits of XCR0 and places in the XSAVE area. SDM vol. 1, 13.1 to 13.5.</summary>
internal static class StateComponents
{
    public const ulong X87 = 1;
    public const ulong Sse = 2;
    public const ulong Avx = 4;
    public const ulong SseAndAvx = Sse | Avx;
    public const ulong All = X87 | Sse | Avx;

    /// <summary>Bytes of the legacy region, which is FXSAVE's image.</summary>
    public const int LegacySize = 512;

    /// <summary>Bytes of the XSAVE header.</summary>
    public const int HeaderSize = 64;

    /// <summary>Offset of the upper halves of YMM0 to YMM15, in the standard and in the compacted format.</summary>
    public const int AvxOffset = LegacySize + HeaderSize;

    /// <summary>Bytes of the upper halves.</summary>
    public const int AvxSize = 16 * 16;

    /// <summary>Bytes of an area that holds all of it.</summary>
    public const int MaxSize = AvxOffset + AvxSize;

    /// <summary>What a CPU model lets XCR0 hold.</summary>
    public static ulong Supported(CpuModel model) => model.Has(CpuFeature.Avx) ? All : X87 | Sse;

    /// <summary>Bytes of an area for some components.</summary>
    public static int SizeFor(ulong components) => (components & Avx) != 0 ? MaxSize : AvxOffset;

    /// <summary>Whether XCR0 may hold a value: x87 always, AVX only with SSE. SDM vol. 1, 13.3.</summary>
    public static bool IsLegal(CpuModel model, ulong value) =>
        (value & X87) != 0 && (value & ~Supported(model)) == 0 && ((value & Avx) == 0 || (value & Sse) != 0);
}
