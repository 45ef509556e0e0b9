using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Vectors of all kinds of bytes, of bytes at the ends of the ranges, and of few different ones; seeded.</summary>
internal sealed class VectorSamples(int seed)
{
    private static readonly byte[] Ends = [0, 1, 0x7F, 0x80, 0x81, 0xFE, 0xFF];
    private readonly Random _random = new(seed);

    public Vector256<byte> Next()
    {
        int style = _random.Next(3);
        byte[] bytes = new byte[32];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = style == 0 ? (byte)_random.Next(256) : style == 1 ? Ends[_random.Next(Ends.Length)] : (byte)_random.Next(3);
        return Vector256.Create(bytes);
    }

    /// <summary>Any byte, or a small one.</summary>
    public byte NextByte() => (byte)_random.Next(_random.Next(2) == 0 ? 256 : 32);

    public int Next(int limit) => _random.Next(limit);
}
