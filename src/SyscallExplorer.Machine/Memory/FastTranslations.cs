namespace SyscallExplorer.Machine;

/// <summary>
/// Host arrays of pages that the modelled TLB holds, for one address-space context: a subset of it, by which most accesses are served.
/// What it holds never shows; it only saves time.
/// </summary>
internal sealed class FastTranslations
{
    public const int EntriesPerClass = 256;
    public const int Classes = 3;
    private const ulong Valid = 1;

    public readonly FastEntry[] Read = new FastEntry[EntriesPerClass * Classes];
    public readonly FastEntry[] Write = new FastEntry[EntriesPerClass * Classes];

    public static ulong TagOf(ulong linear) => (linear & ~0xFFFul) | Valid;

    public void Clear()
    {
        Array.Clear(Read);
        Array.Clear(Write);
    }

    /// <summary>Drops one 4 KiB page of every class.</summary>
    public void Drop(ulong linear)
    {
        int slot = (int)((linear >> 12) % EntriesPerClass);
        ulong tag = TagOf(linear);
        for (int i = slot; i < Read.Length; i += EntriesPerClass)
        {
            if (Read[i].Tag == tag)
                Read[i] = default;
            if (Write[i].Tag == tag)
                Write[i] = default;
        }
    }
}

/// <summary>One page: its linear address with a valid bit, and the bytes of its frame.</summary>
internal struct FastEntry
{
    public ulong Tag;
    public byte[] Page;
}
