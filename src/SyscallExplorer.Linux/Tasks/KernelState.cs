using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// What only the host reads of the kernel: plain immutable data, so that a snapshot is a reference. What guest code reads lives in guest
/// memory and nowhere here.
/// </summary>
internal sealed record KernelState
{
    public static KernelState Initial { get; } = new();

    /// <summary>First physical frame that nobody has had.</summary>
    public ulong NextFrame { get; init; }

    /// <summary>Frames that were given back, the next one to be used first.</summary>
    public ImmutableStack<ulong> FreeFrames { get; init; } = [];

    /// <summary>How many those are.</summary>
    public int FreeFrameCount { get; init; }

    /// <summary>All tasks that have not been released, by number.</summary>
    public ImmutableSortedDictionary<int, TaskState> Tasks { get; init; } = ImmutableSortedDictionary<int, TaskState>.Empty;

    public ImmutableSortedDictionary<int, ProcessState> Processes { get; init; } = ImmutableSortedDictionary<int, ProcessState>.Empty;

    /// <summary>Address spaces.</summary>
    public ImmutableDictionary<int, MemoryMap> Maps { get; init; } = ImmutableDictionary<int, MemoryMap>.Empty;

    public ImmutableDictionary<int, DescriptorTable> FileTables { get; init; } = ImmutableDictionary<int, DescriptorTable>.Empty;

    public ImmutableDictionary<int, HandlerTableState> HandlerTables { get; init; } = ImmutableDictionary<int, HandlerTableState>.Empty;

    public ImmutableDictionary<int, FileSystemState> FileSystems { get; init; } = ImmutableDictionary<int, FileSystemState>.Empty;

    /// <summary>System calls that were added, in the order of their hypercalls.</summary>
    public ImmutableArray<AddedSyscall> AddedSyscalls { get; init; } = [];

    /// <summary>Bytes of the modules' area that are used.</summary>
    public int ModuleBytes { get; init; }

    /// <summary>The number that the next object without a number of its own gets.</summary>
    public int NextObject { get; init; } = 1;

    /// <summary>The number that the next task tries first.</summary>
    public int NextTask { get; init; } = TaskIdentity.Pid + 1;

    /// <summary>Kernel stacks and task structures that nobody uses.</summary>
    public ImmutableSortedSet<int> FreeSlots { get; init; } = [];

    /// <summary>Physical addresses of the task structures of all slots.</summary>
    public ImmutableArray<ulong> SlotFrames { get; init; } = [];

    /// <summary>Slots of tasks that have ended; the one whose stack is in use cannot be taken again yet.</summary>
    public ImmutableArray<int> DeadSlots { get; init; } = [];

    /// <summary>Page tables of address spaces that have ended; those that CR3 points to cannot be taken again yet.</summary>
    public ImmutableArray<ulong> DeadRoots { get; init; } = [];

    /// <summary>The address space that the processor has loaded.</summary>
    public int LoadedMap { get; init; }

    /// <summary>Which address spaces have an address-space identifier, in the order of the identifiers.</summary>
    public ImmutableArray<int> AddressSpaceIdentifiers { get; init; } = [.. new int[6]];

    /// <summary>The identifier that is taken next.</summary>
    public int NextIdentifier { get; init; }

    /// <summary>The frames of files and of shared memory that are mapped, by what they belong to and their number there: the page cache.</summary>
    public ImmutableDictionary<AreaBacking, ImmutableSortedDictionary<long, ulong>> SharedPages { get; init; } =
        ImmutableDictionary<AreaBacking, ImmutableSortedDictionary<long, ulong>>.Empty;

    /// <summary>The clock when the current task got the processor, in 1/256 cycles.</summary>
    public long SwitchClock { get; init; }

    /// <summary>The lowest virtual runtime that a task on the queue had.</summary>
    public long LowestVirtualRuntime { get; init; }

    /// <summary>The clock when the period of real time began, in 1/256 cycles.</summary>
    public long RealTimeStart { get; init; }

    /// <summary>What real-time tasks have had of it, in 1/256 cycles.</summary>
    public long RealTimeUsed { get; init; }

    /// <summary>Nanoseconds since boot of the next tick, or null while the processor idles.</summary>
    public long? NextTick { get; init; }

    /// <summary>What goes off at its time.</summary>
    public ImmutableSortedSet<KernelTimer> Timers { get; init; } = [];

    /// <summary>Timers that descriptors lead to.</summary>
    public ImmutableDictionary<int, TimerFileState> TimerFiles { get; init; } = ImmutableDictionary<int, TimerFileState>.Empty;

    /// <summary>Nanoseconds since boot that the local timer is set to, or null once it has gone off.</summary>
    public long? NextEvent { get; init; }

    /// <summary>Ticks since boot that found a task running.</summary>
    public long Ticks { get; init; }

    /// <summary>Counts waits, so that who waited first is woken first.</summary>
    public long NextWait { get; init; }

    /// <summary>Programs that were started since boot: no two have the same random words.</summary>
    public long Executions { get; init; }

    /// <summary>Context switches since boot.</summary>
    public long Switches { get; init; }

    /// <summary>Open files by a number of their own, since descriptors may share one.</summary>
    public ImmutableDictionary<int, OpenFile> OpenFiles { get; init; } = ImmutableDictionary<int, OpenFile>.Empty;

    /// <summary>How many descriptors lead to each open file.</summary>
    public ImmutableDictionary<int, int> FileReferences { get; init; } = ImmutableDictionary<int, int>.Empty;

    /// <summary>Pipes, and the insides of FIFOs that are open.</summary>
    public ImmutableDictionary<int, PipeState> Pipes { get; init; } = ImmutableDictionary<int, PipeState>.Empty;

    /// <summary>The pipes behind the names of FIFOs.</summary>
    public ImmutableDictionary<VfsNode, int> Fifos { get; init; } = ImmutableDictionary<VfsNode, int>.Empty;

    /// <summary>The counters of eventfd.</summary>
    public ImmutableDictionary<int, EventCounter> EventCounters { get; init; } = ImmutableDictionary<int, EventCounter>.Empty;

    /// <summary>Who serves the calls that seccomp filters leave to others.</summary>
    public ImmutableDictionary<int, SeccompListener> SeccompListeners { get; init; } = ImmutableDictionary<int, SeccompListener>.Empty;

    public ImmutableDictionary<int, EpollState> Epolls { get; init; } = ImmutableDictionary<int, EpollState>.Empty;

    /// <summary>Which epolls hear of what.</summary>
    public ImmutableDictionary<WaitKey, ImmutableList<EpollWatch>> EpollWatches { get; init; } = ImmutableDictionary<WaitKey, ImmutableList<EpollWatch>>.Empty;

    /// <summary>Unix-domain sockets.</summary>
    public ImmutableDictionary<int, SocketState> Sockets { get; init; } = ImmutableDictionary<int, SocketState>.Empty;

    /// <summary>Sockets by names that are in no directory.</summary>
    public ImmutableDictionary<string, int> AbstractSockets { get; init; } = ImmutableDictionary<string, int>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>The files in memory.</summary>
    public FileTree Tree { get; init; } = InitialFiles.Tree(0);

    /// <summary>What stands where in the machine's names.</summary>
    public MountTable Mounts { get; init; } = InitialFiles.Mounts();

    /// <summary>Advisory locks on files.</summary>
    public FileLocks Locks { get; init; } = FileLocks.Empty;

    /// <summary>What the host was asked for, and answered.</summary>
    public HostInputs HostInputs { get; init; } = HostInputs.Empty;

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

    /// <summary>Bytes that were written to standard output and error, wherever they went.</summary>
    public long OutputBytes { get; init; }

    /// <summary>The calls of all tasks, where they are written down.</summary>
    public StraceLog? Trace { get; init; }

    /// <summary>Whether they are written down without the kernel's tracepoints.</summary>
    public bool TraceIsPassive { get; init; }

    /// <summary>What audit has written down, or null while it is off.</summary>
    public ImmutableList<AuditRecord>? AuditLog { get; init; }

    /// <summary>System calls that the kit has no handler for, by name, with how often each was asked for.</summary>
    public ImmutableSortedDictionary<string, int> Unimplemented { get; init; } = ImmutableSortedDictionary<string, int>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>How many bytes getrandom has given.</summary>
    public long RandomPosition { get; init; }

    /// <summary>The clock when the program was loaded, in 1/256 cycles.</summary>
    public long StartClock { get; init; }

    /// <summary>Whether a program was loaded.</summary>
    public bool HasProgram { get; init; }

    /// <summary>The argument of exit or exit_group of the program that was loaded.</summary>
    public int? ExitStatus { get; init; }

    /// <summary>The signal that ended the program that was loaded, or 0.</summary>
    public int KilledBy { get; init; }

    /// <summary>The exception that ended the program or the kernel.</summary>
    public FatalReport? Fatal { get; init; }

    /// <summary>What stopped the run for good, other than an exit or an exception.</summary>
    public string? Refusal { get; init; }
}
