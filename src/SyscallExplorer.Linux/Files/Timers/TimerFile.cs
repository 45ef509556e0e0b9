namespace SyscallExplorer.Linux;

/// <summary>What timerfd_create opens. man 2 timerfd_create.</summary>
/// <param name="Number">The timer's, in <see cref="KernelState.TimerFiles"/>.</param>
internal sealed record TimerFile(int Number) : FileObject
{
    public override FileOperations Operations => TimerFileOperations.Instance;
}

/// <summary>A timer that a descriptor leads to.</summary>
/// <param name="Clock">The number of its clock.</param>
internal sealed record TimerFileState(int Clock)
{
    /// <summary>When it goes off or went off last: nanoseconds since boot; 0 when it is not set.</summary>
    public long Expiry { get; init; }

    public long Interval { get; init; }

    /// <summary>Expirations that nobody has read.</summary>
    public ulong Expirations { get; init; }

    /// <summary>What sets it off. One that repeats goes on only once somebody looks at it.</summary>
    public KernelTimer? Queued { get; init; }

    /// <summary>Whether it has gone off and waits for somebody to look.</summary>
    public bool HasGoneOff { get; init; }
}
