namespace SyscallExplorer.Linux;

/// <summary>A PT_LOAD entry of a program header table. System V ABI, chapter 5, Program Header.</summary>
/// <param name="Offset">Where its bytes begin in the file.</param>
/// <param name="Address">Where they go, before the load bias is added.</param>
/// <param name="FileSize">Bytes from the file.</param>
/// <param name="MemorySize">Bytes in memory; what the file does not give is zero.</param>
/// <param name="Readable">PF_R.</param>
/// <param name="Writable">PF_W.</param>
/// <param name="Executable">PF_X.</param>
/// <param name="Alignment">p_align, of which the kernel takes powers of two only.</param>
/// <param name="HeaderOffset">Where the entry stands in the file.</param>
public sealed record ElfSegment(
    ulong Offset, ulong Address, ulong FileSize, ulong MemorySize, bool Readable, bool Writable, bool Executable, ulong Alignment, ulong HeaderOffset)
{
    /// <summary>First page of it, before the load bias is added.</summary>
    internal ulong FirstPage => Address & ~(KernelLayout.PageSize - 1);

    /// <summary>Bytes between the page's beginning and the segment's.</summary>
    internal ulong OffsetInPage => Address & (KernelLayout.PageSize - 1);
}
