namespace SyscallExplorer.Linux;

/// <summary>The local descriptor table of an address space.</summary>
/// <param name="Physical">Physical address of its first page; the others adjoin.</param>
/// <param name="Entries">How many descriptors it holds.</param>
internal sealed record LocalTable(ulong Physical, int Entries)
{
    /// <summary>The most that a table may hold.</summary>
    public const int MostEntries = 8192;

    public const int EntrySize = 8;

    private const int PerPage = (int)KernelLayout.PageSize / EntrySize;

    public int Pages => (Entries + PerPage - 1) / PerPage;

    public ulong AddressOf(int entry) => Physical + (ulong)(entry * EntrySize);
}
