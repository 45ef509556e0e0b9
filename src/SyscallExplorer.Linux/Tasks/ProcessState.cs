using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A process: what its threads have in common beside memory and files.</summary>
internal sealed record ProcessState
{
    /// <summary>Its number, which is that of its first thread.</summary>
    public required int Id { get; init; }

    public required int Parent { get; init; }

    /// <summary>The thread that made it, which is its tracer when it wants one.</summary>
    public int ParentThread { get; init; }

    public required int Group { get; init; }

    public required int Session { get; init; }

    /// <summary>Physical address of its <c>signal_struct</c>.</summary>
    public required ulong Frame { get; init; }

    /// <summary>Its threads that have not been released, by number.</summary>
    public ImmutableSortedSet<int> Threads { get; init; } = [];

    /// <summary>Signals that wait for any of its threads.</summary>
    public SignalQueue Signals { get; init; } = SignalQueue.Empty;

    /// <summary>Its status once an exit of all threads has begun.</summary>
    public int? GroupExit { get; init; }

    /// <summary>The thread that executes a program, before which all others have to end; or null.</summary>
    public int? Executor { get; init; }

    /// <summary>The signal that stopped it, or 0.</summary>
    public int StoppedBy { get; init; }

    /// <summary>The signal by which its threads are stopping, and how many have not stopped yet.</summary>
    public GroupStop? Stopping { get; init; }

    /// <summary>A stop or continuation of which its parent has not been sent a signal yet: si_code, or 0.</summary>
    public int ChangeToTell { get; init; }

    /// <summary>A stop or a continuation that its parent can still ask for, as wait4 gives it, or null.</summary>
    public int? StateToTell { get; init; }

    /// <summary>What its threads that are gone have used.</summary>
    public TaskTimes EndedThreads { get; init; } = TaskTimes.None;

    /// <summary>Its timers.</summary>
    public ProcessTimers Timers { get; init; } = ProcessTimers.None;

    /// <summary>What its children that were waited for have used.</summary>
    public TaskTimes Children { get; init; } = TaskTimes.None;

    /// <summary>Limits that were changed, by their number.</summary>
    public ImmutableDictionary<int, ResourceLimit> Limits { get; init; } = ImmutableDictionary<int, ResourceLimit>.Empty;

    /// <summary>Whether it has executed a program since it was forked.</summary>
    public bool HasExecuted { get; init; }

    /// <summary>What personality(2) sets.</summary>
    public Personality Personality { get; init; }

    /// <summary>PR_SET_CHILD_SUBREAPER.</summary>
    public bool IsSubreaper { get; init; }

    /// <summary>PR_SET_DUMPABLE.</summary>
    public bool IsDumpable { get; init; } = true;

    /// <summary>Whether one of its threads has to end.</summary>
    public bool Dooms(int thread) => GroupExit is not null || (Executor is { } executor && executor != thread);

    public ResourceLimit LimitOf(int resource) => Limits.TryGetValue(resource, out ResourceLimit limit) ? limit : ResourceLimit.InitialOf(resource);
}
