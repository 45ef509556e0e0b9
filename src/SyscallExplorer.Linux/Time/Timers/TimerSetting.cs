namespace SyscallExplorer.Linux;

/// <summary>What a timer is set to, in nanoseconds.</summary>
/// <param name="Value">When it goes off, or 0 for never.</param>
/// <param name="Interval">How often it does so again, or 0.</param>
internal readonly record struct TimerSetting(long Value, long Interval);
