using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Writes a C structure member by member, little-endian and without padding of its own.</summary>
internal sealed class CStructure(bool compat)
{
    private readonly List<byte> _bytes = [];

    public ReadOnlySpan<byte> Bytes => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes);

    /// <summary>A <c>long</c>, a pointer or a <c>size_t</c> of the program.</summary>
    public CStructure Word(ulong value) => compat ? Int32((int)value) : Int64((long)value);

    public CStructure Word(long value) => Word((ulong)value);

    public CStructure Int16(int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        return Add(bytes);
    }

    public CStructure Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return Add(bytes);
    }

    public CStructure Int64(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Add(bytes);
    }

    /// <summary>Zeroes.</summary>
    public CStructure Zeroes(int count) => Add(new byte[count]);

    private CStructure Add(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
            _bytes.Add(value);
        return this;
    }
}
