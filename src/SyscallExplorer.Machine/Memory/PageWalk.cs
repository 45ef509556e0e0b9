namespace SyscallExplorer.Machine;

/// <summary>What a walk found: a translation, or the error code of the #PF it ends in.</summary>
internal readonly record struct WalkResult(Translation Translation, uint ErrorCode, bool Ok)
{
    public static WalkResult Fault(uint errorCode) => new(default, errorCode, false);
}

/// <summary>4-level paging: the walk through the tables in guest memory. SDM vol. 3A, 4.5 to 4.8.</summary>
internal static class PageWalk
{
    private const ulong ReservedInLargePage2M = 0x1F_E000;
    private const ulong ReservedInLargePage1G = 0x3FFF_E000;

    /// <summary>Walks the tables for one linear address and sets the accessed and dirty bits that the access deserves.</summary>
    /// <param name="bus">Where the tables are.</param>
    /// <param name="rules">The control bits in force.</param>
    /// <param name="cr3">The root.</param>
    /// <param name="linear">The address.</param>
    /// <param name="access">What is wanted.</param>
    /// <param name="user">Whether the access is a user-mode one (CPL 3 and not implicit).</param>
    public static WalkResult Walk(Bus bus, in PagingRules rules, ulong cr3, ulong linear, PageAccess access, bool user)
    {
        uint error = (access == PageAccess.Write ? PageFaultError.Write : 0)
            | (user ? PageFaultError.User : 0)
            | (access == PageAccess.Execute && (rules.NoExecute || rules.Smep) ? PageFaultError.Instruction : 0);

        Span<ulong> path = stackalloc ulong[4];
        int depth = 0;
        ulong table = cr3 & PageEntry.Address & rules.PhysicalMask;
        ulong rights = PageEntry.RW | PageEntry.US;
        bool noExecute = false;

        for (int shift = 39; ; shift -= 9)
        {
            ulong address = table + (((linear >> shift) & 511) << 3);
            ulong entry = bus.ReadPhysical64(address);
            if ((entry & PageEntry.P) == 0)
                return WalkResult.Fault(error);

            bool leaf = shift == 12 || (shift < 39 && (entry & PageEntry.PS) != 0);
            if (IsReservedBitSet(entry, shift, leaf, rules))
                return WalkResult.Fault(error | PageFaultError.Protection | PageFaultError.Reserved);

            path[depth++] = address;
            rights &= entry;
            noExecute |= (entry & PageEntry.NX) != 0;
            if (!leaf)
            {
                table = entry & PageEntry.Address;
                continue;
            }

            ulong offsetMask = (1ul << shift) - 1;
            var translation = new Translation(
                linear & ~offsetMask,
                entry & PageEntry.Address & ~offsetMask,
                offsetMask,
                (rights & PageEntry.US) != 0,
                (rights & PageEntry.RW) != 0,
                !noExecute,
                Dirty: access == PageAccess.Write || (entry & PageEntry.D) != 0,
                Global: rules.GlobalPages && (entry & PageEntry.G) != 0);

            if (!rules.Allows(translation, access, user))
                return WalkResult.Fault(error | PageFaultError.Protection);

            MarkUsed(bus, path[..depth], access == PageAccess.Write);
            return new WalkResult(translation, 0, true);
        }
    }

    private static bool IsReservedBitSet(ulong entry, int shift, bool leaf, in PagingRules rules)
    {
        ulong reserved = PageEntry.Address & ~rules.PhysicalMask;
        if (!rules.NoExecute)
            reserved |= PageEntry.NX;
        if (shift == 39 || (shift == 30 && !rules.GigabytePages))
            reserved |= PageEntry.PS;
        if (leaf && shift == 21)
            reserved |= ReservedInLargePage2M;
        if (leaf && shift == 30)
            reserved |= ReservedInLargePage1G;
        return (entry & reserved) != 0;
    }

    private static void MarkUsed(Bus bus, ReadOnlySpan<ulong> path, bool write)
    {
        for (int i = 0; i < path.Length; i++)
        {
            ulong entry = bus.ReadPhysical64(path[i]);
            ulong marked = entry | PageEntry.A | (write && i == path.Length - 1 ? PageEntry.D : 0);
            if (marked != entry)
                bus.WritePhysical64(path[i], marked);
        }
    }
}

/// <summary>The control bits that decide which translations are legal. SDM vol. 3A, 4.6.</summary>
internal readonly record struct PagingRules(
    bool WriteProtect, bool Smep, bool Smap, bool NoExecute, bool GlobalPages, bool GigabytePages, ulong PhysicalMask)
{
    /// <summary>The access-rights rules for one page. <see cref="Smap"/> here means that SMAP is on and the access is not excused by AC.</summary>
    public bool Allows(in Translation page, PageAccess access, bool user)
    {
        if (access == PageAccess.Execute)
        {
            if (NoExecute && !page.Executable)
                return false;
            return user ? page.User : !(page.User && Smep);
        }

        if (user)
            return page.User && (access == PageAccess.Read || page.Writable);
        if (page.User && Smap)
            return false;
        return access == PageAccess.Read || page.Writable || !WriteProtect;
    }
}
