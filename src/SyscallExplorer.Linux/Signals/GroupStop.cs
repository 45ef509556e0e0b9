namespace SyscallExplorer.Linux;

/// <summary>A stop of all threads of a process that is under way.</summary>
/// <param name="Signal">The signal that asked for it.</param>
/// <param name="Remaining">How many threads have not stopped yet.</param>
internal sealed record GroupStop(int Signal, int Remaining);
