using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>How an address is mapped: its way through each set of page tables of the address space that is loaded.</summary>
/// <param name="Inputs">What it rests on.</param>
/// <param name="Address">The linear address.</param>
/// <param name="Tables">The kernel's tables, and with page-table isolation the user's.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record PageMap(LabInputs Inputs, ulong Address, IReadOnlyList<PageTableWalk> Tables) : IHasInputs;

/// <summary>The way of an address through one set of page tables.</summary>
/// <param name="Root">Which tables.</param>
/// <param name="Path">The entries on the way, and where it leads.</param>
public sealed record PageTableWalk(PageTableRoot Root, PagePath Path);
