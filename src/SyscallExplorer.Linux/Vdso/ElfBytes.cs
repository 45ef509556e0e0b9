using System.Buffers.Binary;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>Bytes of a part of an ELF file, in the byte order of x86.</summary>
internal sealed class ElfBytes(ElfLayout layout)
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public byte[] ToArray() => [.. _bytes];

    public ElfBytes Raw(IEnumerable<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public ElfBytes Byte(int value)
    {
        _bytes.Add((byte)value);
        return this;
    }

    public ElfBytes Half(int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        return Raw(bytes.ToArray());
    }

    public ElfBytes Int32(long value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)value);
        return Raw(bytes.ToArray());
    }

    /// <summary>A word of the file's class.</summary>
    public ElfBytes Word(ulong value)
    {
        if (!layout.Is64)
            return Int32((long)value);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return Raw(bytes.ToArray());
    }

    public ElfBytes Text(string text) => Raw(Encoding.ASCII.GetBytes(text)).Byte(0);

    public ElfBytes Align(int alignment, byte filler = 0)
    {
        while (_bytes.Count % alignment != 0)
            _bytes.Add(filler);
        return this;
    }
}

/// <summary>A table of strings, each once.</summary>
internal sealed class ElfStrings
{
    private readonly Dictionary<string, int> _offsets = [];
    private readonly List<byte> _bytes = [0];

    public int Add(string text)
    {
        if (text.Length == 0)
            return 0;
        if (_offsets.TryGetValue(text, out int there))
            return there;
        int offset = _bytes.Count;
        _bytes.AddRange(Encoding.ASCII.GetBytes(text));
        _bytes.Add(0);
        return _offsets[text] = offset;
    }

    public byte[] ToArray() => [.. _bytes];
}
