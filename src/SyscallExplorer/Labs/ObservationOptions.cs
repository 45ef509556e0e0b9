using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>What an observed run keeps. Counts and cycles are always complete.</summary>
public sealed record ObservationOptions
{
    /// <summary>What most readers want.</summary>
    public static ObservationOptions Default { get; } = new();

    /// <summary>How system calls are written.</summary>
    public StraceOptions Strace { get; init; } = StraceOptions.Default;

    /// <summary>
    /// Names of system calls at whose entry the caller's memory map is taken: <c>exit_group</c> unless given, which is the end of a process. <c>execve</c>
    /// shows what a process gives up, <c>mmap</c> how a map grows.
    /// </summary>
    public IReadOnlyList<string> MapsAt { get; init; } = ["exit_group"];

    /// <summary>
    /// How many system calls, and how many intervals of the timeline, are kept one by one. What comes after them is counted, but neither written nor drawn.
    /// </summary>
    public int DetailLimit { get; init; } = 100_000;
}
