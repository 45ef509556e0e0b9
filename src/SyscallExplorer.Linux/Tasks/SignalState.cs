namespace SyscallExplorer.Linux;

/// <summary>What sigaction sets for a signal.</summary>
/// <param name="Handler">An address, SIG_DFL or SIG_IGN.</param>
/// <param name="Flags">SA_ flags.</param>
/// <param name="Restorer">Where the handler returns to.</param>
/// <param name="Mask">Signals blocked while it runs, signal 1 in bit 0.</param>
internal sealed record SignalAction(ulong Handler, ulong Flags, ulong Restorer, ulong Mask)
{
    public const ulong Default = 0;
    public const ulong Ignore = 1;

    public static SignalAction Initial { get; } = new(Default, 0, 0, 0);

    /// <summary>Whether a 32-bit call has set it: then its frames are those of 32-bit programs.</summary>
    public bool IsCompat { get; init; }

    /// <summary>Whether an x32 call has set it.</summary>
    public bool IsX32 { get; init; }

    /// <summary>Whether the signal is dropped.</summary>
    public bool Drops(int signal) => Handler == Ignore || (Handler == Default && SignalSets.IgnoredByDefault.Has(signal));

    /// <summary>Whether the signal ends the process.</summary>
    public bool Kills(int signal) => Handler == Default && !(SignalSets.IgnoredByDefault | SignalSets.Stop).Has(signal);
}

/// <summary>What goes on when a call that keeps its progress is continued by restart_syscall.</summary>
internal abstract record RestartBlock
{
    /// <summary>Whether the interrupted call was a 32-bit one.</summary>
    public required bool IsCompat { get; init; }

    /// <summary>A step of the call that continues it.</summary>
    /// <returns>Its result, or <see cref="HostedCalls.Blocked"/>.</returns>
    public abstract long Continue(LinuxMachine machine);
}

/// <summary>The signals of a thread.</summary>
internal sealed record SignalState
{
    public static SignalState Initial { get; } = new();

    /// <summary>The mask: signal 1 in bit 0.</summary>
    public ulong Blocked { get; init; }

    /// <summary>The mask that sigtimedwait has lifted for those it waits for, or null; what it blocks is neither ignored nor fatal meanwhile.</summary>
    public ulong? RealBlocked { get; init; }

    /// <summary>The mask that sigsuspend and its relatives bring back on the way to user mode, or null.</summary>
    public ulong? SavedMask { get; init; }

    /// <summary>What waits for this thread alone.</summary>
    public SignalQueue Queue { get; init; } = SignalQueue.Empty;

    public AlternateStack Stack { get; init; } = AlternateStack.None;

    /// <summary>The last exception that became a signal.</summary>
    public LastException Exception { get; init; }

    /// <summary>The exception whose signal has found no handler yet.</summary>
    public Trap? Trap { get; init; }

    /// <summary>Whether it has to stop, since its process does.</summary>
    public bool MustStop { get; init; }

    /// <summary>What restart_syscall continues, or null.</summary>
    public RestartBlock? Restart { get; init; }

    public ulong Pending => Queue.Pending;

    /// <summary>What a child begins with.</summary>
    /// <param name="sharesMemory">Whether it is a thread, which needs a stack of its own.</param>
    public SignalState ForChild(bool sharesMemory) => new() { Blocked = Blocked, Stack = sharesMemory ? AlternateStack.Reset : Stack, Exception = Exception };

    /// <summary>What a new program begins with: the mask and what waits stay.</summary>
    public SignalState ForProgram() => new() { Blocked = Blocked, Queue = Queue, Stack = Stack with { Address = 0, Size = 0 } };
}
