namespace SyscallExplorer.Linux;

/// <summary>Types of program headers that the kernel or a reader knows. System V ABI, chapter 5, and its GNU extensions.</summary>
public static class ElfHeaderType
{
    /// <summary>PT_LOAD: a segment.</summary>
    public const uint Load = 1;

    /// <summary>PT_DYNAMIC: what the dynamic linker reads. The kernel does not.</summary>
    public const uint Dynamic = 2;

    /// <summary>PT_INTERP: the name of the program that is to be loaded beside this one and started first.</summary>
    public const uint Interpreter = 3;

    /// <summary>PT_NOTE.</summary>
    public const uint Note = 4;

    /// <summary>PT_PHDR: where the table itself will stand. The kernel of 5.13 goes by the first segment instead.</summary>
    public const uint Headers = 6;

    /// <summary>PT_TLS: what each thread gets a copy of. The C library makes it; the kernel does not look.</summary>
    public const uint ThreadLocalStorage = 7;

    /// <summary>PT_GNU_STACK: whether the stack is to be executable.</summary>
    public const uint GnuStack = 0x6474E551;
}

/// <summary>An entry of the program header table.</summary>
/// <param name="Type">p_type.</param>
/// <param name="Flags">p_flags: PF_X 1, PF_W 2, PF_R 4.</param>
/// <param name="Offset">p_offset.</param>
/// <param name="Address">p_vaddr.</param>
/// <param name="FileSize">p_filesz.</param>
/// <param name="MemorySize">p_memsz.</param>
/// <param name="Alignment">p_align.</param>
/// <param name="HeaderOffset">Where the entry stands in the file.</param>
public sealed record ElfProgramHeader(
    uint Type, uint Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize, ulong Alignment, ulong HeaderOffset)
{
    private const uint ExecuteFlag = 1, WriteFlag = 2, ReadFlag = 4;

    internal bool IsExecutable => (Flags & ExecuteFlag) != 0;

    internal ElfSegment ToSegment() => new(
        Offset, Address, FileSize, MemorySize, (Flags & ReadFlag) != 0, (Flags & WriteFlag) != 0, IsExecutable, Alignment, HeaderOffset);
}
