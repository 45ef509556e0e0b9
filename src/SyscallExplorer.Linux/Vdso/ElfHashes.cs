namespace SyscallExplorer.Linux;

/// <summary>The two tables by which a dynamic linker finds a symbol. System V ABI, Hash Table; and the GNU one, whose names are in glibc's elf.h.</summary>
internal static class ElfHashes
{
    /// <summary>Buckets of either table: a few names each.</summary>
    public const int Buckets = 3;

    private const int BloomShift = 6;

    public static uint SystemV(string name)
    {
        uint hash = 0;
        foreach (char letter in name)
        {
            hash = (hash << 4) + letter;
            uint top = hash & 0xF000_0000;
            hash = (hash ^ (top >> 24)) & ~top;
        }

        return hash;
    }

    public static uint Gnu(string name) => name.Aggregate(5381u, (hash, letter) => hash * 33 + letter);

    /// <summary>The table of DT_HASH for symbols from number 1 on.</summary>
    public static byte[] SystemVTable(ElfLayout layout, IReadOnlyList<string> names)
    {
        uint[] buckets = new uint[Buckets], chains = new uint[names.Count + 1];
        for (int i = 0; i < names.Count; i++)
        {
            uint bucket = SystemV(names[i]) % Buckets;
            chains[i + 1] = buckets[bucket];
            buckets[bucket] = (uint)i + 1;
        }

        var table = new ElfBytes(layout).Int32(Buckets).Int32(chains.Length);
        foreach (uint entry in buckets.Concat(chains))
            table.Int32(entry);
        return table.ToArray();
    }

    /// <summary>The table of DT_GNU_HASH, whose symbols stand in the order of their buckets, from number 1 on.</summary>
    public static byte[] GnuTable(ElfLayout layout, IReadOnlyList<string> names)
    {
        uint[] hashes = [.. names.Select(Gnu)];
        int bits = layout.Word * 8;
        ulong bloom = 0;
        foreach (uint hash in hashes)
            bloom |= (1ul << (int)(hash % bits)) | (1ul << (int)((hash >> BloomShift) % bits));
        var table = new ElfBytes(layout).Int32(Buckets).Int32(1).Int32(1).Int32(BloomShift).Word(bloom);
        for (int bucket = 0; bucket < Buckets; bucket++)
            table.Int32(Array.FindIndex(hashes, hash => hash % Buckets == bucket) + 1);
        for (int i = 0; i < hashes.Length; i++)
        {
            bool isLast = i + 1 == hashes.Length || hashes[i] % Buckets != hashes[i + 1] % Buckets;
            table.Int32((hashes[i] & ~1u) | (isLast ? 1u : 0));
        }

        return table.ToArray();
    }
}
