namespace SyscallExplorer.Linux;

/// <summary>Where the pages of an area come from.</summary>
internal abstract record AreaBacking;

/// <summary>Memory without a file that several address spaces see.</summary>
/// <param name="Number">Tells such objects apart.</param>
internal sealed record SharedMemory(int Number) : AreaBacking;

/// <summary>A file that is mapped.</summary>
/// <param name="Node">Which.</param>
internal sealed record FileBacking(VfsNode Node) : AreaBacking;

/// <summary>A range of an address space.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
/// <param name="Readable">PROT_READ.</param>
/// <param name="Writable">PROT_WRITE.</param>
/// <param name="Executable">PROT_EXEC.</param>
/// <param name="Name">As /proc/PID/maps would call it.</param>
internal sealed record VmArea(ulong Start, ulong End, bool Readable, bool Writable, bool Executable, string Name)
{
    /// <summary>The file or the shared memory that it shows, or null for memory of its own.</summary>
    public AreaBacking? Backing { get; init; }

    /// <summary>The byte of <see cref="Backing"/> that <see cref="Start"/> shows.</summary>
    public long Offset { get; init; }

    /// <summary>Whether what is written is seen by all who map the same, and not by this address space alone.</summary>
    public bool Shared { get; init; }

    /// <summary>VM_MAYWRITE: whether mprotect can make it writable; a shared mapping of a file that was opened for reading never is.</summary>
    public bool MayWrite { get; init; } = true;

    /// <summary>VM_GROWSDOWN: a stack, which grows when it is touched below its start.</summary>
    public bool GrowsDown { get; init; }

    /// <summary>Whether a child of fork gets it: not after MADV_DONTFORK.</summary>
    public bool IsNotInherited { get; init; }

    /// <summary>Whether a child of fork finds zeroes in it: MADV_WIPEONFORK.</summary>
    public bool IsWipedOnFork { get; init; }

    /// <summary>Bytes.</summary>
    public ulong Size => End - Start;

    public bool Contains(ulong address) => address >= Start && address < End;

    /// <summary>The byte of the backing that an address shows.</summary>
    public long OffsetOf(ulong address) => Offset + (long)(address - Start);

    /// <summary>The part of it between two addresses, which must lie in it.</summary>
    public VmArea Between(ulong start, ulong end) => this with { Start = start, End = end, Offset = Backing is null ? 0 : OffsetOf(start) };

    /// <summary>Whether an area goes on where this one ends, with the same rights, name and backing.</summary>
    public bool GoesOnIn(VmArea next) =>
        End == next.Start && this with { Start = next.Start, End = next.End, Offset = Backing is null ? 0 : OffsetOf(next.Start) } == next;
}
