namespace SyscallExplorer.Linux;

/// <summary>Offsets of <c>time_namespace</c>: what its clocks are moved by.</summary>
internal static class TimeNamespace
{
    /// <summary>Of the monotonic clock: seconds, then nanoseconds.</summary>
    public const int Offsets = 0x50;
}
