namespace SyscallExplorer.Machine.Tests;

/// <summary>What a lane of 8 or 16 bytes becomes: left and right operand, immediate, number of the lane.</summary>
internal delegate byte[] LaneFunction(byte[] left, byte[] right, int immediate, int lane);

/// <summary>
/// The vector instructions once more, on lists of wide integers and lists of bytes, one entry for each mnemonic: an independent reference for every
/// encoding and width.
/// </summary>
internal static class LaneReference
{
    public static readonly SortedDictionary<string, LaneFunction> Table = Build();

    private static SortedDictionary<string, LaneFunction> Build()
    {
        var table = new SortedDictionary<string, LaneFunction>();
        foreach ((string suffix, int bits) in new[] { ("b", 8), ("w", 16), ("d", 32), ("q", 64) })
        {
            table["Padd" + suffix] = Each(bits, false, (a, b) => a + b);
            table["Psub" + suffix] = Each(bits, false, (a, b) => a - b);
            table["Pcmpeq" + suffix] = Each(bits, false, (a, b) => a == b ? -1 : 0);
            table["Pcmpgt" + suffix] = Each(bits, true, (a, b) => a > b ? -1 : 0);
            if (bits == 64)
                continue;
            table["Pmins" + suffix] = Each(bits, true, Int128.Min);
            table["Pmaxs" + suffix] = Each(bits, true, Int128.Max);
            table["Pminu" + suffix] = Each(bits, false, Int128.Min);
            table["Pmaxu" + suffix] = Each(bits, false, Int128.Max);
            table["Psign" + suffix] = Each(bits, true, (a, b) => a * Int128.Sign(b));
            table["Pabs" + suffix] = Each(bits, true, (_, b) => Int128.Abs(b));
            if (bits == 32)
                continue;
            table["Padds" + suffix] = Each(bits, true, (a, b) => Clamp(a + b, bits, true));
            table["Psubs" + suffix] = Each(bits, true, (a, b) => Clamp(a - b, bits, true));
            table["Paddus" + suffix] = Each(bits, false, (a, b) => Clamp(a + b, bits, false));
            table["Psubus" + suffix] = Each(bits, false, (a, b) => Clamp(a - b, bits, false));
            table["Pavg" + suffix] = Each(bits, false, (a, b) => (a + b + 1) / 2);
        }

        foreach (string suffix in new[] { "ps", "pd" })
        {
            table["And" + suffix] = Bits((a, b) => a & b);
            table["Andn" + suffix] = Bits((a, b) => ~a & b);
            table["Or" + suffix] = Bits((a, b) => a | b);
            table["Xor" + suffix] = Bits((a, b) => a ^ b);
        }

        table["Pand"] = Bits((a, b) => a & b);
        table["Pandn"] = Bits((a, b) => ~a & b);
        table["Por"] = Bits((a, b) => a | b);
        table["Pxor"] = Bits((a, b) => a ^ b);

        table["Pmullw"] = Each(16, true, (a, b) => a * b);
        table["Pmulld"] = Each(32, true, (a, b) => a * b);
        table["Pmulhw"] = Each(16, true, (a, b) => a * b >> 16);
        table["Pmulhuw"] = Each(16, false, (a, b) => a * b >> 16);
        table["Pmulhrsw"] = Each(16, true, (a, b) => (a * b + 0x4000) >> 15);
        table["Pmuludq"] = Sums(32, false, 32, false, 64, even: true);
        table["Pmuldq"] = Sums(32, true, 32, true, 64, even: true);
        table["Pmaddwd"] = Sums(16, true, 16, true, 32, even: false);
        table["Pmaddubsw"] = Sums(8, false, 8, true, 16, even: false);
        table["Psadbw"] = (left, right, _, _) => Pack(64, left.Zip(right, (a, b) => (Int128)Math.Abs(a - b)).Chunk(8).Select(Sum));

        table["Packsswb"] = Narrow(16, true);
        table["Packuswb"] = Narrow(16, false);
        table["Packssdw"] = Narrow(32, true);
        table["Packusdw"] = Narrow(32, false);
        foreach ((string suffix, int size) in new[] { ("bw", 1), ("wd", 2), ("dq", 4), ("qdq", 8) })
        {
            table["Punpckl" + suffix] = Interleave(size, high: false);
            table["Punpckh" + suffix] = Interleave(size, high: true);
        }

        table["Unpcklps"] = Interleave(4, high: false);
        table["Unpckhps"] = Interleave(4, high: true);
        table["Unpcklpd"] = Interleave(8, high: false);
        table["Unpckhpd"] = Interleave(8, high: true);

        table["Phaddw"] = Neighbours(16, (a, b) => a + b);
        table["Phaddd"] = Neighbours(32, (a, b) => a + b);
        table["Phaddsw"] = Neighbours(16, (a, b) => Clamp(a + b, 16, true));
        table["Phsubw"] = Neighbours(16, (a, b) => a - b);
        table["Phsubd"] = Neighbours(32, (a, b) => a - b);
        table["Phsubsw"] = Neighbours(16, (a, b) => Clamp(a - b, 16, true));
        table["Phminposuw"] = (_, right, _, _) =>
        {
            (Int128 Value, int Index) least = Unpack(16, false, right).Select((value, index) => (value, index)).Min();
            return Pack(16, [least.Value, least.Index, 0, 0, 0, 0, 0, 0]);
        };
        table["Mpsadbw"] = (left, right, immediate, lane) =>
        {
            int control = lane == 0 ? immediate : immediate >> 3;
            byte[] block = right[((control & 3) * 4)..((control & 3) * 4 + 4)];
            return Pack(16, Enumerable.Range((control & 4) != 0 ? 4 : 0, 8).Select(at => Sum(block.Select((b, k) => (Int128)Math.Abs(left[at + k] - b)))));
        };

        table["Pshufb"] = (left, right, _, _) => right.Select(choice => choice >= 0x80 ? (byte)0 : left[choice % left.Length]).ToArray();
        table["Pshufd"] = Choose(4, 0, (_, control, i) => control >> 2 * i & 3);
        table["Pshufw"] = Choose(2, 0, (_, control, i) => control >> 2 * i & 3);
        table["Pshuflw"] = Choose(2, 0, (_, control, i) => i < 4 ? control >> 2 * i & 3 : i);
        table["Pshufhw"] = Choose(2, 0, (_, control, i) => i < 4 ? i : 4 + (control >> 2 * (i - 4) & 3));
        table["Shufps"] = Choose(4, 0, (_, control, i) => (control >> 2 * i & 3) + (i < 2 ? -4 : 0));
        table["Shufpd"] = Choose(8, 2, (_, control, i) => (control >> i & 1) + (i < 1 ? -2 : 0));
        table["Movsldup"] = Choose(4, 0, (_, _, i) => i & 2);
        table["Movshdup"] = Choose(4, 0, (_, _, i) => i | 1);
        table["Movhlps"] = Choose(8, 0, (_, _, i) => i == 0 ? 1 : -1);
        table["Movlhps"] = Choose(8, 0, (_, _, i) => i == 0 ? -2 : 0);
        table["Blendps"] = Choose(4, 4, (_, control, i) => (control >> i & 1) != 0 ? i : i - 4);
        table["Vpblendd"] = Choose(4, 4, (_, control, i) => (control >> i & 1) != 0 ? i : i - 4);
        table["Blendpd"] = Choose(8, 2, (_, control, i) => (control >> i & 1) != 0 ? i : i - 2);
        table["Pblendw"] = Choose(2, 0, (_, control, i) => (control >> i & 1) != 0 ? i : i - 8);
        table["Palignr"] = (left, right, immediate, _) => [.. right.Concat(left).Concat(new byte[256]).Skip(immediate).Take(left.Length)];

        table["Vpsllvd"] = Each(32, false, (a, b) => b < 32 ? a << (int)b : 0);
        table["Vpsllvq"] = Each(64, false, (a, b) => b < 64 ? a << (int)b : 0);
        table["Vpsrlvd"] = Each(32, false, (a, b) => b < 32 ? a >> (int)b : 0);
        table["Vpsrlvq"] = Each(64, false, (a, b) => b < 64 ? a >> (int)b : 0);
        table["Vpsravd"] = (left, right, _, _) => Pack(32, Unpack(32, true, left).Zip(Unpack(32, false, right), (a, b) => a >> (int)Int128.Min(b, 31)));
        return table;
    }

    /// <summary>Little-endian integers of a width.</summary>
    public static List<Int128> Unpack(int bits, bool signed, byte[] bytes)
    {
        var values = new List<Int128>();
        foreach (byte[] chunk in bytes.Chunk(bits / 8))
        {
            Int128 value = 0;
            foreach (byte part in chunk.Reverse())
                value = value * 256 + part;
            values.Add(signed && value >> (bits - 1) != 0 ? value - (Int128.One << bits) : value);
        }

        return values;
    }

    /// <summary>The low bits of integers, one behind the other.</summary>
    public static byte[] Pack(int bits, IEnumerable<Int128> values) =>
        values.SelectMany(value => Enumerable.Range(0, bits / 8).Select(i => (byte)(value >> 8 * i & 0xFF))).ToArray();

    private static LaneFunction Each(int bits, bool signed, Func<Int128, Int128, Int128> function) =>
        (left, right, _, _) => Pack(bits, Unpack(bits, signed, left).Zip(Unpack(bits, signed, right), function));

    private static LaneFunction Bits(Func<int, int, int> function) => (left, right, _, _) => left.Zip(right, (a, b) => (byte)function(a, b)).ToArray();

    /// <summary>Products of neighbours, or of the even ones alone, summed into elements of twice the width and saturated where those are words.</summary>
    private static LaneFunction Sums(int leftBits, bool leftSigned, int rightBits, bool rightSigned, int bits, bool even) => (left, right, _, _) =>
        Pack(bits, Unpack(leftBits, leftSigned, left).Zip(Unpack(rightBits, rightSigned, right), (a, b) => a * b).Chunk(2)
            .Select(pair => even ? pair[0] : bits == 16 ? Clamp(pair[0] + pair[1], 16, true) : pair[0] + pair[1]));

    private static LaneFunction Narrow(int bits, bool signed) => (left, right, _, _) =>
        Pack(bits / 2, Unpack(bits, true, [.. left, .. right]).Select(value => Clamp(value, bits / 2, signed)));

    private static LaneFunction Neighbours(int bits, Func<Int128, Int128, Int128> function) => (left, right, _, _) =>
        Pack(bits, Unpack(bits, true, [.. left, .. right]).Chunk(2).Select(pair => function(pair[0], pair[1])));

    private static LaneFunction Interleave(int size, bool high) => (left, right, _, _) =>
    {
        IEnumerable<byte[]> pairs = left.Chunk(size).Zip(right.Chunk(size), (a, b) => a.Concat(b).ToArray()).ToList();
        int half = left.Length / size / 2;
        return (high ? pairs.Skip(half) : pairs.Take(half)).SelectMany(pair => pair).ToArray();
    };

    /// <summary>Elements of a size chosen from the right operand, or with a negative number from the left one, counted from its end.</summary>
    private static LaneFunction Choose(int size, int controlBitsPerLane, Func<int, int, int, int> choose) => (left, right, immediate, lane) =>
    {
        List<byte[]> elements = [.. left.Chunk(size), .. right.Chunk(size)];
        int count = left.Length / size;
        return Enumerable.Range(0, count).SelectMany(i => elements[count + choose(count, immediate >> controlBitsPerLane * lane, i)]).ToArray();
    };

    private static Int128 Clamp(Int128 value, int bits, bool signed)
    {
        Int128 span = Int128.One << bits;
        return signed ? Int128.Clamp(value, -span / 2, span / 2 - 1) : Int128.Clamp(value, 0, span - 1);
    }

    private static Int128 Sum(IEnumerable<Int128> values) => values.Aggregate(Int128.Zero, (sum, value) => sum + value);
}
