using System.Buffers.Binary;
using System.Text;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Memory of a caller that does not exist: blocks of bytes at addresses that count up.</summary>
internal sealed class CallMemory(int wordSize) : ISyscallMemory
{
    private const ulong Start = 0x10000;
    private const ulong Apart = 0x1000;

    private readonly List<(ulong Address, byte[] Bytes)> _blocks = [];

    public int WordSize => wordSize;

    public ulong Put(params byte[] bytes)
    {
        ulong address = Start + (ulong)_blocks.Count * Apart;
        _blocks.Add((address, bytes));
        return address;
    }

    public ulong Text(string text) => Put(Encoding.Latin1.GetBytes(text + "\0"));

    public ulong Ints(params int[] values) => Put([.. values.SelectMany(BitConverter.GetBytes)]);

    public ulong Words(params ulong[] values) => Put([.. values.SelectMany(value => BitConverter.GetBytes(value).Take(wordSize))]);

    public void Write(ulong address, params byte[] bytes)
    {
        int index = _blocks.FindIndex(block => block.Address == address);
        bytes.CopyTo(_blocks[index].Bytes, 0);
    }

    public void WriteInt(ulong address, int value) => Write(address, BitConverter.GetBytes(value));

    public bool TryRead(ulong address, Span<byte> destination)
    {
        foreach ((ulong start, byte[] bytes) in _blocks)
        {
            if (address < start || address >= start + Apart || (ulong)destination.Length > start + Apart - address)
                continue;
            // Behind what was put, a page goes on with zeroes.
            destination.Clear();
            ReadOnlySpan<byte> rest = bytes.AsSpan(Math.Min((int)(address - start), bytes.Length));
            rest[..Math.Min(rest.Length, destination.Length)].CopyTo(destination);
            return true;
        }

        return false;
    }
}
