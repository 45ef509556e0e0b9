namespace SyscallExplorer.Machine.Tests;

/// <summary>Builds and edits 4-level page tables in guest memory.</summary>
public sealed class PageTables(PhysicalMemory ram, ulong root)
{
    public const ulong Present = 1;
    public const ulong Writable = 2;
    public const ulong User = 4;
    public const ulong Large = 1 << 7;
    public const ulong Global = 1 << 8;
    public const ulong NoExecute = 1ul << 63;
    private const ulong AddressBits = 0x000F_FFFF_FFFF_F000;
    private const int LargeShift = 21;
    private const int SmallShift = 12;
    private ulong _nextTable = root + 0x1000;

    public ulong Root { get; } = root;

    /// <summary>Maps 4 KiB; a 2 MiB page around it is split.</summary>
    public void Map(ulong linear, ulong physical, ulong flags) => ram.WriteUInt64(EntryOf(linear, SmallShift), physical | flags);

    /// <summary>Maps 2 MiB.</summary>
    public void MapLarge(ulong linear, ulong physical, ulong flags) => ram.WriteUInt64(EntryOf(linear, LargeShift), physical | flags | Large);

    /// <summary>The entry of a 4 KiB page.</summary>
    public ulong this[ulong linear]
    {
        get => ram.ReadUInt64(EntryOf(linear, SmallShift));
        set => ram.WriteUInt64(EntryOf(linear, SmallShift), value);
    }

    private ulong EntryOf(ulong linear, int leafShift)
    {
        ulong table = Root;
        for (int shift = 39; ; shift -= 9)
        {
            ulong address = table + (((linear >> shift) & 511) << 3);
            if (shift == leafShift)
                return address;
            ulong entry = ram.ReadUInt64(address);
            if ((entry & Present) == 0)
                ram.WriteUInt64(address, entry = AllocateTable() | Present | Writable | User);
            else if ((entry & Large) != 0)
                ram.WriteUInt64(address, entry = Split(entry));
            table = entry & AddressBits;
        }
    }

    private ulong Split(ulong large)
    {
        ulong table = AllocateTable();
        for (ulong i = 0; i < 512; i++)
            ram.WriteUInt64(table + i * 8, (large & ~Large) + (i << SmallShift));
        return table | Present | Writable | User;
    }

    private ulong AllocateTable()
    {
        ulong table = _nextTable;
        _nextTable += 0x1000;
        if (_nextTable > BenchLayout.Gdt)
            throw new InvalidOperationException("The bench has no room for another page table.");
        return table;
    }
}
