namespace SyscallExplorer.Machine;

/// <summary>Bits of a paging-structure entry. SDM vol. 3A, 4.5, table 4-20.</summary>
public static class PageEntry
{
    /// <summary>Present.</summary>
    public const ulong P = 1ul << 0;

    /// <summary>Writable.</summary>
    public const ulong RW = 1ul << 1;

    /// <summary>User accessible.</summary>
    public const ulong US = 1ul << 2;

    /// <summary>Write-through: a bit of the memory type.</summary>
    public const ulong PWT = 1ul << 3;

    /// <summary>Cache disable: the other bit of the memory type. Both make a page that is not cached.</summary>
    public const ulong PCD = 1ul << 4;

    /// <summary>Accessed.</summary>
    public const ulong A = 1ul << 5;

    /// <summary>Dirty.</summary>
    public const ulong D = 1ul << 6;

    /// <summary>Page size: the entry maps a 2 MiB or 1 GiB page.</summary>
    public const ulong PS = 1ul << 7;

    /// <summary>Global.</summary>
    public const ulong G = 1ul << 8;

    /// <summary>Execute disable.</summary>
    public const ulong NX = 1ul << 63;

    /// <summary>Bits 51:12, the address.</summary>
    public const ulong Address = 0x000F_FFFF_FFFF_F000;
}

/// <summary>Bits of the #PF error code. SDM vol. 3A, 4.7.</summary>
public static class PageFaultError
{
    /// <summary>The page was present: a protection violation.</summary>
    public const uint Protection = 1;

    /// <summary>The access was a write.</summary>
    public const uint Write = 2;

    /// <summary>The access was a user-mode one.</summary>
    public const uint User = 4;

    /// <summary>A reserved bit was set in a paging-structure entry.</summary>
    public const uint Reserved = 8;

    /// <summary>The access was an instruction fetch.</summary>
    public const uint Instruction = 16;
}

/// <summary>What an access wants of a page.</summary>
internal enum PageAccess
{
    Read,
    Write,
    Execute,
}
