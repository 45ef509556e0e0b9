namespace SyscallExplorer.Linux;

/// <summary>What somebody wants for a task. man 7 sched.</summary>
/// <param name="Policy">A policy of <see cref="SchedulingState"/>.</param>
/// <param name="Priority">1 to 99 for the real-time policies, 0 for all others.</param>
/// <param name="Nice">-20 to 19, which the real-time policies do not look at.</param>
/// <param name="ResetsOnFork">SCHED_RESET_ON_FORK.</param>
internal readonly record struct SchedulingWish(int Policy, int Priority, int Nice, bool ResetsOnFork)
{
    public const int HighestPriority = 99;

    /// <summary>SCHED_DEADLINE, whose times only sched_setattr can give, and which needs a privilege.</summary>
    public const int Deadline = 6;
    private const int NiceOffset = 20;

    private bool IsRealTime => Policy is SchedulingState.Fifo or SchedulingState.RoundRobin;

    /// <summary>Whether its niceness counts.</summary>
    public bool HasNice => Policy is SchedulingState.Other or SchedulingState.Batch or SchedulingState.Idle;

    /// <summary>Why it cannot be: -EINVAL for what makes no sense, -EPERM for what needs a privilege that limits do not give, or 0.</summary>
    public long Refusal(SchedulingState old, ProcessState process)
    {
        if (Policy == Deadline)
            return -Errno.EPERM;
        if (!(IsRealTime ? Priority is >= 1 and <= HighestPriority : HasNice && Priority == 0))
            return -Errno.EINVAL;
        if (HasNice && Nice < old.Nice && !MayHave(Nice, process))
            return -Errno.EPERM;
        ulong realTime = process.LimitOf(ResourceLimit.RealTime).Soft;
        if (IsRealTime && ((Policy != old.Policy && realTime == 0) || (Priority > old.OwnRealTimePriority && (ulong)Priority > realTime)))
            return -Errno.EPERM;
        bool leavesIdle = old.Policy == SchedulingState.Idle && Policy != SchedulingState.Idle;
        return (leavesIdle && !MayHave(old.Nice, process)) || (old.ResetOnFork && !ResetsOnFork) ? -Errno.EPERM : 0;
    }

    /// <summary>RLIMIT_NICE counts from 1 for the least nice to 40.</summary>
    private static bool MayHave(int nice, ProcessState process) => (ulong)(NiceOffset - nice) <= process.LimitOf(ResourceLimit.Nice).Soft;
}
