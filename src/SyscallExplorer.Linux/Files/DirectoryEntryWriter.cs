using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>How a call tells directory entries.</summary>
internal enum DirectoryEntryFormat
{
    /// <summary><c>struct linux_dirent64</c>.</summary>
    Wide,

    /// <summary><c>struct linux_dirent</c>, whose words are the program's, with the type in its last byte.</summary>
    Narrow,

    /// <summary><c>struct old_linux_dirent</c>: one entry a call.</summary>
    Single,
}

/// <summary>Writes directory entries into the program's buffer as long as they fit.</summary>
internal sealed class DirectoryEntryWriter(AddressSpace memory, ulong address, long size, DirectoryEntryFormat format, bool compat)
{
    private readonly int _word = compat ? 4 : 8;
    private long _used;
    private bool _faulted;

    /// <summary>Entries so far.</summary>
    public int Count { get; private set; }

    /// <summary>Writes an entry.</summary>
    /// <param name="entry">Which.</param>
    /// <param name="next">The position of the one behind it.</param>
    /// <returns>0, or -EINVAL when it does not fit and -EFAULT when it cannot be written.</returns>
    public int Add(DirectoryEntry entry, long next)
    {
        byte[] name = PathNames.BytesOf(entry.Name);
        byte[] bytes = format switch
        {
            DirectoryEntryFormat.Wide => Wide(entry, name, next),
            DirectoryEntryFormat.Narrow => Narrow(entry, name, next),
            _ => Single(entry, name, next),
        };
        if (bytes.Length > size - _used || (format == DirectoryEntryFormat.Single && Count > 0))
            return -Errno.EINVAL;
        if (!memory.TryWrite(address + (ulong)_used, bytes))
        {
            _faulted = true;
            return -Errno.EFAULT;
        }

        _used += bytes.Length;
        Count++;
        return 0;
    }

    /// <summary>The result of the call.</summary>
    public long Finish() => _faulted ? -Errno.EFAULT : format == DirectoryEntryFormat.Single ? Count : _used;

    private static byte[] Wide(DirectoryEntry entry, byte[] name, long next)
    {
        const int header = 19;
        byte[] bytes = new byte[Aligned(header + name.Length + 1, 8)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, entry.Inode);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), next);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(16), (ushort)bytes.Length);
        bytes[18] = (byte)FileType.OfEntry(entry.Mode);
        name.CopyTo(bytes, header);
        return bytes;
    }

    private byte[] Narrow(DirectoryEntry entry, byte[] name, long next)
    {
        int header = 2 * _word + 2;
        byte[] bytes = new byte[Aligned(header + name.Length + 2, _word)];
        PutWords(bytes, entry, next);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * _word), (ushort)bytes.Length);
        name.CopyTo(bytes, header);
        bytes[^1] = (byte)FileType.OfEntry(entry.Mode);
        return bytes;
    }

    private byte[] Single(DirectoryEntry entry, byte[] name, long next)
    {
        int header = 2 * _word + 2;
        byte[] bytes = new byte[header + name.Length + 1];
        PutWords(bytes, entry, next - 1);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * _word), (ushort)name.Length);
        name.CopyTo(bytes, header);
        return bytes;
    }

    private void PutWords(byte[] bytes, DirectoryEntry entry, long next)
    {
        if (compat)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)entry.Inode);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), (int)next);
            return;
        }

        BinaryPrimitives.WriteInt64LittleEndian(bytes, entry.Inode);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), next);
    }

    private static int Aligned(int length, int to) => (length + to - 1) / to * to;
}
