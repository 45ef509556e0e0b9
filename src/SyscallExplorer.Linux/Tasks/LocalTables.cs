using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Local descriptor tables: each address space may have one, which its threads share. The processor finds it through an entry of the GDT. With page-table isolation it
/// has to be seen by the user's page tables too, since IRET reads it there, and gets an alias for reading.
/// </summary>
internal sealed class LocalTables(LinuxMachine machine)
{
    private const ulong AliasRights = PageEntry.P | PageEntry.A | PageEntry.NX;
    private const ulong TableRights = PageEntry.P | PageEntry.RW | PageEntry.A;
    private const ulong LocalTableType = 0x82;

    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    private bool IsIsolated => machine.Features.Contains(KernelFeature.Pti);

    /// <summary>
    /// LDT_BASE_ADDR, in a slot of the top-level table of its own, of four levels or of five. Documentation/x86/x86_64/mm.txt of Linux 4.19, mm.rst of 5.13.
    /// </summary>
    private ulong Alias => (machine.Kernel.Traits.Version < new Version(4, 20), machine.Features.Contains(KernelFeature.La57)) switch
    {
        (true, false) => 0xFFFF_FE80_0000_0000,
        (true, true) => 0xFFFD_0000_0000_0000,
        (false, false) => 0xFFFF_8800_0000_0000,
        (false, true) => 0xFF90_0000_0000_0000,
    };

    /// <summary>The descriptor of an entry of the current address space; 0 beyond its table.</summary>
    public ulong this[int entry] => EntryOf(machine.Memory.Map, entry);

    /// <summary>The descriptor of an entry of an address space; 0 beyond its table.</summary>
    public ulong EntryOf(MemoryMap map, int entry) => map.LocalTable is { } table && entry < table.Entries ? Ram.ReadUInt64(table.AddressOf(entry)) : 0;

    /// <summary>Sets an entry of the current address space, and lets the processor know.</summary>
    /// <returns>False when RAM is used up.</returns>
    public bool TrySet(int entry, ulong descriptor)
    {
        MemoryMap map = machine.Memory.Map;
        if (Make(map, entry + 1) is not { } table)
            return false;
        Ram.WriteUInt64(table.AddressOf(entry), descriptor);
        if (map.LocalTable?.Entries != table.Entries)
            machine.Memory.Map = map = map with { LocalTable = table };
        if (!TryShow(map, table))
            return false;
        LoadNow(map);
        return true;
    }

    /// <summary>Gives a child what its parent has.</summary>
    /// <returns>False when RAM is used up.</returns>
    public bool TryCopy(MemoryMap parent, AddressSpace child)
    {
        if (parent.LocalTable is not { } table)
            return true;
        if (Make(child.Map with { LocalTable = null }, table.Entries) is not { } copy)
            return false;
        Move(table, copy);
        child.Map = child.Map with { LocalTable = copy };
        return TryShow(child.Map, copy);
    }

    /// <summary>Takes the table of an address space away that nobody uses any more.</summary>
    public void Release(MemoryMap map)
    {
        if (map.LocalTable is not { } table)
            return;
        ReleaseFrames(table);
        if (!IsIsolated)
            return;
        PageTables tables = machine.PageTables;
        foreach (ulong below in tables.TablesOf(map.KernelRoot, Alias).ToList())
            machine.Frames.Release(below);
        tables.ClearTopLevel(map.KernelRoot, Alias);
        tables.ClearTopLevel(map.UserRoot, Alias);
    }

    /// <summary>A table with room for so many entries, with what the old one had.</summary>
    private LocalTable? Make(MemoryMap map, int entries)
    {
        if (map.LocalTable is { } old)
        {
            if (entries <= old.Entries)
                return old;
            var longer = old with { Entries = entries };
            if (longer.Pages == old.Pages)
                return longer;
        }

        var made = new LocalTable(0, entries);
        if ((made.Pages == 1 ? machine.Frames.TryTake() : machine.Frames.TryTakeAdjoining(made.Pages)) is not { } frame)
            return null;
        made = made with { Physical = frame };
        if (map.LocalTable is { } shorter)
        {
            Move(shorter, made);
            ReleaseFrames(shorter);
        }

        return made;
    }

    private void Move(LocalTable from, LocalTable to)
    {
        byte[] bytes = new byte[from.Entries * LocalTable.EntrySize];
        Ram.Read(from.Physical, bytes);
        Ram.Write(to.Physical, bytes);
    }

    private void ReleaseFrames(LocalTable table)
    {
        for (int page = 0; page < table.Pages; page++)
            machine.Frames.Release(table.Physical + (ulong)page * KernelLayout.PageSize);
    }

    /// <summary>Maps the alias where there is one, and writes down for guest code what to put into the GDT.</summary>
    private bool TryShow(MemoryMap map, LocalTable table)
    {
        ulong address = KernelLayout.DirectMapped(table.Physical);
        if (IsIsolated)
        {
            address = Alias;
            PageTables tables = machine.PageTables;
            for (ulong offset = 0; offset < (ulong)table.Pages * KernelLayout.PageSize; offset += KernelLayout.PageSize)
            {
                if (!tables.TryMap(map.KernelRoot, address + offset, table.Physical + offset, AliasRights, TableRights))
                    return false;
            }

            tables.ShareTopLevel(map.KernelRoot, map.UserRoot, address);
            machine.Processor.FlushTranslations();
        }

        ulong limit = (ulong)(table.Entries * LocalTable.EntrySize - 1);
        ulong low = limit | ((address & 0xFF_FFFF) << 16) | (LocalTableType << 40) | ((address & 0xFF00_0000) << 32);
        Ram.WriteUInt64(map.Frame + TaskLayout.MmLdt, low);
        Ram.WriteUInt64(map.Frame + TaskLayout.MmLdt + 8, address >> 32);
        return true;
    }

    /// <summary>The current address space's table has changed: its threads, which share the processor, find it in LDTR.</summary>
    private void LoadNow(MemoryMap map)
    {
        ulong low = Ram.ReadUInt64(map.Frame + TaskLayout.MmLdt), high = Ram.ReadUInt64(map.Frame + TaskLayout.MmLdt + 8);
        Ram.WriteUInt64(KernelLayout.GdtPhysical + Selectors.Ldt, low);
        Ram.WriteUInt64(KernelLayout.GdtPhysical + Selectors.Ldt + 8, high);
        var descriptor = new Descriptor(low);
        machine.Processor.Registers.LocalDescriptorTable = descriptor.ToSegment(Selectors.Ldt) with { Base = descriptor.Base | (high << 32) };
    }
}
