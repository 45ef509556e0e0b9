namespace SyscallExplorer.Machine;

/// <summary>The entries of one kind of paging structure: their size, what their bits mean and which of them are reserved.</summary>
internal interface IPagingFormat
{
    /// <summary>Address bits that one level translates.</summary>
    static abstract int IndexBits { get; }

    static abstract ulong Read(Bus bus, ulong address);

    static abstract void Write(Bus bus, ulong address, ulong entry);

    static abstract int EntrySize { get; }

    /// <summary>Whether an entry maps a page. <c>shift</c> is the number of address bits below its level.</summary>
    static abstract bool IsLeaf(ulong entry, int shift, in PagingRules rules);

    static abstract bool IsReservedBitSet(ulong entry, int shift, bool leaf, in PagingRules rules);

    /// <summary>The physical address in an entry.</summary>
    static abstract ulong AddressIn(ulong entry, int shift, bool leaf, in PagingRules rules);
}

/// <summary>8-byte entries: 4-level, 5-level and PAE paging. SDM vol. 3A, tables 4-9 to 4-11 and 4-15 to 4-20.</summary>
internal readonly struct WideEntries : IPagingFormat
{
    private const ulong ReservedInLargePage2M = 0x1F_E000;
    private const ulong ReservedInLargePage1G = 0x3FFF_E000;

    /// <summary>Bits 62:52, which long mode ignores.</summary>
    private const ulong ReservedInPae = 0x7FF0_0000_0000_0000;

    public static int IndexBits => 9;

    public static int EntrySize => 8;

    public static ulong Read(Bus bus, ulong address) => bus.ReadPhysical64(address);

    public static void Write(Bus bus, ulong address, ulong entry) => bus.WritePhysical64(address, entry);

    public static bool IsLeaf(ulong entry, int shift, in PagingRules rules) => shift == 12 || (shift < 39 && (entry & PageEntry.PS) != 0);

    public static bool IsReservedBitSet(ulong entry, int shift, bool leaf, in PagingRules rules)
    {
        ulong reserved = PageEntry.Address & ~rules.PhysicalMask;
        if (!rules.NoExecute)
            reserved |= PageEntry.NX;
        if (rules.Mode == PagingMode.Pae)
            reserved |= ReservedInPae;
        if (shift >= 39 || (shift == 30 && !rules.GigabytePages))
            reserved |= PageEntry.PS;
        if (leaf && shift == 21)
            reserved |= ReservedInLargePage2M;
        if (leaf && shift == 30)
            reserved |= ReservedInLargePage1G;
        return (entry & reserved) != 0;
    }

    public static ulong AddressIn(ulong entry, int shift, bool leaf, in PagingRules rules) =>
        leaf ? entry & PageEntry.Address & ~((1ul << shift) - 1) : entry & PageEntry.Address;
}

/// <summary>4-byte entries: 32-bit paging. SDM vol. 3A, tables 4-4 to 4-6.</summary>
internal readonly struct NarrowEntries : IPagingFormat
{
    private const int LargePageShift = 22;
    private const int MaxWideBits = 40;

    /// <summary>With PSE-36, bits 20:13 of a 4 MiB page's entry are bits 39:32 of its address.</summary>
    private const int WideAddressBit = 13;

    /// <summary>Bits 21:13 of a 4 MiB page's entry.</summary>
    private const ulong BetweenFlagsAndAddress = 0x3F_E000;

    public static int IndexBits => 10;

    public static int EntrySize => 4;

    public static ulong Read(Bus bus, ulong address) => bus.ReadPhysical32(address);

    public static void Write(Bus bus, ulong address, ulong entry) => bus.WritePhysical32(address, (uint)entry);

    public static bool IsLeaf(ulong entry, int shift, in PagingRules rules) =>
        shift == 12 || (rules.LargePages && (entry & PageEntry.PS) != 0);

    public static bool IsReservedBitSet(ulong entry, int shift, bool leaf, in PagingRules rules) =>
        leaf && shift == LargePageShift && (entry & BetweenFlagsAndAddress & ~WideAddressBits(rules)) != 0;

    public static ulong AddressIn(ulong entry, int shift, bool leaf, in PagingRules rules)
    {
        if (!leaf || shift == 12)
            return entry & 0xFFFF_F000;
        return (entry & 0xFFC0_0000) | ((entry & WideAddressBits(rules)) << (32 - WideAddressBit));
    }

    /// <summary>The bits of a 4 MiB page's entry that extend its address: as many as the physical address has above 32, at most eight.</summary>
    private static ulong WideAddressBits(in PagingRules rules)
    {
        if (!rules.WideLargePages)
            return 0;
        ulong above = rules.PhysicalMask & ((1ul << MaxWideBits) - 1);
        return (above >> 32) << WideAddressBit;
    }
}
