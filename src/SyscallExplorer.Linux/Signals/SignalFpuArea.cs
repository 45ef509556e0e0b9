using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// The floating-point part of a signal frame: the image of XSAVE or FXSAVE on a boundary of 64 bytes, words by which programs find out how much
/// of it there is, and for 32-bit programs FSAVE's image before it.
/// </summary>
internal static class SignalFpuArea
{
    /// <summary>FP_XSTATE_MAGIC1, in the part of the legacy region that is software's.</summary>
    public const uint Magic1 = 0x4650_5853;

    /// <summary>FP_XSTATE_MAGIC2, behind the image.</summary>
    public const uint Magic2 = 0x4650_5845;

    private const int Magic2Size = 4;
    private const ulong Alignment = 64;
    private const int CheckedHeaderEnd = FpuFormat.LegacySize + 24;
    private const int ExtendedSize = 4, Features = 8, XstateSize = 16, SoftwareSize = 48;

    /// <summary>Where the area goes below a stack pointer.</summary>
    /// <returns>The address that the frame tells, and that of the image.</returns>
    public static (ulong State, ulong Image) Place(FpuFormat format, ulong stackPointer, bool compat)
    {
        ulong image = (stackPointer - (ulong)SizeInFrame(format)) & ~(Alignment - 1);
        return (compat ? image - LegacyFloatEnvironment.Size : image, image);
    }

    public static void Write(FrameWriter writer, FpuImage image, ulong address, bool compat, ushort codeSelector, ushort dataSelector)
    {
        FpuFormat format = image.Format;
        ReadOnlyMemory<byte> bytes = image.Bytes;
        if (compat)
            writer.Put(address - LegacyFloatEnvironment.Size, LegacyFloatEnvironment.FromImage(bytes.Span, codeSelector, dataSelector));
        if (!format.HasXsave)
        {
            writer.Put(address, bytes[..FpuImage.SoftwareReserved]).Put(address + FpuImage.SoftwareReserved, new byte[SoftwareSize]);
            return;
        }

        int extended = SizeInFrame(format) + (compat ? LegacyFloatEnvironment.Size : 0);
        CStructure software = new CStructure(compat: false).Int32((int)Magic1).Int32(extended).Int64((long)format.Components).Int32(format.Size);

        // Programs that know nothing of the header change only the legacy region, which must then count.
        CStructure header = new CStructure(compat: false).Int64((long)(image.Present | FpuFormat.LegacyComponents));
        writer.Put(address, bytes[..FpuImage.LegacyEnd])
            .Put(address + FpuImage.SoftwareReserved, software.Zeroes(SoftwareSize - software.Bytes.Length))
            .Put(address + FpuFormat.LegacySize, header.Zeroes(FpuFormat.MinimumXsaveSize - FpuFormat.LegacySize - sizeof(ulong)))
            .Put(address + FpuFormat.MinimumXsaveSize, bytes[FpuFormat.MinimumXsaveSize..])
            .Put(address + (ulong)format.Size, new CStructure(compat: false).Int32((int)Magic2));
    }

    /// <summary>Reads the area back.</summary>
    /// <returns>The registers, complete: what the area leaves out is in its initial state. Null where the kernel ends the program.</returns>
    public static FpuImage? Read(UserMemoryReader read, ulong state, FpuFormat format, bool compat, SignalFrameRules rules)
    {
        if (state == 0)
            return FpuImage.Initial(format);
        byte[] environment = new byte[LegacyFloatEnvironment.Size];
        ulong address = compat ? state + LegacyFloatEnvironment.Size : state;
        if (compat && !read(state, environment))
            return null;

        (int size, ulong wanted) = Extent(read, address, format);
        byte[] given = new byte[format.Size];
        if (!read(address, given.AsSpan(0, size)))
            return null;
        if (size > FpuFormat.LegacySize && !IsHeaderLegal(given, format, compat))
            return null;
        if (compat)
            LegacyFloatEnvironment.ToImage(environment, given);
        return Complete(given, size, wanted, format, compat, rules);
    }

    /// <summary>How much there is and which components may count. Without the magic words the area is FXSAVE's image and no more.</summary>
    private static (int Size, ulong Wanted) Extent(UserMemoryReader read, ulong address, FpuFormat format)
    {
        (int, ulong) legacy = (FpuFormat.LegacySize, FpuFormat.LegacyComponents);
        Span<byte> software = stackalloc byte[SoftwareSize];
        if (!format.HasXsave || !read(address + FpuImage.SoftwareReserved, software))
            return legacy;
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(software[XstateSize..]);
        uint extended = BinaryPrimitives.ReadUInt32LittleEndian(software[ExtendedSize..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(software) != Magic1 || size < FpuFormat.MinimumXsaveSize || size > format.Size || size > extended)
            return legacy;
        Span<byte> magic2 = stackalloc byte[Magic2Size];
        return read(address + size, magic2) && BinaryPrimitives.ReadUInt32LittleEndian(magic2) == Magic2
            ? ((int)size, BinaryPrimitives.ReadUInt64LittleEndian(software[Features..]) & format.Components)
            : legacy;
    }

    /// <summary>XRSTOR itself reads a 64-bit program's header and looks at 24 bytes of it; of a 32-bit program's the kernel looks at all.</summary>
    private static bool IsHeaderLegal(ReadOnlySpan<byte> image, FpuFormat format, bool compat) =>
        (BinaryPrimitives.ReadUInt64LittleEndian(image[FpuImage.PresentComponents..]) & ~format.Components) == 0
        && image[FpuImage.Compaction..(compat ? FpuFormat.MinimumXsaveSize : CheckedHeaderEnd)].IndexOfAnyExcept((byte)0) < 0;

    private static FpuImage? Complete(byte[] given, int size, ulong wanted, FpuFormat format, bool compat, SignalFrameRules rules)
    {
        bool isExtended = size > FpuFormat.LegacySize;
        ulong present = isExtended ? BinaryPrimitives.ReadUInt64LittleEndian(given.AsSpan(FpuImage.PresentComponents)) & wanted : wanted;
        byte[] complete = FpuImage.InitialBytes(format);
        if ((present & FpuFormat.X87) != 0)
        {
            given.AsSpan(0, FpuImage.Mxcsr).CopyTo(complete);
            given.AsSpan(FpuImage.FloatRegisters..FpuImage.VectorRegisters).CopyTo(complete.AsSpan(FpuImage.FloatRegisters));
        }

        // XRSTOR reads MXCSR whether or not the registers are there; the kernel, which repacks a 32-bit program's area, only with them.
        if (((compat ? present : wanted) & (FpuFormat.Sse | FpuFormat.Avx)) != 0)
        {
            uint mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(given.AsSpan(FpuImage.Mxcsr));
            if (rules.RefusesReservedMxcsr && (mxcsr & ~format.MxcsrMask) != 0)
                return null;
            BinaryPrimitives.WriteUInt32LittleEndian(complete.AsSpan(FpuImage.Mxcsr), mxcsr & format.MxcsrMask);
        }

        if ((present & FpuFormat.Sse) != 0)
            given.AsSpan(FpuImage.VectorRegisters..FpuImage.LegacyEnd).CopyTo(complete.AsSpan(FpuImage.VectorRegisters));
        if (format.HasXsave)
            BinaryPrimitives.WriteUInt64LittleEndian(complete.AsSpan(FpuImage.PresentComponents), present);
        if ((present & ~FpuFormat.LegacyComponents) != 0 && isExtended)
            given.AsSpan(FpuFormat.MinimumXsaveSize..size).CopyTo(complete.AsSpan(FpuFormat.MinimumXsaveSize));
        return new FpuImage(format, complete);
    }

    private static int SizeInFrame(FpuFormat format) => format.Size + (format.HasXsave ? Magic2Size : 0);
}
