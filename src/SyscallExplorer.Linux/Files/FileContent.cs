using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A file's bytes as an immutable list of pages, so that a snapshot shares what did not change.</summary>
public sealed class FileContent
{
    private const int PageSize = 4096;
    private readonly ImmutableList<byte[]> _pages;

    private FileContent(ImmutableList<byte[]> pages, long length)
    {
        _pages = pages;
        Length = length;
    }

    /// <summary>No bytes.</summary>
    public static FileContent Empty { get; } = new([], 0);

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>The content of an array.</summary>
    public static FileContent Of(ReadOnlySpan<byte> bytes) => Empty.Write(0, bytes);

    /// <summary>Copies what there is from an offset on.</summary>
    /// <returns>Bytes copied, fewer than asked for at the end.</returns>
    public int Read(long offset, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length && offset < Length)
        {
            int within = (int)(offset % PageSize);
            int count = (int)Math.Min(Math.Min(destination.Length - done, PageSize - within), Length - offset);
            _pages[(int)(offset / PageSize)].AsSpan(within, count).CopyTo(destination[done..]);
            done += count;
            offset += count;
        }

        return done;
    }

    /// <summary>The content with bytes written over or behind it; a gap reads as zero.</summary>
    public FileContent Write(long offset, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
            return this;
        long end = offset + source.Length;
        ImmutableList<byte[]>.Builder pages = _pages.ToBuilder();
        while ((long)pages.Count * PageSize < end)
            pages.Add(new byte[PageSize]);
        while (!source.IsEmpty)
        {
            int within = (int)(offset % PageSize);
            int count = Math.Min(source.Length, PageSize - within);
            byte[] page = (byte[])pages[(int)(offset / PageSize)].Clone();
            source[..count].CopyTo(page.AsSpan(within));
            pages[(int)(offset / PageSize)] = page;
            source = source[count..];
            offset += count;
        }

        return new FileContent(pages.ToImmutable(), Math.Max(Length, end));
    }

    /// <summary>The content cut off or filled up with zeroes to a length.</summary>
    public FileContent WithLength(long length)
    {
        if (length == Length)
            return this;
        if (length > Length)
            return Write(length - 1, [0]);
        int pages = (int)((length + PageSize - 1) / PageSize);
        ImmutableList<byte[]> kept = _pages.RemoveRange(pages, _pages.Count - pages);
        int within = (int)(length % PageSize);
        if (within == 0)
            return new FileContent(kept, length);

        // What lies behind the end must read as zero when the file grows again.
        byte[] last = new byte[PageSize];
        kept[pages - 1].AsSpan(0, within).CopyTo(last);
        return new FileContent(kept.SetItem(pages - 1, last), length);
    }

    /// <summary>All bytes.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[Length];
        Read(0, bytes);
        return bytes;
    }
}
