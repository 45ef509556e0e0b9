using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Whether a task can run.</summary>
internal enum RunState
{
    /// <summary>It runs or waits for its turn.</summary>
    Runnable,

    /// <summary>It waits for something, and a signal would wake it.</summary>
    Sleeping,

    /// <summary>It has ended and its parent has not asked for it yet.</summary>
    Zombie,
}

/// <summary>A task, as far as only the host reads it. Its registers, flags and descriptors lie in guest memory.</summary>
internal sealed record TaskState
{
    /// <summary>PR_SET_TIMERSLACK's first value.</summary>
    public const long DefaultTimerSlack = 50_000;

    /// <summary>Its number: gettid.</summary>
    public required int Id { get; init; }

    /// <summary>The number of its process: getpid.</summary>
    public required int Process { get; init; }

    /// <summary>Its place among the kernel stacks.</summary>
    public required int Slot { get; init; }

    /// <summary>Its address space, or 0 when it has given it up.</summary>
    public required int Map { get; init; }

    /// <summary>Its table of descriptors.</summary>
    public required int FileTable { get; init; }

    /// <summary>Its working directory and mask, which threads share.</summary>
    public required int FileSystem { get; init; }

    /// <summary>Its table of signal handlers.</summary>
    public required int Handlers { get; init; }

    public RunState State { get; init; }

    /// <summary>The call that it waits in; it stays there until the call has seen why it was woken.</summary>
    public Wait? Wait { get; init; }

    /// <summary>Why it was woken.</summary>
    public WakeReason Reason { get; init; }

    /// <summary>Signals that wait: those sent to this thread.</summary>
    public SignalState Signals { get; init; } = SignalState.Initial;

    public ThreadState Thread { get; init; } = ThreadState.Initial;

    /// <summary>The name that prctl and /proc show, at most 15 bytes.</summary>
    public string CommandName { get; init; } = "";

    public TaskTimes Times { get; init; } = TaskTimes.None;

    public SchedulingState Scheduling { get; init; } = SchedulingState.Initial;

    /// <summary>By how many nanoseconds its sleeps may be late. The machine's are exact, so that it is only kept and told.</summary>
    public long TimerSlack { get; init; } = DefaultTimerSlack;

    /// <summary>The signal that it gets when its parent ends, or 0: PR_SET_PDEATHSIG. A child does not inherit it.</summary>
    public int ParentDeathSignal { get; init; }

    /// <summary>PR_SET_NO_NEW_PRIVS, which is never taken back.</summary>
    public bool HasNoNewPrivileges { get; init; }

    /// <summary>PR_SET_KEEPCAPS, until the next program.</summary>
    public bool KeepsCapabilities { get; init; }

    /// <summary>What restricts its system calls.</summary>
    public SeccompState Seccomp { get; init; } = SeccompState.None;

    /// <summary>PR_SET_SYSCALL_USER_DISPATCH, or null. A child does not inherit it.</summary>
    public UserDispatchState? UserDispatch { get; init; }

    /// <summary>What its tracer wants of it, or null without a tracer.</summary>
    public Tracee? Trace { get; init; }

    /// <summary>Whether the machine's owner looks at its calls.</summary>
    public bool IsTracedByHost { get; init; }

    public SteppingState Stepping { get; init; }

    /// <summary>What a debugger set in the debug registers.</summary>
    public TaskDebugRegisters DebugRegisters { get; init; } = TaskDebugRegisters.None;

    /// <summary>The call that audit took note of at its entry, or null.</summary>
    public AuditedCall? AuditedCall { get; init; }

    /// <summary>What ioprio_set gave: a class above thirteen bits, and a level; 0 when it never did.</summary>
    public int InputOutputPriority { get; init; }

    /// <summary>Of a vfork's child: the task that waits until it leaves the address space.</summary>
    public int VforkParent { get; init; }

    /// <summary>The signal that its end sends, SIGCHLD for processes and 0 for threads.</summary>
    public int ExitSignal { get; init; }

    /// <summary>The status that its end left, as wait4 gives it.</summary>
    public int ExitCode { get; init; }

    public bool IsAlive => State != RunState.Zombie;
}

/// <summary>What a task has used.</summary>
/// <param name="Running">1/256 cycles on the processor.</param>
/// <param name="UserTicks">Ticks that found it in user mode.</param>
/// <param name="SystemTicks">Ticks that found it in the kernel.</param>
/// <param name="MinorFaults">Pages that were given on demand.</param>
/// <param name="VoluntarySwitches">How often it gave the processor up.</param>
/// <param name="InvoluntarySwitches">How often the processor was taken from it.</param>
/// <param name="Started">Nanoseconds since boot.</param>
internal sealed record TaskTimes(
    long Running, long UserTicks, long SystemTicks, long MinorFaults, long VoluntarySwitches, long InvoluntarySwitches, long Started)
{
    public static TaskTimes None { get; } = new(0, 0, 0, 0, 0, 0, 0);

    /// <summary>What two have used together.</summary>
    public TaskTimes Add(TaskTimes other) => new(
        Running + other.Running, UserTicks + other.UserTicks, SystemTicks + other.SystemTicks, MinorFaults + other.MinorFaults,
        VoluntarySwitches + other.VoluntarySwitches, InvoluntarySwitches + other.InvoluntarySwitches, Started);
}

/// <summary>A task's claim to the processor.</summary>
/// <param name="Policy">SCHED_OTHER 0, FIFO 1, RR 2, BATCH 3, IDLE 5.</param>
/// <param name="Priority">1 to 99 for FIFO and RR, else 0.</param>
/// <param name="Nice">-20 to 19.</param>
/// <param name="VirtualRuntime">1/256 cycles by its weight: the lowest runs next.</param>
/// <param name="SliceStart">What it had run when its turn began.</param>
/// <param name="HasYielded">It lets others pass once.</param>
/// <param name="ResetOnFork">SCHED_RESET_ON_FORK.</param>
/// <param name="QueueOrder">Among equals the lowest runs next.</param>
/// <param name="Inherited">The real-time priority of those who wait for a lock that it has, or 0.</param>
internal sealed record SchedulingState(
    int Policy, int Priority, int Nice, long VirtualRuntime, long SliceStart, bool HasYielded = false, bool ResetOnFork = false,
    long QueueOrder = 0, int Inherited = 0)
{
    public const int Other = 0, Fifo = 1, RoundRobin = 2, Batch = 3, Idle = 5;

    public static SchedulingState Initial { get; } = new(Other, 0, 0, 0, 0);

    /// <summary>Its real-time priority, or 0 where its policy is not one of real time.</summary>
    public int OwnRealTimePriority => Policy is Fifo or RoundRobin ? Priority : 0;

    /// <summary>The priority that it runs with: 0 where it shares the processor by weight.</summary>
    public int RealTimePriority => Math.Max(OwnRealTimePriority, Inherited);

    public bool IsRealTime => RealTimePriority > 0;
}
