namespace SyscallExplorer.Linux;

/// <summary>What a tracer asked to be told of: PTRACE_O_ values. man 2 ptrace; include/uapi/linux/ptrace.h.</summary>
internal static class PtraceOptions
{
    public const int MarkCalls = 1;
    public const int ExitKill = 1 << 20;

    /// <summary>PTRACE_O_SUSPEND_SECCOMP, which needs privileges that no program has.</summary>
    public const int SuspendSeccomp = 1 << 21;

    /// <summary>All of them.</summary>
    public const int Known = 0xFF | ExitKill | SuspendSeccomp;

    /// <summary>The option that asks for an event.</summary>
    public static int For(int traceEvent) => 1 << traceEvent;
}

/// <summary>PTRACE_EVENT_ values: the third byte of a tracee's status.</summary>
internal static class PtraceEvents
{
    public const int Fork = 1, Vfork = 2, Clone = 3, Execute = 4, VforkDone = 5, Exit = 6, Seccomp = 7;

    /// <summary>PTRACE_EVENT_STOP, of tracers that seized.</summary>
    public const int Stop = 128;

    /// <summary>A stop's code with its event.</summary>
    public static int Code(int signal, int traceEvent) => signal | (traceEvent << 8);
}
