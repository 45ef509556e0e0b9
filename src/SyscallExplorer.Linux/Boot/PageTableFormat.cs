using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>A kind of page tables: how many levels, and what an entry is. SDM vol. 3A, 4.3 to 4.5.</summary>
/// <param name="Shifts">The lowest bit of the address that chooses an entry, for each level from the root down.</param>
/// <param name="EntrySize">Bytes of an entry.</param>
/// <param name="RootEntries">Entries of the root.</param>
/// <param name="UserEntries">How many of them are for programs.</param>
/// <param name="HasNx">Whether entries can forbid execution.</param>
internal sealed record PageTableFormat(ImmutableArray<int> Shifts, int EntrySize, int RootEntries, int UserEntries, bool HasNx)
{
    private const ulong TableRights = PageEntry.P | PageEntry.RW | PageEntry.US | PageEntry.A;

    /// <summary>Of 64-bit kernels.</summary>
    public static PageTableFormat FourLevels { get; } = new([39, 30, 21, 12], 8, 512, 256, HasNx: true);

    /// <summary>Of 64-bit kernels on processors with LA57.</summary>
    public static PageTableFormat FiveLevels { get; } = new([48, 39, 30, 21, 12], 8, 512, 256, HasNx: true);

    /// <summary>PAE, with execution that can be forbidden: why a 32-bit kernel takes it.</summary>
    public static PageTableFormat Pae { get; } = new([30, 21, 12], 8, 4, 3, HasNx: true);

    /// <summary>The first kind, of 32-bit entries.</summary>
    public static PageTableFormat TwoLevels { get; } = new([22, 12], 4, 1024, 768, HasNx: false);

    /// <summary>The lowest bit of an address within a large page's entry.</summary>
    public int LargeShift => Shifts[^2];

    /// <summary>Bytes of a large page.</summary>
    public ulong LargeSize => 1ul << LargeShift;

    /// <summary>Entries of the tables below the root.</summary>
    public int Entries => (int)KernelLayout.PageSize / EntrySize;

    /// <summary>
    /// The processor reads the root's entries when CR3 is loaded and not again, so that those for programs have to be there from the beginning. SDM
    /// vol. 3A, 4.4.1.
    /// </summary>
    public bool RootIsCached => RootEntries == 4;

    /// <summary>The bits of an entry that leads to a table. PAE's root knows nothing but presence.</summary>
    public ulong RightsAt(int level) => level == 0 && RootIsCached ? PageEntry.P : TableRights;

    /// <summary>Where an address has its entry in a table of a level, in bytes.</summary>
    public ulong Slot(ulong linear, int level) =>
        (linear >> Shifts[level]) % (ulong)(level == 0 ? RootEntries : Entries) * (ulong)EntrySize;
}
