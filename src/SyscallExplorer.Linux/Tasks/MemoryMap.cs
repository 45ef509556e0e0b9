using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>An address space: <c>mm_struct</c>, as far as only the host reads it. Its page tables lie in guest memory.</summary>
internal sealed record MemoryMap
{
    public required int Id { get; init; }

    /// <summary>Root of the kernel's page tables for it.</summary>
    public required ulong KernelRoot { get; init; }

    /// <summary>Root of the user's page tables; the same without KPTI.</summary>
    public required ulong UserRoot { get; init; }

    /// <summary>Physical address of what guest code reads of it.</summary>
    public required ulong Frame { get; init; }

    /// <summary>Tasks that use it.</summary>
    public int Users { get; init; } = 1;

    /// <summary>32 or 64: which addresses it has.</summary>
    public int Bitness { get; init; } = 64;

    /// <summary>Whether its program is an x32 one: 64-bit code with 32-bit addresses.</summary>
    public bool IsX32 { get; init; }

    /// <summary>READ_IMPLIES_EXEC of the personality: what may be read may be executed.</summary>
    public bool ReadImpliesExecute { get; init; }

    /// <summary>What is mapped, in the order of addresses.</summary>
    public ImmutableArray<VmArea> Areas { get; init; } = [];

    public ulong BreakStart { get; init; }

    public ulong Break { get; init; }

    /// <summary>Where mmap looks for room.</summary>
    public MmapRegion Mmap { get; init; } = new(0, 0, 0, IsUpward: false);

    /// <summary>Where the stack began.</summary>
    public ulong StackStart { get; init; }

    /// <summary>Where the arguments and the environment lie, for /proc.</summary>
    public (ulong Start, ulong End) Arguments { get; init; }

    public (ulong Start, ulong End) Environment { get; init; }

    /// <summary>First and last code address of the program, for /proc.</summary>
    public (ulong Start, ulong End) Code { get; init; }

    /// <summary>First address of its data, and the one behind the last that the file gave.</summary>
    public ulong DataStart { get; init; }

    public ulong DataEnd { get; init; }

    /// <summary>The auxiliary vector as it was put onto the stack.</summary>
    public ImmutableArray<byte> AuxiliaryVector { get; init; } = [];

    /// <summary>The program's name as an absolute path: what /proc/self/exe points to.</summary>
    public string Executable { get; init; } = "";

    /// <summary>The program's file, which lives as long as it is used here.</summary>
    public VfsLocation? ExecutableFile { get; init; }

    /// <summary>What membarrier was told to expect here: its commands that register.</summary>
    public int Barriers { get; init; }

    /// <summary>PR_SET_THP_DISABLE. The machine has no huge pages, so that it is only kept and told.</summary>
    public bool HugePagesDisabled { get; init; }

    /// <summary>Descriptors of the program's own, or null.</summary>
    public LocalTable? LocalTable { get; init; }

    /// <summary>Pages that it holds, and the most that it ever held.</summary>
    public long ResidentPages { get; init; }

    public long MostResidentPages { get; init; }
}
