namespace SyscallExplorer.Linux;

/// <summary>What a filter can decide: the upper half of what it returns. man 2 seccomp.</summary>
internal static class SeccompAction
{
    public const uint KillProcess = 0x8000_0000;
    public const uint KillThread = 0;
    public const uint Trap = 0x0003_0000;
    public const uint Error = 0x0005_0000;
    public const uint Notify = 0x7FC0_0000;
    public const uint Trace = 0x7FF0_0000;
    public const uint Log = 0x7FFC_0000;
    public const uint Allow = 0x7FFF_0000;

    public const uint ActionMask = 0xFFFF_0000;

    /// <summary>All that the kernel knows.</summary>
    public static IReadOnlyList<uint> All { get; } = [KillProcess, KillThread, Trap, Error, Notify, Trace, Log, Allow];

    public static uint Of(uint result) => result & ActionMask;

    public static int DataOf(uint result) => (int)(result & ~ActionMask);

    /// <summary>Whether a result restricts more than another: the lower one does, as signed numbers.</summary>
    public static bool IsStricter(uint result, uint than) => (int)Of(result) < (int)Of(than);
}
