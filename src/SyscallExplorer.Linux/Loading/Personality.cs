namespace SyscallExplorer.Linux;

/// <summary>The bits of a process's personality that decide about its address space. personality(2).</summary>
[Flags]
internal enum Personality : uint
{
    None = 0,

    /// <summary>ADDR_NO_RANDOMIZE: what <c>setarch -R</c> sets.</summary>
    NoRandomization = 0x0004_0000,

    /// <summary>MMAP_PAGE_ZERO: a page that can be read and executed at address 0, as System V had it.</summary>
    MapPageZero = 0x0010_0000,

    /// <summary>ADDR_COMPAT_LAYOUT: mmap searches upwards from a third of the address space.</summary>
    OldLayout = 0x0020_0000,

    /// <summary>READ_IMPLIES_EXEC: what is mapped for reading may be executed.</summary>
    ReadImpliesExecute = 0x0040_0000,

    /// <summary>ADDR_LIMIT_3GB: a 32-bit program has 3 GiB, as under a 32-bit kernel.</summary>
    LimitOf3GiB = 0x0800_0000,
}

/// <summary>What execve makes of the personality.</summary>
internal static class Personalities
{
    /// <summary>
    /// The personality under a new program: a 64-bit one starts without READ_IMPLIES_EXEC, a 32-bit one keeps it, and gets it when it says
    /// nothing about its stack.
    /// </summary>
    public static Personality Under(this Personality before, ElfFile file)
    {
        Personality kept = file.Bitness == 64 || file.IsX32 ? before & ~Personality.ReadImpliesExecute : before;
        return file.ImpliesReadableIsExecutable ? kept | Personality.ReadImpliesExecute : kept;
    }
}
