using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Reads a C structure member by member, little-endian.</summary>
internal sealed class StructureReader(byte[] bytes, bool compat)
{
    /// <summary>Where the next member begins.</summary>
    public int Position { get; private set; }

    /// <summary>All bytes.</summary>
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>Whether words have four bytes.</summary>
    public bool IsCompat => compat;

    /// <summary>Goes to a member by its offset.</summary>
    public StructureReader At(int offset)
    {
        Position = offset;
        return this;
    }

    /// <summary>Leaves out bytes.</summary>
    public StructureReader Skip(int count)
    {
        Position += count;
        return this;
    }

    public byte Byte() => Take(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>An unsigned long, a pointer or a <c>size_t</c>.</summary>
    public ulong Word() => compat ? UInt32() : UInt64();

    /// <summary>A long.</summary>
    public long SignedWord() => compat ? Int32() : Int64();

    /// <summary>A word, or 64 bits whatever the word size.</summary>
    public long Signed(bool wide) => wide ? Int64() : SignedWord();

    /// <summary>Bytes as they are.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        ReadOnlySpan<byte> taken = bytes.AsSpan(Position, count);
        Position += count;
        return taken;
    }
}
