namespace SyscallExplorer.Linux;

/// <summary>Names of flags and values of calls on memory.</summary>
internal static class MemoryWords
{
    private const int HugeShift = 26;
    private const ulong HugeMask = 63ul << HugeShift;
    private const ulong MapType = 15;

    private static readonly ValueNames s_mapTypes = ValueNames.From(0, "MAP_???", "MAP_FILE", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE");

    private static readonly FlagNames s_mapFlags = new("MAP_???",
        ("MAP_FIXED", 0x10), ("MAP_ANONYMOUS", 0x20), ("MAP_32BIT", 0x40), ("MAP_NORESERVE", 0x4000), ("MAP_POPULATE", 0x8000),
        ("MAP_NONBLOCK", 0x10000), ("MAP_GROWSDOWN", 0x100), ("MAP_DENYWRITE", 0x800), ("MAP_EXECUTABLE", 0x1000), ("MAP_LOCKED", 0x2000),
        ("MAP_STACK", 0x20000), ("MAP_HUGETLB", 0x40000), ("MAP_SYNC", 0x80000), ("MAP_FIXED_NOREPLACE", 0x100000));

    public static FlagNames Protection { get; } = new("PROT_???",
        ("PROT_NONE", 0), ("PROT_READ", 1), ("PROT_WRITE", 2), ("PROT_EXEC", 4), ("PROT_SEM", 8), ("PROT_GROWSDOWN", 0x1000000),
        ("PROT_GROWSUP", 0x2000000));

    public static FlagNames Remap { get; } = new("MREMAP_???", ("MREMAP_MAYMOVE", 1), ("MREMAP_FIXED", 2), ("MREMAP_DONTUNMAP", 4));

    public static FlagNames Synchronise { get; } = new("MS_???", ("MS_SYNC", 4), ("MS_ASYNC", 1), ("MS_INVALIDATE", 2));

    public static FlagNames LockAll { get; } = new("MCL_???", ("MCL_CURRENT", 1), ("MCL_FUTURE", 2), ("MCL_ONFAULT", 4));

    public static FlagNames Lock { get; } = new("MLOCK_???", ("MLOCK_ONFAULT", 1));

    public static FlagNames KeyRights { get; } = new("PKEY_???", ("PKEY_DISABLE_ACCESS", 1), ("PKEY_DISABLE_WRITE", 2), ("PKEY_DISABLE_EXECUTE", 4));

    public static ValueNames Advice { get; } = ValueNames
        .From(0, "MADV_???", "MADV_NORMAL", "MADV_RANDOM", "MADV_SEQUENTIAL", "MADV_WILLNEED", "MADV_DONTNEED", "", "", "", "MADV_FREE", "MADV_REMOVE", "MADV_DONTFORK",
            "MADV_DOFORK", "MADV_MERGEABLE", "MADV_UNMERGEABLE", "MADV_HUGEPAGE", "MADV_NOHUGEPAGE", "MADV_DONTDUMP", "MADV_DODUMP",
            "MADV_WIPEONFORK", "MADV_KEEPONFORK", "MADV_COLD", "MADV_PAGEOUT", "MADV_POPULATE_READ", "MADV_POPULATE_WRITE", "MADV_DONTNEED_LOCKED",
            "MADV_COLLAPSE")
        .With(("MADV_HWPOISON", 100), ("MADV_SOFT_OFFLINE", 101));

    public static FlagNames SharedAttach { get; } = new("SHM_???", ("SHM_RDONLY", 0x1000), ("SHM_RND", 0x2000), ("SHM_REMAP", 0x4000), ("SHM_EXEC", 0x8000));

    public static ValueNames SharedControl { get; } = ValueNames
        .From(0, "SHM_???", "IPC_RMID", "IPC_SET", "IPC_STAT", "IPC_INFO")
        .With(("SHM_LOCK", 11), ("SHM_UNLOCK", 12), ("SHM_STAT", 13), ("SHM_INFO", 14), ("SHM_STAT_ANY", 15));

    public static FlagNames IpcGet { get; } = new("IPC_???", ("IPC_CREAT", 0x200), ("IPC_EXCL", 0x400), ("IPC_NOWAIT", 0x800));

    public static FlagNames SharedGet { get; } = new("SHM_???",
        ("IPC_CREAT", 0x200), ("IPC_EXCL", 0x400), ("SHM_HUGETLB", 0x800), ("SHM_NORESERVE", 0x1000));

    public static FlagNames Futures { get; } = new("FUTEX_???", ("FUTEX_32", 2));

    /// <summary>Such as <c>MAP_PRIVATE|MAP_ANONYMOUS</c>.</summary>
    public static string MapFlags(ulong value)
    {
        string text = s_mapTypes.Format(value & MapType) + s_mapFlags.FormatFurther(value & ~MapType & ~HugeMask);
        return (value & HugeMask) == 0 ? text : $"{text}|{(value & HugeMask) >> HugeShift}<<MAP_HUGE_SHIFT";
    }
}
