namespace SyscallExplorer.Linux;

/// <summary>Where the bytes of a read go, or those of a write come from.</summary>
internal abstract class TransferBuffer
{
    /// <summary>Bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Copies bytes in, from an offset of the buffer on.</summary>
    /// <returns>How many arrived before a page that cannot be written.</returns>
    public abstract int Put(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Copies bytes out, from an offset of the buffer on.</summary>
    /// <returns>How many came before a page that cannot be read.</returns>
    public abstract int Take(long offset, Span<byte> bytes);

    /// <summary>All bytes at once, at most a number of them; null when one of them cannot be read.</summary>
    public byte[]? TakeAll(int limit)
    {
        byte[] bytes = new byte[(int)Math.Min(Length, limit)];
        return Take(0, bytes) == bytes.Length ? bytes : null;
    }
}

/// <summary>Ranges of the program's memory, one behind the other.</summary>
internal sealed class UserBuffer : TransferBuffer
{
    /// <summary>What one call moves at most: MAX_RW_COUNT.</summary>
    public const long MaxTransfer = 0x7FFF_F000;

    private readonly AddressSpace _memory;
    private readonly IReadOnlyList<(ulong Address, ulong Length)> _parts;

    public UserBuffer(AddressSpace memory, IReadOnlyList<(ulong Address, ulong Length)> parts)
    {
        (_memory, _parts) = (memory, parts);
        foreach ((_, ulong length) in parts)
            Length = (long)Math.Min((ulong)Length + Math.Min(length, MaxTransfer), MaxTransfer);
    }

    public UserBuffer(AddressSpace memory, ulong address, ulong length)
        : this(memory, [(address, length)])
    {
    }

    public override long Length { get; }

    public override int Put(long offset, ReadOnlySpan<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length && Find(offset + done, bytes.Length - done) is ({ } address, { } count) && _memory.TryWrite(address, bytes.Slice(done, count)))
            done += count;
        return done;
    }

    public override int Take(long offset, Span<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length && Find(offset + done, bytes.Length - done) is ({ } address, { } count) && _memory.TryRead(address, bytes.Slice(done, count)))
            done += count;
        return done;
    }

    /// <summary>The address of an offset, and how many bytes from there on are in the same part and page.</summary>
    private (ulong? Address, int? Count) Find(long offset, int wanted)
    {
        foreach ((ulong address, ulong length) in _parts)
        {
            long size = (long)Math.Min(length, MaxTransfer);
            if (offset < size)
            {
                ulong at = unchecked(address + (ulong)offset);
                long inPage = (long)(KernelLayout.PageSize - at % KernelLayout.PageSize);
                return (at, (int)Math.Min(Math.Min(wanted, size - offset), inPage));
            }

            offset -= size;
        }

        return (null, null);
    }
}

/// <summary>Bytes that the kernel moves from one file to another.</summary>
internal sealed class KernelBuffer(byte[] bytes) : TransferBuffer
{
    /// <summary>Its first bytes, as a buffer of their own.</summary>
    public KernelBuffer First(int count) => new(bytes[..count]);

    public override long Length => bytes.Length;

    public override int Put(long offset, ReadOnlySpan<byte> source)
    {
        source.CopyTo(bytes.AsSpan((int)offset));
        return source.Length;
    }

    public override int Take(long offset, Span<byte> destination)
    {
        bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
        return destination.Length;
    }
}
