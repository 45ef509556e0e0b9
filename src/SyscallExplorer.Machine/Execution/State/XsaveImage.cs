using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>
/// The XSAVE area as bytes: what the instructions of the family and the owner of a processor put into it and take out of it. SDM vol. 1, 13.4 to 13.12.
/// </summary>
internal static class XsaveImage
{
    /// <summary>Offset of XSTATE_BV.</summary>
    public const int StateVectorOffset = StateComponents.LegacySize;

    /// <summary>Offset of XCOMP_BV.</summary>
    public const int CompactionOffset = StateVectorOffset + sizeof(ulong);

    /// <summary>Bit 63 of XCOMP_BV: the format is the compacted one.</summary>
    public const ulong Compacted = 1ul << 63;

    /// <summary>XINUSE: the components that are not in their initial state. SDM vol. 1, 13.6.</summary>
    public static ulong InUse(Processor cpu)
    {
        ref VectorRegisters vectors = ref cpu.S.Vectors;
        Vector256<byte> all = default;
        for (int i = 0; i < 16; i++)
            all |= vectors[i];
        return (cpu.S.X87.IsInitial ? 0 : StateComponents.X87)
            | (all.GetLower() == default ? 0 : StateComponents.Sse)
            | (all.GetUpper() == default ? 0 : StateComponents.Avx);
    }

    /// <summary>
    /// Puts components at their places, and leaves the header alone. With no supervisor component and AVX the only extended one, both formats have the
    /// same places.
    /// </summary>
    /// <param name="cpu">Whose registers.</param>
    /// <param name="components">Which of them.</param>
    /// <param name="mxcsr">MXCSR and its mask too.</param>
    /// <param name="vectors">Vector registers: 16, or those that the mode can name.</param>
    /// <param name="wide">The x87 pointers have 64 bits.</param>
    /// <param name="image">The area.</param>
    public static void Store(Processor cpu, ulong components, bool mxcsr, int vectors, bool wide, Span<byte> image)
    {
        if ((components & StateComponents.X87) != 0)
            LegacyRegion.StoreX87(cpu.S.X87.AsSavedBy(cpu.Model.Vendor), image, wide);
        if (mxcsr)
            LegacyRegion.StoreMxcsr(cpu.S.Mxcsr, Mxcsr.Writable(cpu.Model), image);
        if ((components & StateComponents.Sse) != 0)
            LegacyRegion.StoreXmm(cpu.S.Vectors, vectors, image);
        if ((components & StateComponents.Avx) != 0)
        {
            for (int i = 0; i < vectors; i++)
                MemoryMarshal.Write(image[(StateComponents.AvxOffset + i * 16)..], cpu.S.Vectors[i].GetUpper());
        }
    }

    /// <summary>As many parts as <see cref="Ranges"/> can have.</summary>
    public const int MaxRanges = 5;

    /// <summary>The parts of the area that <see cref="Store"/> fills.</summary>
    /// <returns>How many there are.</returns>
    public static int Ranges(ulong components, bool mxcsr, int vectors, Span<(int Start, int End)> ranges)
    {
        int count = 0;
        if ((components & StateComponents.X87) != 0)
        {
            foreach ((int Start, int End) range in LegacyRegion.X87Ranges)
                ranges[count++] = range;
        }

        if (mxcsr)
            ranges[count++] = (LegacyRegion.MxcsrOffset, LegacyRegion.MxcsrOffset + sizeof(ulong));
        if ((components & StateComponents.Sse) != 0)
            ranges[count++] = LegacyRegion.XmmRange(vectors);
        if ((components & StateComponents.Avx) != 0)
            ranges[count++] = (StateComponents.AvxOffset, StateComponents.AvxOffset + vectors * 16);
        return count;
    }

    /// <summary>Loads what is asked for; a component that the area does not hold gets its initial state.</summary>
    /// <param name="cpu">Whose registers.</param>
    /// <param name="requested">Components, all of them enabled.</param>
    /// <param name="enabled">Components that XCR0 and, for a supervisor, IA32_XSS enable.</param>
    /// <param name="supervisor">XRSTORS, which takes the compacted format only.</param>
    /// <param name="vectors">Vector registers: 16, or those that the mode can name.</param>
    /// <param name="wide">The x87 pointers have 64 bits.</param>
    /// <param name="image">The area.</param>
    /// <returns>False, and nothing has changed, when the header or MXCSR is illegal, which is #GP(0).</returns>
    public static bool TryLoad(Processor cpu, ulong requested, ulong enabled, bool supervisor, int vectors, bool wide, Span<byte> image)
    {
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(image[StateVectorOffset..]);
        ulong compaction = BinaryPrimitives.ReadUInt64LittleEndian(image[CompactionOffset..]);
        bool compacted = (compaction & Compacted) != 0;
        if (!IsHeaderLegal(cpu, image, present, compaction, enabled, supervisor))
            return false;

        ulong loaded = requested & present;

        // The standard format has MXCSR apart from the components; the compacted one counts it as SSE state. SDM vol. 1, 13.8.
        bool readsMxcsr = compacted ? (loaded & StateComponents.Sse) != 0 : (requested & StateComponents.SseAndAvx) != 0;
        uint mxcsr = readsMxcsr ? LegacyRegion.LoadMxcsr(image) : Mxcsr.Initial;
        if ((mxcsr & ~Mxcsr.Writable(cpu.Model)) != 0)
            return false;
        if (readsMxcsr || (requested & StateComponents.Sse) != 0)
            cpu.S.Mxcsr = mxcsr;
        LoadComponents(cpu, requested, loaded, vectors, wide, image);
        return true;
    }

    private static bool IsHeaderLegal(Processor cpu, ReadOnlySpan<byte> image, ulong present, ulong compaction, ulong enabled, bool supervisor)
    {
        bool compacted = (compaction & Compacted) != 0;
        int firstReserved = StateComponents.LegacySize + (compacted ? 16 : 8);
        int endReserved = StateComponents.LegacySize + (compacted ? StateComponents.HeaderSize : 24);
        if (image[firstReserved..endReserved].ContainsAnyExcept((byte)0))
            return false;
        if (!compacted)
            return !supervisor && (present & ~enabled) == 0;
        ulong components = compaction & ~Compacted;
        return cpu.Model.Has(CpuFeature.Xsavec) && (components & ~enabled) == 0 && (present & ~components) == 0;
    }

    private static void LoadComponents(Processor cpu, ulong requested, ulong loaded, int vectors, bool wide, Span<byte> image)
    {
        if ((requested & StateComponents.X87) != 0)
            cpu.S.X87 = (loaded & StateComponents.X87) != 0 ? LegacyRegion.LoadX87(image, wide) : X87State.Initial;

        if ((requested & StateComponents.Sse) != 0)
        {
            for (int i = 0; i < vectors; i++)
            {
                Vector128<byte> value = (loaded & StateComponents.Sse) != 0 ? MemoryMarshal.Read<Vector128<byte>>(LegacyRegion.Xmm(image, i)) : default;
                cpu.SetXmm(i, value);
            }
        }

        if ((requested & StateComponents.Avx) != 0)
        {
            for (int i = 0; i < vectors; i++)
            {
                Vector128<byte> upper = (loaded & StateComponents.Avx) != 0
                    ? MemoryMarshal.Read<Vector128<byte>>(image[(StateComponents.AvxOffset + i * 16)..])
                    : default;
                cpu.S.Vectors[i] = cpu.S.Vectors[i].WithUpper(upper);
            }
        }
    }
}
