using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A range of a program's address space.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
/// <param name="Readable">PROT_READ.</param>
/// <param name="Writable">PROT_WRITE.</param>
/// <param name="Executable">PROT_EXEC.</param>
/// <param name="Name">As /proc/PID/maps would call it.</param>
internal sealed record VmArea(ulong Start, ulong End, bool Readable, bool Writable, bool Executable, string Name)
{
    public bool Contains(ulong address) => address >= Start && address < End;
}

/// <summary>
/// What only the host reads of the kernel: plain immutable data, so that a snapshot is a reference. What guest code reads lives in guest
/// memory and nowhere here.
/// </summary>
internal sealed record KernelState
{
    public static KernelState Initial { get; } = new();

    /// <summary>First physical frame that nobody has.</summary>
    public ulong NextFrame { get; init; }

    /// <summary>Root of the kernel's page tables.</summary>
    public ulong KernelRoot { get; init; }

    /// <summary>Root of the user's page tables; the same without KPTI.</summary>
    public ulong UserRoot { get; init; }

    /// <summary>32 or 64 once a program is loaded, 0 before.</summary>
    public int ProgramBitness { get; init; }

    public ImmutableArray<VmArea> Areas { get; init; } = [];

    public ulong BreakStart { get; init; }

    public ulong Break { get; init; }

    /// <summary>mmap hands out addresses below this one.</summary>
    public ulong MmapTop { get; init; }

    public ImmutableDictionary<int, OpenFile> OpenFiles { get; init; } = ImmutableDictionary<int, OpenFile>.Empty;

    public ImmutableSortedDictionary<string, FileContent> Files { get; init; } = ImmutableSortedDictionary<string, FileContent>.Empty.WithComparers(StringComparer.Ordinal);

    public FileContent Input { get; init; } = FileContent.Empty;

    public FileContent Output { get; init; } = FileContent.Empty;

    public FileContent Error { get; init; } = FileContent.Empty;

    /// <summary>System calls that the kit has no handler for, by name, with how often each was asked for.</summary>
    public ImmutableSortedDictionary<string, int> Unimplemented { get; init; } = ImmutableSortedDictionary<string, int>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>The argument of exit or exit_group.</summary>
    public int? ExitStatus { get; init; }

    /// <summary>The exception that ended the program or the kernel.</summary>
    public FatalReport? Fatal { get; init; }

    /// <summary>What stopped the run for good, other than an exit or an exception.</summary>
    public string? Refusal { get; init; }
}
