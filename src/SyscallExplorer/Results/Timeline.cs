namespace SyscallExplorer;

/// <summary>What a task does at a time.</summary>
public enum TaskMode
{
    /// <summary>It runs its program, in ring 3.</summary>
    User,

    /// <summary>The kernel runs for it, in ring 0.</summary>
    Kernel,

    /// <summary>It could run, and another task does.</summary>
    Ready,

    /// <summary>It waits for something to happen.</summary>
    Waiting,
}

/// <summary>A time in which a task did one thing. Times count from the start of the run, in 1/256 cycles.</summary>
/// <param name="Mode">What it did.</param>
/// <param name="Start">When it began.</param>
/// <param name="End">When it was over.</param>
/// <param name="Reason">In the kernel: the system call or exception; when it waits: for what; else null.</param>
public sealed record TaskInterval(TaskMode Mode, long Start, long End, string? Reason)
{
    /// <summary>Cycles from the start of the run.</summary>
    public double StartCycles => Start / 256.0;

    /// <summary>How long it lasted, in cycles.</summary>
    public double Cycles => (End - Start) / 256.0;
}

/// <summary>A task's life.</summary>
/// <param name="Task">Its number.</param>
/// <param name="Process">The number of its process.</param>
/// <param name="Parent">The number of the process that its process is a child of.</param>
/// <param name="Command">The name that it had last, as /proc shows it.</param>
/// <param name="Intervals">What it did, without gaps, from its start to its end.</param>
public sealed record TaskTimeline(int Task, int Process, int Parent, string Command, IReadOnlyList<TaskInterval> Intervals)
{
    /// <summary>Its number and its name.</summary>
    public string Label => $"{Task} {Command}";

    /// <summary>Cycles that it spent in a mode.</summary>
    public double CyclesIn(TaskMode mode) => Intervals.Where(interval => interval.Mode == mode).Sum(interval => interval.End - interval.Start) / 256.0;
}

/// <summary>A system call as it was made. Times count from the start of the run, in 1/256 cycles.</summary>
/// <param name="Task">The calling task.</param>
/// <param name="Name">Its name.</param>
/// <param name="Start">When the task entered the kernel.</param>
/// <param name="End">When its result was there; null for a call that did not return.</param>
/// <param name="Result">What it returned, a negated error number included; null for a call that did not return.</param>
/// <param name="Text">The call as strace writes it.</param>
public sealed record ObservedCall(int Task, string Name, long Start, long? End, long? Result, string Text)
{
    /// <summary>The way by which the program entered the kernel; null where the call was found in the kernel already, as at the start of a run.</summary>
    public EntryPath? Path { get; init; }

    /// <summary>Cycles from the start of the run.</summary>
    public double StartCycles => Start / 256.0;
}

/// <summary>When each task of a run was in user mode, in the kernel, or waited, and when it made its system calls.</summary>
/// <param name="Inputs">What it rests on.</param>
/// <param name="Program">The program with its arguments.</param>
/// <param name="End">The end of the run, in 1/256 cycles from its start.</param>
/// <param name="Tasks">The tasks, by number.</param>
/// <param name="Calls">The system calls, in the order in which they were made.</param>
/// <param name="IsComplete">Whether all of the run is here, and not only as much as <see cref="ObservationOptions.DetailLimit"/> allowed.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record Timeline(
    LabInputs Inputs, string Program, long End, IReadOnlyList<TaskTimeline> Tasks, IReadOnlyList<ObservedCall> Calls, bool IsComplete) : IHasInputs
{
    /// <summary>The end of the run, in cycles from its start.</summary>
    public double EndCycles => End / 256.0;
}
