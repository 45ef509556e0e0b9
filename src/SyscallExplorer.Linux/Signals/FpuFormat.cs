namespace SyscallExplorer.Linux;

/// <summary>How a kernel keeps the floating-point and vector registers of its programs. SDM vol. 1, 13.4; 10.5.1 for the legacy region.</summary>
/// <param name="Size">Bytes of the image without what a signal frame adds.</param>
/// <param name="Components">The components of XCR0, or 0 on a processor without XSAVE.</param>
/// <param name="MxcsrMask">The bits that MXCSR has.</param>
internal sealed record FpuFormat(int Size, ulong Components, uint MxcsrMask)
{
    /// <summary>Bytes of FXSAVE's image.</summary>
    public const int LegacySize = 512;

    /// <summary>Bytes of the legacy region and the XSAVE header.</summary>
    public const int MinimumXsaveSize = LegacySize + HeaderSize;

    /// <summary>x87 and SSE, which the legacy region holds.</summary>
    public const ulong LegacyComponents = 3;

    public const ulong X87 = 1;
    public const ulong Sse = 2;
    public const ulong Avx = 4;

    private const int HeaderSize = 64;

    public bool HasXsave => Components != 0;
}
