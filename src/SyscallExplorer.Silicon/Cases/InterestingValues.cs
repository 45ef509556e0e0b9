using System.Buffers.Binary;

namespace SyscallExplorer.Silicon;

/// <summary>Values at which instructions change their mind: extremes, neighbours of powers of two, and the special cases of floating point.</summary>
internal static class InterestingValues
{
    private static readonly ulong[] Integers =
    [
        0, 1, 2, 3, 7, 8, 0xF, 0x10, 0x1F, 0x20, 0x3F, 0x40, 0x7F, 0x80, 0x81, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000,
        0xFFFF_FFFF, 0x1_0000_0000, long.MaxValue, 1ul << 63, ulong.MaxValue, ulong.MaxValue - 1, 0xFFFF_FFFF_8000_0000, 0xFFFF_FFFF_FFFF_FF80,
        0xFFFF_FFFF_FFFF_8000, 0x0123_4567_89AB_CDEF, 0xAAAA_AAAA_AAAA_AAAA, 0x5555_5555_5555_5555, 0x00FF_00FF_00FF_00FF,
    ];

    private static readonly ushort[] Halves = [0, 0x8000, 1, 0x3FF, 0x400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7C01, 0x7E00, 0xFE01, 0x3555];

    private static readonly uint[] Singles =
    [
        0, 0x8000_0000, 1, 0x8000_0001, 0x007F_FFFF, 0x0080_0000, 0x8080_0000, 0x3F80_0000, 0xBF80_0000, 0x3F80_0001, 0x3F7F_FFFF, 0x3F00_0000, 0x3FC0_0000,
        0x4000_0000, 0x4040_0000, 0x4B00_0000, 0x4B7F_FFFF, 0x4F00_0000, 0xCF00_0000, 0x4EFF_FFFF, 0x4F80_0000, 0x5F00_0000, 0xDF00_0000, 0x7F7F_FFFF,
        0xFF7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7F80_0001, 0xFFBF_FFFF, 0x7FC0_0000, 0xFFC0_0000, 0x7FC1_2345, 0x3EAA_AAAB, 0x4049_0FDB, 0x1F80_0000, 0x5F7F_FFFF,
    ];

    private static readonly ulong[] Doubles =
    [
        0, 1ul << 63, 1, 0x8000_0000_0000_0001, 0x000F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000, 0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000,
        0x3FF0_0000_0000_0001, 0x3FEF_FFFF_FFFF_FFFF, 0x3FE0_0000_0000_0000, 0x3FF8_0000_0000_0000, 0x4000_0000_0000_0000, 0x4008_0000_0000_0000,
        0x41DF_FFFF_FFC0_0000, 0x41E0_0000_0000_0000, 0xC1E0_0000_0000_0000, 0x41DF_FFFF_FFE0_0000, 0x41EF_FFFF_FFF0_0000, 0x4330_0000_0000_0000,
        0x433F_FFFF_FFFF_FFFF, 0x43E0_0000_0000_0000, 0xC3E0_0000_0000_0000, 0x43DF_FFFF_FFFF_FFFF, 0x7FEF_FFFF_FFFF_FFFF, 0xFFEF_FFFF_FFFF_FFFF,
        0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 0x7FF0_0000_0000_0001, 0xFFF7_FFFF_FFFF_FFFF, 0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0000,
        0x47EF_FFFF_E000_0000, 0x47EF_FFFF_F000_0000, 0x3810_0000_0000_0000, 0x3690_0000_0000_0000, 0x36A0_0000_0000_0000, 0x400921FB_54442D18, 0x3FD5_5555_5555_5555,
    ];

    private static readonly ushort[] ExtendedExponents =
        [0, 0, 1, 2, 0x3FFF, 0x3FFE, 0x4000, 0x403D, 0x403E, 0x403F, 0x401E, 0x401F, 0x7FFE, 0x7FFF, 0x7FFF, 0x3FBE, 0x3C00, 0x43FF, 0x3F80, 0x407F, 0x4000 + 62];

    private static readonly ulong[] Significands =
        [0, 1, 1ul << 63, 0x8000_0000_0000_0001, ulong.MaxValue, 0xC000_0000_0000_0000, 0xBFFF_FFFF_FFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 0xA000_0000_0000_0000, 0xC90F_DAA2_2168_C235, 0x8000_0000_0000_0400];

    /// <summary>An integer of 64 bits.</summary>
    public static ulong Integer(CaseRandom random) => random.Below(8) switch
    {
        < 4 => random.Of<ulong>(Integers),
        4 => random.Of<ulong>(Integers) + (ulong)random.Below(5) - 2,
        5 => random.Next() >> random.Below(64),
        _ => random.Next(),
    };

    /// <summary>A number in half precision.</summary>
    public static ushort Half(CaseRandom random) => random.Percent(50) ? random.Of<ushort>(Halves) : (ushort)random.Next();

    /// <summary>A number in single precision: half of them special, some small whole numbers, some near one another.</summary>
    public static uint Single(CaseRandom random) => random.Below(8) switch
    {
        < 4 => random.Of<uint>(Singles),
        4 => BitConverter.SingleToUInt32Bits(random.Below(2001) - 1000),
        5 => 0x3F80_0000 + ((uint)random.Below(1 << 26) - (1u << 25)),
        6 => random.Of<uint>(Singles) + (uint)random.Below(5) - 2,
        _ => (uint)random.Next(),
    };

    /// <summary>A number in double precision.</summary>
    public static ulong Double(CaseRandom random) => random.Below(8) switch
    {
        < 4 => random.Of<ulong>(Doubles),
        4 => BitConverter.DoubleToUInt64Bits(random.Below(200_001) - 100_000),
        5 => 0x3FF0_0000_0000_0000 + (random.Next() >> 9) - (1ul << 54),
        6 => random.Of<ulong>(Doubles) + (ulong)random.Below(5) - 2,
        _ => random.Next(),
    };

    /// <summary>A number in double extended precision, ten bytes; unsupported encodings are among them.</summary>
    public static void Extended(CaseRandom random, Span<byte> bytes)
    {
        ulong significand = random.Percent(40) ? random.Of<ulong>(Significands) : random.Next() | 1ul << 63;
        int exponent = random.Below(4) switch
        {
            0 => random.Of<ushort>(ExtendedExponents),
            1 => random.Below(0x8000),
            _ => 0x3FFF + random.Below(140) - 70,
        };
        switch (random.Below(16))
        {
            case 0:
                significand = random.Next();
                break;
            case 1:
                (exponent, significand) = (0, 0);
                break;
            case 2:
                (exponent, significand) = (0x7FFF, 1ul << 63);
                break;
            case 3:
                exponent = 0x3FFF + random.Below(64);
                significand = 1ul << 63 | (random.Next() << random.Below(64));
                break;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes, significand);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], (ushort)(exponent | (random.Below(2) << 15)));
    }
}
