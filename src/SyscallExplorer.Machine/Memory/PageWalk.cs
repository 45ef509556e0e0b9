namespace SyscallExplorer.Machine;

/// <summary>What a walk found: a translation, or the error code of the #PF it ends in.</summary>
internal readonly record struct WalkResult(Translation Translation, uint ErrorCode, bool Ok)
{
    public static WalkResult Fault(uint errorCode) => new(default, errorCode, false);
}

/// <summary>The walk through the paging structures in guest memory, in every paging mode. SDM vol. 3A, 4.3 to 4.8.</summary>
internal static class PageWalk
{
    private const int MaxLevels = 5;

    /// <summary>Walks the tables for one linear address and sets the accessed and dirty bits that the access deserves.</summary>
    /// <param name="bus">Where the tables are.</param>
    /// <param name="rules">The control bits in force.</param>
    /// <param name="root">CR3, or with PAE paging the PDPTE register of the address.</param>
    /// <param name="linear">The address.</param>
    /// <param name="access">What is wanted.</param>
    /// <param name="user">Whether the access is a user-mode one (CPL 3 and not implicit).</param>
    public static WalkResult Walk(Bus bus, in PagingRules rules, ulong root, ulong linear, PageAccess access, bool user) =>
        rules.Mode == PagingMode.TwoLevel
            ? Walk<NarrowEntries>(bus, rules, root, linear, access, user)
            : Walk<WideEntries>(bus, rules, root, linear, access, user);

    /// <summary>Finds where an address is mapped without any side effect, whatever its rights.</summary>
    public static bool TryFind(Bus bus, in PagingRules rules, ulong root, ulong linear, out ulong physical)
    {
        ulong pageSize = Follow(bus, rules, root, linear, steps: null, out physical);
        return pageSize != 0;
    }

    /// <summary>Lists the entries on the way to an address without any side effect, up to the first that is not present.</summary>
    public static PagePath PathOf(Bus bus, in PagingRules rules, ulong root, ulong linear)
    {
        var steps = new List<PagePathStep>();
        ulong pageSize = Follow(bus, rules, root, linear, steps, out ulong physical);
        return new PagePath(linear, root, steps, pageSize == 0 ? null : physical, pageSize);
    }

    private static ulong Follow(Bus bus, in PagingRules rules, ulong root, ulong linear, List<PagePathStep>? steps, out ulong physical) =>
        rules.Mode == PagingMode.TwoLevel
            ? Follow<NarrowEntries>(bus, rules, root, linear, steps, out physical)
            : Follow<WideEntries>(bus, rules, root, linear, steps, out physical);

    /// <summary>The number of address bits below the level that the root points to.</summary>
    private static int RootShift(PagingMode mode) => mode switch
    {
        PagingMode.FiveLevel => 48,
        PagingMode.FourLevel => 39,
        PagingMode.Pae => 21,
        _ => 22,
    };

    private static bool IsRootPresent(in PagingRules rules, ulong root) => rules.Mode != PagingMode.Pae || (root & PageEntry.P) != 0;

    private static ulong RootTable(in PagingRules rules, ulong root) =>
        root & rules.PhysicalMask & (rules.Mode == PagingMode.TwoLevel ? 0xFFFF_F000 : PageEntry.Address);

    private static ulong EntryAddress<TFormat>(ulong table, ulong linear, int shift) where TFormat : struct, IPagingFormat =>
        table + ((linear >> shift) & ((1ul << TFormat.IndexBits) - 1)) * (ulong)TFormat.EntrySize;

    private static WalkResult Walk<TFormat>(Bus bus, in PagingRules rules, ulong root, ulong linear, PageAccess access, bool user)
        where TFormat : struct, IPagingFormat
    {
        uint error = (access == PageAccess.Write ? PageFaultError.Write : 0)
            | (user ? PageFaultError.User : 0)
            | (access == PageAccess.Execute && (rules.NoExecute || rules.Smep) ? PageFaultError.Instruction : 0);
        if (!IsRootPresent(rules, root))
            return WalkResult.Fault(error);

        Span<ulong> path = stackalloc ulong[MaxLevels];
        int depth = 0;
        ulong table = RootTable(rules, root);
        ulong rights = PageEntry.RW | PageEntry.US;
        bool noExecute = false;

        for (int shift = RootShift(rules.Mode); ; shift -= TFormat.IndexBits)
        {
            ulong address = EntryAddress<TFormat>(table, linear, shift);
            ulong entry = TFormat.Read(bus, address);
            if ((entry & PageEntry.P) == 0)
                return WalkResult.Fault(error);

            bool leaf = TFormat.IsLeaf(entry, shift, rules);
            if (TFormat.IsReservedBitSet(entry, shift, leaf, rules))
                return WalkResult.Fault(error | PageFaultError.Protection | PageFaultError.Reserved);

            path[depth++] = address;
            rights &= entry;
            noExecute |= (entry & PageEntry.NX) != 0;
            if (!leaf)
            {
                table = TFormat.AddressIn(entry, shift, leaf, rules);
                continue;
            }

            ulong offsetMask = (1ul << shift) - 1;
            var translation = new Translation(
                linear & ~offsetMask,
                TFormat.AddressIn(entry, shift, leaf, rules),
                offsetMask,
                (rights & PageEntry.US) != 0,
                (rights & PageEntry.RW) != 0,
                !noExecute,
                Dirty: access == PageAccess.Write || (entry & PageEntry.D) != 0,
                Global: rules.GlobalPages && (entry & PageEntry.G) != 0);

            if (!rules.Allows(translation, access, user))
                return WalkResult.Fault(error | PageFaultError.Protection);

            MarkUsed<TFormat>(bus, path[..depth], access == PageAccess.Write);
            return new WalkResult(translation, 0, true);
        }
    }

    /// <summary>Follows the way to an address without marking it, and notes the entries where somebody wants them.</summary>
    /// <returns>Bytes of the page, or 0 when none is there.</returns>
    private static ulong Follow<TFormat>(Bus bus, in PagingRules rules, ulong root, ulong linear, List<PagePathStep>? steps, out ulong physical)
        where TFormat : struct, IPagingFormat
    {
        physical = 0;
        if (!IsRootPresent(rules, root))
            return 0;
        ulong table = RootTable(rules, root);
        for (int shift = RootShift(rules.Mode); ; shift -= TFormat.IndexBits)
        {
            // A table in a device is not read: that might have a side effect.
            ulong address = EntryAddress<TFormat>(table, linear, shift);
            if (!bus.Ram.Contains(address))
                return 0;
            ulong entry = TFormat.Read(bus, address);
            bool isPresent = (entry & PageEntry.P) != 0, isLeaf = isPresent && TFormat.IsLeaf(entry, shift, rules);
            steps?.Add(new PagePathStep(LevelName(shift), (int)((address - table) / (ulong)TFormat.EntrySize), address, entry, isLeaf));
            if (!isPresent)
                return 0;
            table = TFormat.AddressIn(entry, shift, isLeaf, rules);
            if (!isLeaf)
                continue;
            ulong pageSize = 1ul << shift;
            physical = table | (linear & (pageSize - 1));
            return pageSize;
        }
    }

    private static string LevelName(int shift) => shift switch
    {
        48 => "PML5E",
        39 => "PML4E",
        30 => "PDPTE",
        21 or 22 => "PDE",
        _ => "PTE",
    };

    private static void MarkUsed<TFormat>(Bus bus, ReadOnlySpan<ulong> path, bool write) where TFormat : struct, IPagingFormat
    {
        for (int i = 0; i < path.Length; i++)
        {
            ulong entry = TFormat.Read(bus, path[i]);
            ulong marked = entry | PageEntry.A | (write && i == path.Length - 1 ? PageEntry.D : 0);
            if (marked != entry)
                TFormat.Write(bus, path[i], marked);
        }
    }
}
