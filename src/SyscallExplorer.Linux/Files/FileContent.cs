using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// A file's bytes as an immutable map of pages, so that a snapshot shares what did not change. A page that was never written is a hole: it
/// reads as zeroes and takes no room.
/// </summary>
public sealed class FileContent
{
    internal const int PageSize = 4096;
    private readonly ImmutableSortedDictionary<long, byte[]> _pages;

    private FileContent(ImmutableSortedDictionary<long, byte[]> pages, long length)
    {
        _pages = pages;
        Length = length;
    }

    /// <summary>No bytes.</summary>
    public static FileContent Empty { get; } = new(ImmutableSortedDictionary<long, byte[]>.Empty, 0);

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>Bytes of the pages that are there.</summary>
    internal long Allocated => (long)_pages.Count * PageSize;

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
            if (_pages.TryGetValue(offset / PageSize, out byte[]? page))
                page.AsSpan(within, count).CopyTo(destination[done..]);
            else
                destination.Slice(done, count).Clear();
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
        ImmutableSortedDictionary<long, byte[]>.Builder pages = _pages.ToBuilder();
        while (!source.IsEmpty)
        {
            int within = (int)(offset % PageSize);
            int count = Math.Min(source.Length, PageSize - within);
            byte[] page = pages.TryGetValue(offset / PageSize, out byte[]? old) ? (byte[])old.Clone() : new byte[PageSize];
            source[..count].CopyTo(page.AsSpan(within));
            pages[offset / PageSize] = page;
            source = source[count..];
            offset += count;
        }

        return new FileContent(pages.ToImmutable(), Math.Max(Length, end));
    }

    /// <summary>The content cut off or filled up with zeroes to a length.</summary>
    public FileContent WithLength(long length)
    {
        if (length >= Length)
            return length == Length ? this : new FileContent(_pages, length);

        // What lies behind the end must read as zero when the file grows again.
        FileContent shorter = WithHole(length, PagesEnd - length);
        return new FileContent(shorter._pages, length);
    }

    /// <summary>The content with zeroes in a range, whose whole pages take no room any more.</summary>
    internal FileContent WithHole(long offset, long count)
    {
        long end = Math.Min(offset + count, PagesEnd);
        if (offset >= end)
            return this;
        ImmutableSortedDictionary<long, byte[]>.Builder pages = _pages.ToBuilder();
        foreach (long index in _pages.Keys.Where(index => (index + 1) * PageSize > offset && index * PageSize < end).ToList())
        {
            int from = (int)Math.Max(0, offset - index * PageSize), to = (int)Math.Min(PageSize, end - index * PageSize);
            if (from == 0 && to == PageSize)
            {
                pages.Remove(index);
                continue;
            }

            byte[] page = (byte[])pages[index].Clone();
            page.AsSpan(from, to - from).Clear();
            pages[index] = page;
        }

        return new FileContent(pages.ToImmutable(), Length);
    }

    /// <summary>The content with pages for a whole range, as fallocate gives them; its length stays.</summary>
    internal FileContent WithPages(long offset, long count)
    {
        ImmutableSortedDictionary<long, byte[]>.Builder pages = _pages.ToBuilder();
        for (long index = offset / PageSize; index * PageSize < offset + count; index++)
        {
            if (!pages.ContainsKey(index))
                pages[index] = new byte[PageSize];
        }

        return new FileContent(pages.ToImmutable(), Length);
    }

    /// <summary>How many pages of a range are not there yet.</summary>
    internal long MissingPages(long offset, long count)
    {
        long missing = 0;
        for (long index = offset / PageSize; index * PageSize < offset + count; index++)
            missing += _pages.ContainsKey(index) ? 0 : 1;
        return missing;
    }

    /// <summary>The first byte from an offset on that is in a page, or in a hole; the end of the file counts as a hole.</summary>
    /// <returns>Null when there is none: behind the end, or no more data.</returns>
    internal long? Next(long offset, bool isData)
    {
        while (offset < Length)
        {
            if (_pages.ContainsKey(offset / PageSize) == isData)
                return offset;
            if (isData)
            {
                long from = offset / PageSize;
                long next = _pages.Keys.FirstOrDefault(index => index > from, long.MaxValue);
                return next < long.MaxValue && next * PageSize < Length ? next * PageSize : null;
            }

            offset = (offset / PageSize + 1) * PageSize;
        }

        return isData || offset > Length + PageSize ? null : Length;
    }

    /// <summary>All bytes.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[Length];
        Read(0, bytes);
        return bytes;
    }

    private long PagesEnd => _pages.IsEmpty ? 0 : (_pages.Keys.Last() + 1) * PageSize;
}
