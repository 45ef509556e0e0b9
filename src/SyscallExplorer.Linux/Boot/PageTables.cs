using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Writes page tables into guest memory, of four levels unless another format is asked for.</summary>
internal sealed class PageTables(PhysicalMemory ram, IFrameSource frames, PageTableFormat? chosen = null)
{
    private readonly PageTableFormat _format = chosen ?? PageTableFormat.FourLevels;

    private int Last => _format.Shifts.Length - 1;

    private int UserBytes => _format.UserEntries * _format.EntrySize;

    /// <summary>Maps one 4 KiB page.</summary>
    /// <param name="root">The top-level table.</param>
    /// <param name="linear">The page's address.</param>
    /// <param name="physical">Its frame.</param>
    /// <param name="rights">The bits of its entry.</param>
    /// <param name="tableRights">Those of the entries of new tables on the way; null leaves the decision to the last level.</param>
    /// <returns>False when no frame is left for a table.</returns>
    public bool TryMap(ulong root, ulong linear, ulong physical, ulong rights, ulong? tableRights = null) =>
        TryMapAt(root, linear, physical | rights, Last, tableRights);

    /// <summary>Maps one large page: 2 MiB, or 4 MiB where entries have 32 bits.</summary>
    public void MapLarge(ulong root, ulong linear, ulong physical, ulong rights)
    {
        if (!TryMapAt(root, linear, physical | rights | PageEntry.PS, Last - 1))
            throw new InvalidOperationException("The guest's RAM is too small for its kernel's page tables.");
    }

    /// <summary>Maps a 4 KiB page at boot.</summary>
    public void Map(ulong root, ulong linear, ulong physical, ulong rights)
    {
        if (!TryMap(root, linear, physical, rights))
            throw new InvalidOperationException("The guest's RAM is too small for its kernel's page tables.");
    }

    /// <summary>An entry, as wide as entries are.</summary>
    public ulong Read(ulong address)
    {
        if (_format.EntrySize == 8)
            return ram.ReadUInt64(address);
        Span<byte> bytes = stackalloc byte[4];
        ram.Read(address, bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>Writes an entry. Where execution cannot be forbidden, it is not.</summary>
    public void Write(ulong address, ulong entry)
    {
        if (_format.EntrySize == 8)
        {
            ram.WriteUInt64(address, _format.HasNx ? entry : entry & ~PageEntry.NX);
            return;
        }

        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)entry);
        ram.Write(address, bytes);
    }

    /// <summary>Where the leaf entry of an address stands, or null when a table is missing on the way.</summary>
    public ulong? EntryAddress(ulong root, ulong linear)
    {
        ulong table = root;
        for (int level = 0; level < Last; level++)
        {
            ulong entry = Read(table + _format.Slot(linear, level));
            if ((entry & PageEntry.P) == 0)
                return null;
            table = entry & PageEntry.Address;
        }

        return table + _format.Slot(linear, Last);
    }

    /// <summary>
    /// The pages of a range that have a leaf entry, present or not; where a table is missing, all it would hold is passed over at once.
    /// </summary>
    public IEnumerable<ulong> Pages(ulong root, ulong start, ulong end)
    {
        for (ulong linear = start; linear < end;)
        {
            ulong table = root;
            int level = 0;
            for (; level < Last; level++)
            {
                ulong entry = Read(table + _format.Slot(linear, level));
                if ((entry & PageEntry.P) == 0)
                    break;
                table = entry & PageEntry.Address;
            }

            if (level == Last && Read(table + _format.Slot(linear, Last)) != 0)
                yield return linear;
            linear = (linear | ((1ul << _format.Shifts[level]) - 1)) + 1;
        }
    }

    /// <summary>Where the leaf entries of these pages stand.</summary>
    public IEnumerable<ulong> Leaves(ulong root, ulong start, ulong end) => Pages(root, start, end).Select(page => EntryAddress(root, page)!.Value);

    /// <summary>The tables below the top-level entry of an address, from the lowest level up.</summary>
    public IEnumerable<ulong> TablesOf(ulong root, ulong linear)
    {
        ulong entry = Read(root + _format.Slot(linear, 0));
        return (entry & PageEntry.P) == 0 ? [] : TablesBelow(entry & PageEntry.Address, levels: Last - 1);
    }

    /// <summary>Takes the top-level entry of an address away.</summary>
    public void ClearTopLevel(ulong root, ulong linear) => Write(root + _format.Slot(linear, 0), 0);

    /// <summary>Copies a top-level entry, so that both tables share what hangs below it.</summary>
    public void ShareTopLevel(ulong fromRoot, ulong toRoot, ulong linear) =>
        Write(toRoot + _format.Slot(linear, 0), Read(fromRoot + _format.Slot(linear, 0)));

    /// <summary>Makes sure that both roots share the tables of a user address; a 64-bit kernel's copy may not execute there under KPTI.</summary>
    public bool TryShareUser(ulong kernelRoot, ulong userRoot, ulong linear)
    {
        if (_format.RootIsCached || (kernelRoot == userRoot && _format != PageTableFormat.FourLevels))
            return true;
        ulong slot = _format.Slot(linear, 0);
        if ((Read(kernelRoot + slot) & PageEntry.P) != 0)
            return true;
        if (frames.TryTake() is not { } table)
            return false;
        ulong rights = _format.RightsAt(0);
        Write(kernelRoot + slot, table | rights | (userRoot != kernelRoot ? PageEntry.NX : 0));
        if (userRoot != kernelRoot)
            Write(userRoot + slot, table | rights);
        return true;
    }

    /// <summary>Gives a new pair of roots the tables that have to be there from the beginning.</summary>
    /// <returns>False when no frame is left for one.</returns>
    public bool TryPrepare(ulong kernelRoot, ulong userRoot)
    {
        if (!_format.RootIsCached)
            return true;
        for (int slot = 0; slot < UserBytes; slot += _format.EntrySize)
        {
            if (frames.TryTake() is not { } table)
                return false;
            Write(kernelRoot + (ulong)slot, table | PageEntry.P);
            Write(userRoot + (ulong)slot, table | PageEntry.P);
        }

        return true;
    }

    /// <summary>Tables of user addresses, from the lowest level up; the root is not among them.</summary>
    public IEnumerable<ulong> UserTables(ulong root)
    {
        for (int slot = 0; slot < UserBytes; slot += _format.EntrySize)
        {
            ulong entry = Read(root + (ulong)slot);
            if ((entry & PageEntry.P) == 0)
                continue;
            foreach (ulong table in TablesBelow(entry & PageEntry.Address, levels: Last - 1))
                yield return table;
        }
    }

    private IEnumerable<ulong> TablesBelow(ulong table, int levels)
    {
        for (int slot = 0; levels > 0 && slot < _format.Entries; slot++)
        {
            ulong entry = Read(table + (ulong)(slot * _format.EntrySize));
            if ((entry & PageEntry.P) == 0)
                continue;
            foreach (ulong below in TablesBelow(entry & PageEntry.Address, levels - 1))
                yield return below;
        }

        yield return table;
    }

    /// <summary>Forgets the tables of user addresses.</summary>
    public void ClearUserHalf(ulong root)
    {
        Span<byte> zeroes = stackalloc byte[UserBytes];
        zeroes.Clear();
        ram.Write(root, zeroes);
    }

    /// <summary>Copies what all address spaces of the kernel have: the upper part.</summary>
    public void ShareKernelHalf(ulong fromRoot, ulong toRoot)
    {
        Span<byte> half = stackalloc byte[(_format.RootEntries * _format.EntrySize) - UserBytes];
        ram.Read(fromRoot + (ulong)UserBytes, half);
        ram.Write(toRoot + (ulong)UserBytes, half);
    }

    private bool TryMapAt(ulong root, ulong linear, ulong leaf, int leafLevel, ulong? tableRights = null)
    {
        ulong table = root;
        for (int level = 0; level < leafLevel; level++)
        {
            ulong address = table + _format.Slot(linear, level);
            ulong entry = Read(address);
            if ((entry & PageEntry.P) == 0)
            {
                if (frames.TryTake() is not { } fresh)
                    return false;
                entry = fresh | (tableRights ?? _format.RightsAt(level));
                Write(address, entry);
            }

            table = entry & PageEntry.Address;
        }

        Write(table + _format.Slot(linear, leafLevel), leaf);
        return true;
    }
}
