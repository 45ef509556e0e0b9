namespace SyscallExplorer.Machine;

/// <summary>How linear addresses become physical ones. SDM vol. 3A, 4.1.1.</summary>
internal enum PagingMode
{
    /// <summary>CR0.PG = 0: they are the same.</summary>
    None,

    /// <summary>32-bit paging: two levels of 4-byte entries.</summary>
    TwoLevel,

    /// <summary>PAE paging: two levels of 8-byte entries below four registers.</summary>
    Pae,

    /// <summary>4-level paging of long mode.</summary>
    FourLevel,

    /// <summary>5-level paging of long mode.</summary>
    FiveLevel,
}

/// <summary>The control bits that decide what a paging-structure entry means and which translations are legal. SDM vol. 3A, 4.1.3 and 4.6.</summary>
internal readonly record struct PagingRules(
    PagingMode Mode, bool WriteProtect, bool Smep, bool Smap, bool NoExecute, bool GlobalPages, bool GigabytePages, bool LargePages, bool WideLargePages,
    ulong PhysicalMask)
{
    /// <summary>The access-rights rules for one page. <see cref="Smap"/> here means that SMAP is on and the access is not excused by AC.</summary>
    public bool Allows(in Translation page, PageAccess access, bool user)
    {
        if (access == PageAccess.Execute)
        {
            if (NoExecute && !page.Executable)
                return false;
            return user ? page.User : !(page.User && Smep);
        }

        if (user)
            return page.User && (access == PageAccess.Read || page.Writable);
        if (page.User && Smap)
            return false;
        return access == PageAccess.Read || page.Writable || !WriteProtect;
    }
}
