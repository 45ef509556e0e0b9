using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>
/// The floating-point and vector registers as one block of bytes: the XSAVE area in the standard format with 64-bit pointers, for signal frames,
/// debuggers and comparisons. SDM vol. 1, 13.4.
/// </summary>
public static class XsaveArea
{
    /// <summary>Bytes of the block.</summary>
    public const int Size = StateComponents.MaxSize;

    /// <summary>Bytes of an FXSAVE image, with which an XSAVE area begins.</summary>
    public const int FxsaveSize = StateComponents.LegacySize;

    /// <summary>Bytes of an area in the standard format that holds some components, the header included.</summary>
    /// <param name="components">Bits of XCR0; those that there are not count nothing.</param>
    public static int SizeFor(ulong components) => StateComponents.SizeFor(components);

    /// <summary>The components that a CPU model's XCR0 can hold: bit 0 x87, bit 1 SSE, bit 2 AVX.</summary>
    public static ulong SupportedComponents(CpuModel model) => StateComponents.Supported(model);

    /// <summary>Reads all registers. The header says that every component is present.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="area">At least <see cref="Size"/> bytes.</param>
    /// <exception cref="ArgumentException">The block is too small.</exception>
    public static void Store(Processor cpu, Span<byte> area)
    {
        RequireSize(area.Length);
        area[..Size].Clear();
        LegacyRegion.StoreX87(cpu.S.X87, area, wide: true);
        LegacyRegion.StoreMxcsr(cpu.S.Mxcsr, Mxcsr.Writable(cpu.Model), area);
        LegacyRegion.StoreXmm(cpu.S.Vectors, 16, area);
        BinaryPrimitives.WriteUInt64LittleEndian(area[StateComponents.LegacySize..], StateComponents.Supported(cpu.Model));
        for (int i = 0; i < 16; i++)
            MemoryMarshal.Write(area[(StateComponents.AvxOffset + i * 16)..], cpu.S.Vectors[i].GetUpper());
    }

    /// <summary>Sets all registers, whatever the header says is present.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="area">At least <see cref="Size"/> bytes.</param>
    /// <exception cref="ArgumentException">The block is too small, or its MXCSR has a reserved bit set; nothing was changed.</exception>
    public static void Load(Processor cpu, ReadOnlySpan<byte> area)
    {
        RequireSize(area.Length);
        uint mxcsr = LegacyRegion.LoadMxcsr(area);
        if ((mxcsr & ~Mxcsr.Writable(cpu.Model)) != 0)
            throw new ArgumentException($"MXCSR {mxcsr:x}h in the area has bits that {cpu.Model.Name} reserves; it knows {Mxcsr.Writable(cpu.Model):x}h.", nameof(area));
        cpu.S.X87 = LegacyRegion.LoadX87(area, wide: true);
        cpu.S.Mxcsr = mxcsr;
        Span<byte> copy = stackalloc byte[Size];
        area[..Size].CopyTo(copy);
        LegacyRegion.LoadXmm(ref cpu.S.Vectors, 16, copy);
        for (int i = 0; i < 16; i++)
            cpu.S.Vectors[i] = cpu.S.Vectors[i].WithUpper(MemoryMarshal.Read<Vector128<byte>>(area[(StateComponents.AvxOffset + i * 16)..]));
    }

    private static void RequireSize(int length)
    {
        if (length < Size)
            throw new ArgumentException($"An XSAVE area is {Size} bytes, and this block has {length}.", "area");
    }
}
