namespace SyscallExplorer.Linux;

/// <summary>Names of personalities. man 2 personality.</summary>
internal static class TaskPersonalities
{
    private const ulong TypeMask = 0xff;

    private static readonly ValueNames s_types = ValueNames.Of("PER_???", ("PER_LINUX", 0), ("PER_BSD", 6), ("PER_LINUX32", 8));

    private static readonly FlagNames s_flags = new("PER_???",
        ("UNAME26", 0x20000), ("ADDR_NO_RANDOMIZE", 0x40000), ("FDPIC_FUNCPTRS", 0x80000), ("MMAP_PAGE_ZERO", 0x100000),
        ("ADDR_COMPAT_LAYOUT", 0x200000), ("READ_IMPLIES_EXEC", 0x400000), ("ADDR_LIMIT_32BIT", 0x800000), ("SHORT_INODE", 0x1000000),
        ("WHOLE_SECONDS", 0x2000000), ("STICKY_TIMEOUTS", 0x4000000), ("ADDR_LIMIT_3GB", 0x8000000));

    /// <summary>Such as <c>PER_LINUX|ADDR_NO_RANDOMIZE</c>.</summary>
    public static string Format(ulong value) => s_types.Format(value & TypeMask) + s_flags.FormatFurther(value & ~TypeMask);
}
