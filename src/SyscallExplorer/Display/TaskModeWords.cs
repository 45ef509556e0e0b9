namespace SyscallExplorer;

/// <summary>How what a task does is named and drawn.</summary>
internal static class TaskModeWords
{
    public static IReadOnlyList<TaskMode> All { get; } = Enum.GetValues<TaskMode>();

    public static string Name(TaskMode mode) => mode switch
    {
        TaskMode.User => "user mode",
        TaskMode.Kernel => "in the kernel",
        TaskMode.Ready => "ready, not running",
        _ => "waiting",
    };

    public static string Colour(TaskMode mode) => mode switch
    {
        TaskMode.User => "#4aa564",
        TaskMode.Kernel => "#e07b39",
        TaskMode.Ready => "rgba(208,160,44,0.45)",
        _ => "rgba(128,128,128,0.22)",
    };

    /// <summary>The letter that stands for it where there is only text.</summary>
    public static char Letter(TaskMode mode) => mode switch
    {
        TaskMode.User => 'u',
        TaskMode.Kernel => 'K',
        TaskMode.Ready => '-',
        _ => '.',
    };

    /// <summary>What a reader sees of an interval when pointing at it.</summary>
    public static string Describe(TaskInterval interval) => (interval.Mode, interval.Reason) switch
    {
        (TaskMode.Waiting, { } reason) => $"waits for {reason}",
        (_, { } reason) => reason,
        _ => Name(interval.Mode),
    };
}
