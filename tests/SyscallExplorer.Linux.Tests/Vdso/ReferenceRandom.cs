using System.Buffers.Binary;
using System.Numerics;

namespace SyscallExplorer.Linux.Tests;

/// <summary>What a program's generator gives after a key, written without regard to speed. RFC 8439, 2.3, with a counter of 64 bits and no nonce.</summary>
internal sealed class ReferenceRandom(byte[] key)
{
    private const int BlockSize = 64, BatchSize = 96;
    private readonly Queue<byte> _batch = [];
    private byte[] _key = key;

    public byte[] Take(int count)
    {
        var taken = new List<byte>();
        ulong counter = 0;
        while (true)
        {
            while (taken.Count < count && _batch.Count > 0)
                taken.Add(_batch.Dequeue());
            if (taken.Count == count)
                return [.. taken];
            for (; count - taken.Count >= BlockSize; counter++)
                taken.AddRange(Block(_key, counter));
            byte[] two = [.. Block(_key, counter++), .. Block(_key, counter++)];
            foreach (byte value in two[..BatchSize])
                _batch.Enqueue(value);
            _key = two[BatchSize..];
        }
    }

    public static byte[] Block(byte[] key, ulong counter)
    {
        uint[] words = new uint[16];
        byte[] constants = "expand 32-byte k"u8.ToArray();
        byte[] input = [.. constants, .. key, .. BitConverter.GetBytes(counter), .. new byte[8]];
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(input.AsSpan(i * 4));
        uint[] state = [.. words];
        for (int round = 0; round < 20; round++)
        {
            for (int column = 0; column < 4; column++)
            {
                int shift = round % 2;
                Quarter(state, column, 4 + (column + shift) % 4, 8 + (column + 2 * shift) % 4, 12 + (column + 3 * shift) % 4);
            }
        }

        return [.. state.Zip(words, (one, other) => one + other).SelectMany(BitConverter.GetBytes)];
    }

    private static void Quarter(uint[] state, int a, int b, int c, int d)
    {
        foreach ((int sum, int addend, int turned, int bits) in new[] { (a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7) })
        {
            state[sum] += state[addend];
            state[turned] = BitOperations.RotateLeft(state[turned] ^ state[sum], bits);
        }
    }
}
