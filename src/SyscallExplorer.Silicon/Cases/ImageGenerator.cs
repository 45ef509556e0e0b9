using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>What the vector registers of an XSAVE image hold.</summary>
internal enum VectorContents
{
    Single,
    Double,
    Integer,
    Bytes,
    Index,
    Half,
}

/// <summary>Fills XSAVE images: x87, SSE and AVX registers and their control words.</summary>
internal static class ImageGenerator
{
    private const int StackOffset = 32;
    private const int XmmOffset = 160;
    private const int HeaderOffset = 512;
    private const int YmmOffset = 576;
    private const int MaxIndex = 48;

    /// <summary>The kind of the image of an index; each kind has as many.</summary>
    public static VectorContents KindOf(int index) => (VectorContents)(index % 6);

    /// <summary>A random image whose vectors hold a kind of values.</summary>
    public static int Pick(CaseRandom random, VectorContents kind) => random.Below(WorkerLayout.ImageCount / 6) * 6 + (int)kind;

    /// <summary>The image that everything is reduced to: all registers zero, exceptions masked.</summary>
    public static byte[] Initial()
    {
        byte[] image = new byte[WorkerLayout.ImageSize];
        image[0] = 0x7F;
        image[1] = 0x03;
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(24), 0x1F80);
        image[HeaderOffset] = 7;
        return image;
    }

    /// <summary>Fills one image.</summary>
    public static void Fill(CaseRandom random, Span<byte> image, VectorContents kind, CpuModel model)
    {
        image[..WorkerLayout.ImageSize].Clear();
        ushort control = ControlWord(random);
        BinaryPrimitives.WriteUInt16LittleEndian(image, control);
        BinaryPrimitives.WriteUInt16LittleEndian(image[2..], StatusWord(random, control));
        image[4] = random.Percent(40) ? (byte)0xFF : (byte)random.Next();
        BinaryPrimitives.WriteUInt16LittleEndian(image[6..], (ushort)(random.Next() & 0x7FF));
        BinaryPrimitives.WriteUInt64LittleEndian(image[8..], random.Next() & 0x7FFF_FFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(image[16..], random.Next() & 0x7FFF_FFFF);
        BinaryPrimitives.WriteUInt32LittleEndian(image[24..], MediaControl(random, model));
        bool media = random.Percent(30);
        for (int i = 0; i < 8; i++)
        {
            Span<byte> register = image.Slice(StackOffset + i * 16, 10);
            InterestingValues.Extended(random, register);
            if (media)
            {
                FillVector(random, register[..8], kind);
                register[8] = register[9] = 0xFF;
            }
        }

        FillVector(random, image.Slice(XmmOffset, 256), kind);
        FillVector(random, image.Slice(YmmOffset, 256), kind);
        image[HeaderOffset] = 7;
    }

    /// <summary>Fills memory or registers with values of a kind.</summary>
    public static void FillVector(CaseRandom random, Span<byte> bytes, VectorContents kind)
    {
        switch (kind)
        {
            case VectorContents.Single:
                for (int i = 0; i + 4 <= bytes.Length; i += 4)
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes[i..], InterestingValues.Single(random));
                break;
            case VectorContents.Double:
                for (int i = 0; i + 8 <= bytes.Length; i += 8)
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], InterestingValues.Double(random));
                break;
            case VectorContents.Integer:
                for (int i = 0; i + 8 <= bytes.Length; i += 8)
                {
                    ulong value = InterestingValues.Integer(random);
                    int narrow = random.Below(4);
                    if (narrow == 0)
                        value = (value & 0xFFFF) | (InterestingValues.Integer(random) << 16 & 0xFFFF_0000) | InterestingValues.Integer(random) << 32;
                    else if (narrow == 1)
                        value = (uint)value | InterestingValues.Integer(random) << 32;
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], value);
                }

                break;
            case VectorContents.Index:
                bool wide = random.Percent(50);
                for (int i = 0; i + 8 <= bytes.Length; i += 8)
                {
                    long low = random.Below(2 * MaxIndex + 1) - MaxIndex;
                    long high = random.Below(2 * MaxIndex + 1) - MaxIndex;
                    BinaryPrimitives.WriteInt64LittleEndian(bytes[i..], wide ? low : (uint)low | high << 32);
                    if (random.Percent(40))
                        bytes[i + (random.Percent(50) ? 7 : 3)] ^= 0x80;
                }

                break;
            case VectorContents.Half:
                for (int i = 0; i + 2 <= bytes.Length; i += 2)
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[i..], InterestingValues.Half(random));
                break;
            default:
                random.Fill(bytes);
                break;
        }
    }

    /// <summary>MXCSR: mostly all masked; rounding, DAZ and FZ as they come; AMD's misaligned mode at times.</summary>
    private static uint MediaControl(CaseRandom random, CpuModel model)
    {
        uint value = random.Below(10) switch
        {
            < 4 => 0x1F80,
            < 9 => 0x1F80 | ((uint)random.Next() & 0xE07F),
            _ => (uint)random.Next() & 0xFFFF,
        };

        // Flags that are set and not masked raise nothing by themselves.
        if (model.Has(CpuFeature.Misalignsse) && random.Percent(10))
            value |= 1 << 17;
        return value;
    }

    private static ushort ControlWord(CaseRandom random) => (ushort)(random.Below(10) switch
    {
        < 4 => 0x037Fu,
        < 9 => 0x007Fu | ((uint)random.Next() & 0x1F00),
        _ => 0x0040u | ((uint)random.Next() & 0x1F3F),
    });

    private static ushort StatusWord(CaseRandom random, ushort control)
    {
        uint status = (uint)random.Next() & 0x7F00;
        if (random.Percent(30))
            status |= (uint)random.Next() & 0x7F;
        if (random.Percent(90))
            status &= control | ~0x3Fu;
        if ((status & ~control & 0x3F) != 0)
            status |= 0x8080;
        return (ushort)status;
    }
}
