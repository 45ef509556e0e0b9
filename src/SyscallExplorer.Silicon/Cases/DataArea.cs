using System.Buffers.Binary;

namespace SyscallExplorer.Silicon;

/// <summary>A part of the data area and what it holds.</summary>
internal enum DataZone
{
    /// <summary>Addresses of INT3, one in each 8 bytes.</summary>
    CodeAddresses,

    /// <summary>What far returns and IRET pop, in words of 8 and of 4 bytes.</summary>
    FarFrames,

    /// <summary>XSAVE images, at multiples of 64.</summary>
    Images,

    /// <summary>80-bit reals and packed decimals, at multiples of 16.</summary>
    Extended,

    Double,
    Single,
    Integers,
    Mixed,
}

/// <summary>The data area before a case: values of every type, each type in its zone.</summary>
internal static class DataArea
{
    private static readonly (int Offset, int Size)[] Zones =
        [(0, 0x400), (0x400, 0x200), (0x600, 0x800), (0xE00, 0x200), (0x1000, 0x400), (0x1400, 0x400), (0x1800, 0x400), (0x1C00, 0x400)];

    /// <summary>First offset and size of a zone.</summary>
    public static (int Offset, int Size) Of(DataZone zone) => Zones[(int)zone];

    /// <summary>Fills the area.</summary>
    public static void Fill(CaseRandom random, Span<byte> data, ReadOnlySpan<byte> images)
    {
        Span<byte> Zone(Span<byte> all, DataZone zone) => all.Slice(Of(zone).Offset, Of(zone).Size);

        Span<byte> addresses = Zone(data, DataZone.CodeAddresses);
        for (int i = 0; i < addresses.Length; i += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(addresses[i..], CodeAddress(random));

        FillFarFrames(random, Zone(data, DataZone.FarFrames));

        Span<byte> saved = Zone(data, DataZone.Images);
        for (int i = 0; i + 1024 <= saved.Length; i += 1024)
        {
            images.Slice(random.Below(WorkerLayout.ImageCount) * WorkerLayout.ImageStride, WorkerLayout.ImageSize).CopyTo(saved[i..]);
            Header(random, saved.Slice(i + 512, 64));
        }

        Span<byte> extended = Zone(data, DataZone.Extended);
        for (int i = 0; i + 16 <= extended.Length; i += 16)
        {
            if (random.Percent(30))
                PackedDecimal(random, extended[i..]);
            else
                InterestingValues.Extended(random, extended[i..]);
            BinaryPrimitives.WriteUInt32LittleEndian(extended[(i + 10)..], (uint)random.Next());
        }

        ImageGenerator.FillVector(random, Zone(data, DataZone.Double), VectorContents.Double);
        ImageGenerator.FillVector(random, Zone(data, DataZone.Single), VectorContents.Single);
        ImageGenerator.FillVector(random, Zone(data, DataZone.Integers), VectorContents.Integer);
        Span<byte> mixed = Zone(data, DataZone.Mixed);
        for (int i = 0; i < mixed.Length; i += 64)
            ImageGenerator.FillVector(random, mixed.Slice(i, 64), (VectorContents)random.Below(6));
    }

    /// <summary>Where a branch may go: mostly INT3, else data, which cannot be executed, nothing, or no address at all.</summary>
    public static ulong CodeAddress(CaseRandom random) => random.Below(12) switch
    {
        0 => WorkerLayout.Data + (ulong)random.Below(WorkerLayout.DataSize),
        1 => WorkerLayout.Code - 1 - (ulong)random.Below(0x1000),
        2 => InterestingValues.Integer(random) | 1ul << 40,
        _ => WorkerLayout.Code + (ulong)random.Below(WorkerLayout.LandingSize - 64),
    };

    /// <summary>XSTATE_BV mostly legal; the rest of the header mostly zero.</summary>
    private static void Header(CaseRandom random, Span<byte> header)
    {
        header.Clear();
        header[0] = (byte)random.Below(8);
        if (random.Percent(15))
            header[random.Below(24)] = (byte)random.Next();
    }

    /// <summary>RIP, CS, RFLAGS, RSP, SS over and over; flags without TF, since nothing else would be compared.</summary>
    private static void FillFarFrames(CaseRandom random, Span<byte> zone)
    {
        int half = zone.Length / 2;
        for (int i = 0, word = 0; i + 8 <= half; i += 8, word++)
            BinaryPrimitives.WriteUInt64LittleEndian(zone[i..], FrameWord(random, word % 5));
        for (int i = half, word = 0; i + 4 <= zone.Length; i += 4, word++)
            BinaryPrimitives.WriteUInt32LittleEndian(zone[i..], (uint)FrameWord(random, word % 5));
    }

    private static ulong FrameWord(CaseRandom random, int index) => index switch
    {
        0 => CodeAddress(random),
        1 => random.Of<ulong>([UserSegments.Code64, UserSegments.Code64, UserSegments.Code32, UserSegments.Data, 0x10, 0, (ulong)random.Below(0x78)]),
        2 => 2 | (random.Next() & 0x0024_4ED5),
        3 => WorkerLayout.Data + (ulong)random.Below(WorkerLayout.DataSize),
        _ => random.Of<ulong>([UserSegments.Data, UserSegments.Data, UserSegments.Code64, 0, 0x18]),
    };

    private static void PackedDecimal(CaseRandom random, Span<byte> bytes)
    {
        for (int i = 0; i < 9; i++)
            bytes[i] = random.Percent(30) ? (byte)0 : (byte)(random.Below(10) << 4 | random.Below(10));
        bytes[9] = random.Percent(50) ? (byte)0 : (byte)0x80;
    }
}
