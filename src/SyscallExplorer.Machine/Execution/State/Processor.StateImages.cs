using System.Buffers.Binary;

namespace SyscallExplorer.Machine;

/// <content>
/// The x87, SSE and AVX state as images in memory, for an owner that switches tasks or builds signal frames. Whether the guest has switched the units on
/// does not matter, and it costs no cycles; what XCR0 does not hold is left out.
/// </content>
public sealed partial class Processor
{
    private const int AllVectors = 16;

    /// <summary>
    /// Fills an XSAVE area of the standard format, as XSAVE64 would fill one of zeros: the header tells which components are not in their initial state, and
    /// what is not asked for stays zero. SDM vol. 1, 13.7.
    /// </summary>
    /// <param name="area">At least <see cref="XsaveArea.SizeFor"/> bytes for the components that XCR0 holds.</param>
    /// <param name="components">Bit 0 x87, bit 1 SSE, bit 2 AVX; bits that XCR0 does not hold are passed over. MXCSR comes with SSE and with AVX.</param>
    /// <exception cref="ArgumentException">The area is too small.</exception>
    public void CaptureXsave(Span<byte> area, ulong components)
    {
        ulong requested = components & S.Xcr0;
        area = RequireArea(area, StateComponents.SizeFor(requested));
        area.Clear();
        XsaveImage.Store(this, requested, (requested & StateComponents.SseAndAvx) != 0, AllVectors, wide: true, area);
        BinaryPrimitives.WriteUInt64LittleEndian(area[XsaveImage.StateVectorOffset..], requested & XsaveImage.InUse(this));
    }

    /// <summary>
    /// Loads an XSAVE area as XRSTOR64 would: a component that its header does not name gets its initial state. SDM vol. 1, 13.8.
    /// </summary>
    /// <param name="area">At least <see cref="XsaveArea.SizeFor"/> bytes for the components that XCR0 holds.</param>
    /// <param name="components">The components to load; others keep their state. Bits that XCR0 does not hold are passed over.</param>
    /// <returns>
    /// False, and nothing has changed, where XRSTOR64 would raise #GP: reserved bits of MXCSR, components in the header that XCR0 does not hold, reserved
    /// bytes of the header.
    /// </returns>
    /// <exception cref="ArgumentException">The area is too small.</exception>
    public bool RestoreXsave(ReadOnlySpan<byte> area, ulong components = ulong.MaxValue)
    {
        ulong requested = components & S.Xcr0;
        Span<byte> image = stackalloc byte[StateComponents.MaxSize];
        RequireArea(area, StateComponents.SizeFor(requested)).CopyTo(image);
        return XsaveImage.TryLoad(this, requested, S.Xcr0, supervisor: false, AllVectors, wide: true, image);
    }

    /// <summary>
    /// Fills an FXSAVE image as FXSAVE64 would: x87, MXCSR and XMM0 to XMM15. What belongs to software, bytes 464 to 511, becomes zero. SDM vol. 2A, FXSAVE.
    /// </summary>
    /// <param name="image">At least <see cref="XsaveArea.FxsaveSize"/> bytes.</param>
    /// <exception cref="ArgumentException">The image is too small.</exception>
    public void CaptureFxsave(Span<byte> image)
    {
        image = RequireArea(image, XsaveArea.FxsaveSize);
        image.Clear();
        XsaveImage.Store(this, StateComponents.X87 | StateComponents.Sse, mxcsr: true, AllVectors, wide: true, image);
    }

    /// <summary>Loads an FXSAVE image as FXRSTOR64 would; the upper halves of the vector registers keep their values.</summary>
    /// <param name="image">At least <see cref="XsaveArea.FxsaveSize"/> bytes.</param>
    /// <returns>False, and nothing has changed, when MXCSR has a reserved bit set, where FXRSTOR64 would raise #GP.</returns>
    /// <exception cref="ArgumentException">The image is too small.</exception>
    public bool RestoreFxsave(ReadOnlySpan<byte> image)
    {
        Span<byte> copy = stackalloc byte[XsaveArea.FxsaveSize];
        RequireArea(image, XsaveArea.FxsaveSize).CopyTo(copy);
        return FxsaveInstructions.TryLoad(this, AllVectors, wide: true, copy);
    }

    private static Span<byte> RequireArea(Span<byte> area, int size)
    {
        RequireArea((ReadOnlySpan<byte>)area, size);
        return area[..size];
    }

    private static ReadOnlySpan<byte> RequireArea(ReadOnlySpan<byte> area, int size) =>
        area.Length >= size ? area[..size] : throw new ArgumentException($"The state takes {size} bytes, and this block has {area.Length}.", nameof(area));
}
