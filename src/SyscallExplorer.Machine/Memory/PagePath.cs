namespace SyscallExplorer.Machine;

/// <summary>One entry on the way from a linear address to its page.</summary>
/// <param name="Level">What the manuals call it: <c>PML5E</c>, <c>PML4E</c>, <c>PDPTE</c>, <c>PDE</c> or <c>PTE</c>.</param>
/// <param name="Index">Its place in its table.</param>
/// <param name="Address">Its physical address.</param>
/// <param name="Value">The entry itself; its bits are those of <see cref="PageEntry"/>.</param>
/// <param name="IsLeaf">Whether it maps a page, and does not lead to another table.</param>
public readonly record struct PagePathStep(string Level, int Index, ulong Address, ulong Value, bool IsLeaf)
{
    /// <summary>Whether the P bit is set; the way ends at an entry where it is not.</summary>
    public bool IsPresent => (Value & PageEntry.P) != 0;
}

/// <summary>The way of one linear address through the paging structures, as they are now. SDM vol. 3A, 4.3 to 4.5.</summary>
/// <param name="Linear">The address.</param>
/// <param name="Root">Where the way begins: CR3.</param>
/// <param name="Steps">The entries, the highest level first.</param>
/// <param name="Physical">Where it leads, or null when an entry is not present.</param>
/// <param name="PageSize">Bytes of the page; 0 when there is none.</param>
public sealed record PagePath(ulong Linear, ulong Root, IReadOnlyList<PagePathStep> Steps, ulong? Physical, ulong PageSize)
{
    /// <summary>The entries that have rights: a PDPTE that the way begins with, that is, with PAE paging, has none. SDM vol. 3A, 4.4.1.</summary>
    private IEnumerable<PagePathStep> Rights => Steps.Skip(Steps is [{ Level: "PDPTE" }, ..] ? 1 : 0);

    /// <summary>Whether user mode may reach the page: every entry allows it.</summary>
    public bool IsUser => Physical is not null && Rights.All(step => (step.Value & PageEntry.US) != 0);

    /// <summary>Whether the page may be written by who may reach it.</summary>
    public bool IsWritable => Physical is not null && Rights.All(step => (step.Value & PageEntry.RW) != 0);

    /// <summary>Whether the page may be executed, where IA32_EFER.NXE is set.</summary>
    public bool IsExecutable => Physical is not null && Steps.All(step => (step.Value & PageEntry.NX) == 0);
}
