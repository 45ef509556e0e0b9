using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// What only the host reads of the kernel: plain immutable data, so that a snapshot is a reference. What guest code reads lives in guest
/// memory and nowhere here.
/// </summary>
internal sealed record KernelState
{
    public static KernelState Initial { get; } = new();

    /// <summary>First physical frame that nobody has.</summary>
    public ulong NextFrame { get; init; }

    /// <summary>Frames that were given back, the next one to be used first.</summary>
    public ImmutableStack<ulong> FreeFrames { get; init; } = [];

    /// <summary>Root of the kernel's page tables.</summary>
    public ulong KernelRoot { get; init; }

    /// <summary>Root of the user's page tables; the same without KPTI.</summary>
    public ulong UserRoot { get; init; }

    /// <summary>32 or 64 once a program is loaded, 0 before.</summary>
    public int ProgramBitness { get; init; }

    /// <summary>The program's name as an absolute path: what /proc/self/exe points to.</summary>
    public string Executable { get; init; } = "";

    /// <summary>The name that prctl shows, at most 15 bytes.</summary>
    public string CommandName { get; init; } = "";

    /// <summary>READ_IMPLIES_EXEC of the personality: what may be read may be executed.</summary>
    public bool ReadImpliesExecute { get; init; }

    /// <summary>What the program has mapped, in the order of addresses.</summary>
    public ImmutableArray<VmArea> Areas { get; init; } = [];

    public ulong BreakStart { get; init; }

    public ulong Break { get; init; }

    /// <summary>mmap hands out addresses below this one.</summary>
    public ulong MmapTop { get; init; }

    /// <summary>Open files by a number of their own, since descriptors may share one.</summary>
    public ImmutableDictionary<int, OpenFile> OpenFiles { get; init; } = ImmutableDictionary<int, OpenFile>.Empty;

    public ImmutableSortedDictionary<int, FileDescriptor> Descriptors { get; init; } = ImmutableSortedDictionary<int, FileDescriptor>.Empty;

    /// <summary>What the task's names are resolved against.</summary>
    public FileSystemContext FileSystem { get; init; } = FileSystemContext.Initial;

    /// <summary>The files in memory.</summary>
    public FileTree Tree { get; init; } = InitialFiles.Tree(0);

    /// <summary>What stands where in the machine's names.</summary>
    public MountTable Mounts { get; init; } = InitialFiles.Mounts();

    /// <summary>Advisory locks on files.</summary>
    public FileLocks Locks { get; init; } = FileLocks.Empty;

    /// <summary>What the host was asked for, and answered.</summary>
    public HostInputs HostInputs { get; init; } = HostInputs.Empty;

    /// <summary>Bytes that files in memory may take.</summary>
    public long FileLimit { get; init; } = 256L << 20;

    /// <summary>The terminal behind the standard streams; null when they are pipes.</summary>
    public TerminalState? Terminal { get; init; }

    /// <summary>How much of standard input was read.</summary>
    public long InputPosition { get; init; }

    /// <summary>What a reader of the result should know of the run.</summary>
    public ImmutableList<string> Notes { get; init; } = [];

    /// <summary>Standard input; null until its owner is asked for it, where there is one.</summary>
    public FileContent? Input { get; init; } = FileContent.Empty;

    public FileContent Output { get; init; } = FileContent.Empty;

    public FileContent Error { get; init; } = FileContent.Empty;

    /// <summary>System calls that the kit has no handler for, by name, with how often each was asked for.</summary>
    public ImmutableSortedDictionary<string, int> Unimplemented { get; init; } = ImmutableSortedDictionary<string, int>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>The argument of exit or exit_group.</summary>
    public int? ExitStatus { get; init; }

    public SignalState Signals { get; init; } = SignalState.Initial;

    public ThreadState Thread { get; init; } = ThreadState.Initial;

    /// <summary>Limits that were changed, by their number.</summary>
    public ImmutableDictionary<int, ResourceLimit> Limits { get; init; } = ImmutableDictionary<int, ResourceLimit>.Empty;

    /// <summary>How many bytes getrandom has given.</summary>
    public long RandomPosition { get; init; }

    /// <summary>Nanoseconds that the program slept.</summary>
    public long SleptNanoseconds { get; init; }

    /// <summary>The clock when the program was loaded, in 1/256 cycles.</summary>
    public long StartClock { get; init; }

    /// <summary>Pages that were given on demand.</summary>
    public long MinorFaults { get; init; }

    /// <summary>The signal that ended the program, or 0.</summary>
    public int KilledBy { get; init; }

    /// <summary>The exception that ended the program or the kernel.</summary>
    public FatalReport? Fatal { get; init; }

    /// <summary>What stopped the run for good, other than an exit or an exception.</summary>
    public string? Refusal { get; init; }
}
