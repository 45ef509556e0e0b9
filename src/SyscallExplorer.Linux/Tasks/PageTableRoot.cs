namespace SyscallExplorer.Linux;

/// <summary>Page tables of an address space.</summary>
/// <param name="Name"><c>kernel</c>, which serve both where there is no isolation, or <c>user</c>.</param>
/// <param name="Address">Physical address of their highest table.</param>
public sealed record PageTableRoot(string Name, ulong Address);
