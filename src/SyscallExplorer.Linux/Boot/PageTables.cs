using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Writes four-level page tables into guest memory.</summary>
internal sealed class PageTables(PhysicalMemory ram, IFrameSource frames)
{
    private const int UserSlots = 256;
    private const ulong TableRights = PageEntry.P | PageEntry.RW | PageEntry.US | PageEntry.A;

    /// <summary>Maps one 4 KiB page.</summary>
    /// <returns>False when no frame is left for a table.</returns>
    public bool TryMap(ulong root, ulong linear, ulong physical, ulong rights, ulong rootRights = TableRights) =>
        TryMapAt(root, linear, physical | rights, leafShift: 12, rootRights);

    /// <summary>Maps one 2 MiB page.</summary>
    public void MapLarge(ulong root, ulong linear, ulong physical, ulong rights)
    {
        if (!TryMapAt(root, linear, physical | rights | PageEntry.PS, leafShift: 21, TableRights))
            throw new InvalidOperationException("The guest's RAM is too small for its kernel's page tables.");
    }

    /// <summary>Maps a 4 KiB page at boot.</summary>
    public void Map(ulong root, ulong linear, ulong physical, ulong rights)
    {
        if (!TryMap(root, linear, physical, rights))
            throw new InvalidOperationException("The guest's RAM is too small for its kernel's page tables.");
    }

    /// <summary>Where the leaf entry of an address stands, or null when a table is missing on the way.</summary>
    public ulong? EntryAddress(ulong root, ulong linear)
    {
        ulong table = root;
        for (int shift = 39; shift > 12; shift -= 9)
        {
            ulong entry = ram.ReadUInt64(table + Slot(linear, shift));
            if ((entry & PageEntry.P) == 0)
                return null;
            table = entry & PageEntry.Address;
        }

        return table + Slot(linear, 12);
    }

    /// <summary>
    /// The pages of a range that have a leaf entry, present or not; where a table is missing, all it would hold is passed over at once.
    /// </summary>
    public IEnumerable<ulong> Pages(ulong root, ulong start, ulong end)
    {
        for (ulong linear = start; linear < end;)
        {
            ulong table = root;
            int shift = 39;
            for (; shift > 12; shift -= 9)
            {
                ulong entry = ram.ReadUInt64(table + Slot(linear, shift));
                if ((entry & PageEntry.P) == 0)
                    break;
                table = entry & PageEntry.Address;
            }

            if (shift == 12 && ram.ReadUInt64(table + Slot(linear, 12)) != 0)
                yield return linear;
            linear = (linear | ((1ul << shift) - 1)) + 1;
        }
    }

    /// <summary>Where the leaf entries of these pages stand.</summary>
    public IEnumerable<ulong> Leaves(ulong root, ulong start, ulong end) => Pages(root, start, end).Select(page => EntryAddress(root, page)!.Value);

    /// <summary>Copies a top-level entry, so that both tables share what hangs below it.</summary>
    public void ShareTopLevel(ulong fromRoot, ulong toRoot, ulong linear) =>
        ram.WriteUInt64(toRoot + Slot(linear, 39), ram.ReadUInt64(fromRoot + Slot(linear, 39)));

    /// <summary>Makes sure that both roots share the tables of a user address; the kernel's copy may not execute there under KPTI.</summary>
    public bool TryShareUser(ulong kernelRoot, ulong userRoot, ulong linear)
    {
        ulong slot = Slot(linear, 39);
        if ((ram.ReadUInt64(kernelRoot + slot) & PageEntry.P) != 0)
            return true;
        if (frames.TryTake() is not { } table)
            return false;
        ram.WriteUInt64(kernelRoot + slot, table | TableRights | (userRoot != kernelRoot ? PageEntry.NX : 0));
        if (userRoot != kernelRoot)
            ram.WriteUInt64(userRoot + slot, table | TableRights);
        return true;
    }

    /// <summary>Tables of user addresses, from the lowest level up; the root is not among them.</summary>
    public IEnumerable<ulong> UserTables(ulong root)
    {
        for (int slot = 0; slot < UserSlots; slot++)
        {
            ulong entry = ram.ReadUInt64(root + (ulong)slot * 8);
            if ((entry & PageEntry.P) == 0)
                continue;
            foreach (ulong table in TablesBelow(entry & PageEntry.Address, levels: 2))
                yield return table;
        }
    }

    private IEnumerable<ulong> TablesBelow(ulong table, int levels)
    {
        for (ulong slot = 0; levels > 0 && slot < 512; slot++)
        {
            ulong entry = ram.ReadUInt64(table + slot * 8);
            if ((entry & PageEntry.P) == 0)
                continue;
            foreach (ulong below in TablesBelow(entry & PageEntry.Address, levels - 1))
                yield return below;
        }

        yield return table;
    }

    /// <summary>Copies what both address spaces of the kernel have: the upper half.</summary>
    public void ShareKernelHalf(ulong fromRoot, ulong toRoot)
    {
        Span<byte> half = stackalloc byte[(512 - UserSlots) * 8];
        ram.Read(fromRoot + UserSlots * 8, half);
        ram.Write(toRoot + UserSlots * 8, half);
    }

    private bool TryMapAt(ulong root, ulong linear, ulong leaf, int leafShift, ulong rootRights)
    {
        ulong table = root;
        for (int shift = 39; shift > leafShift; shift -= 9)
        {
            ulong address = table + Slot(linear, shift);
            ulong entry = ram.ReadUInt64(address);
            if ((entry & PageEntry.P) == 0)
            {
                if (frames.TryTake() is not { } fresh)
                    return false;
                entry = fresh | (shift == 39 ? rootRights : TableRights);
                ram.WriteUInt64(address, entry);
            }

            table = entry & PageEntry.Address;
        }

        ram.WriteUInt64(table + Slot(linear, leafShift), leaf);
        return true;
    }

    private static ulong Slot(ulong linear, int shift) => ((linear >> shift) & 511) * 8;
}
