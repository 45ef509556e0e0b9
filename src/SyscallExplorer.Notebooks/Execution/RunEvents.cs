namespace SyscallExplorer.Notebooks;

/// <summary>News of a run, for a progress display.</summary>
/// <param name="Done">How many code cells have ended.</param>
/// <param name="Total">How many code cells there are.</param>
/// <param name="Activity">What is happening, in a few words.</param>
public sealed record RunProgress(int Done, int Total, string Activity);
