namespace SyscallExplorer.Machine;

/// <summary>
/// Host arrays of pages that the modelled TLB holds, for one address-space context: a subset of it, by which most accesses are served.
/// What it holds never shows; it only saves time. So an entry too many may be dropped, but none too few.
/// </summary>
internal sealed class FastTranslations
{
    public const int EntriesPerClass = 256;
    public const int Classes = 3;
    private const ulong Valid = 1;

    public readonly FastEntry[] Read = new FastEntry[EntriesPerClass * Classes];
    public readonly FastEntry[] Write = new FastEntry[EntriesPerClass * Classes];

    /// <summary>The number of the frame of each entry, apart from it so that a search reads little.</summary>
    private readonly int[] _readFrames = new int[EntriesPerClass * Classes];

    private readonly int[] _writeFrames = new int[EntriesPerClass * Classes];

    public static ulong TagOf(ulong linear) => (linear & ~0xFFFul) | Valid;

    public void CacheRead(int index, ulong linear, ulong physical, byte[] frame)
    {
        Read[index] = new FastEntry { Tag = TagOf(linear), Page = frame };
        _readFrames[index] = NumberOf(physical);
    }

    public void CacheWrite(int index, ulong linear, ulong physical, byte[] frame)
    {
        Write[index] = new FastEntry { Tag = TagOf(linear), Page = frame };
        _writeFrames[index] = NumberOf(physical);
    }

    public void Clear()
    {
        Array.Clear(Read);
        Array.Clear(Write);
    }

    /// <summary>Drops all that a translation of an address covered: one 4 KiB page of every class, or each part of a large page.</summary>
    public void Drop(ulong linear, ulong offsetMask)
    {
        if (offsetMask > 0xFFF)
        {
            DropRange(Read, linear & ~offsetMask, offsetMask);
            DropRange(Write, linear & ~offsetMask, offsetMask);
            return;
        }

        ulong tag = TagOf(linear);
        for (int i = (int)((linear >> 12) % EntriesPerClass); i < Read.Length; i += EntriesPerClass)
        {
            if (Read[i].Tag == tag)
                Read[i] = default;
            if (Write[i].Tag == tag)
                Write[i] = default;
        }
    }

    /// <summary>Drops what is read from a frame.</summary>
    public void DropReadsOf(ulong physical) => DropFrame(Read, _readFrames, NumberOf(physical));

    /// <summary>Drops what is written to a frame.</summary>
    public void DropWritesTo(ulong physical) => DropFrame(Write, _writeFrames, NumberOf(physical));

    private static int NumberOf(ulong physical) => (int)(physical / PhysicalMemory.FrameSize);

    private static void DropRange(FastEntry[] entries, ulong linearBase, ulong offsetMask)
    {
        foreach (ref FastEntry entry in entries.AsSpan())
        {
            if ((entry.Tag & ~offsetMask) == linearBase)
                entry = default;
        }
    }

    private static void DropFrame(FastEntry[] entries, int[] frames, int number)
    {
        int start = 0;
        while (frames.AsSpan(start).IndexOf(number) is >= 0 and int found)
        {
            entries[start + found] = default;
            start += found + 1;
        }
    }
}

/// <summary>One page: its linear address with a valid bit, and the bytes of its frame.</summary>
internal struct FastEntry
{
    public ulong Tag;
    public byte[] Page;
}
