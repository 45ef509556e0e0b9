namespace SyscallExplorer.Linux;

/// <summary>Whether a task can go on.</summary>
public enum TaskActivity
{
    /// <summary>It runs, or waits for its turn.</summary>
    Runnable,

    /// <summary>It waits for something.</summary>
    Sleeping,

    /// <summary>It has ended.</summary>
    Ended,
}

/// <summary>A task as the machine's owner sees it.</summary>
/// <param name="Id">Its number: gettid.</param>
/// <param name="Process">The number of its process: getpid.</param>
/// <param name="Parent">The number of the process that its process is a child of: getppid.</param>
/// <param name="CommandName">The name that /proc shows, at most 15 bytes.</param>
/// <param name="Activity">Whether it can go on.</param>
/// <param name="WaitsFor">What it waits for, as a sentence goes on behind "waits for"; null unless it sleeps.</param>
public sealed record TaskView(int Id, int Process, int Parent, string CommandName, TaskActivity Activity, string? WaitsFor);
