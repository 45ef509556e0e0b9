namespace SyscallExplorer.Linux;

/// <summary>What the tick does besides the scheduler: timers of processor time, those who sleep by it, and RLIMIT_CPU. man 2 getrlimit.</summary>
internal sealed class ProcessorTimeLimits(LinuxMachine machine)
{
    /// <summary>The tick found a task running.</summary>
    public void Tick(TaskState task)
    {
        machine.IntervalTimers.Tick(task.Process);
        Limit(task.Process);
        machine.PosixTimers.Tick();
        foreach (TaskState sleeper in machine.Tasks.Waiting(Sleep.ProcessorTime))
        {
            if (sleeper.Wait?.Progress is Sleep sleep && sleep.IsOver(machine))
                machine.Tasks.Wake(sleeper, WakeReason.Woken);
        }
    }

    /// <summary>SIGXCPU each second from the soft limit on, SIGKILL at the hard one.</summary>
    private void Limit(int processId)
    {
        if (machine.Tasks.FindProcess(processId) is not { } process)
            return;
        ResourceLimit limit = process.LimitOf(ResourceLimit.ProcessorTime);
        if (limit.Soft == ResourceLimit.Infinity)
            return;
        ulong used = (ulong)(machine.CpuClocks.Now(new CpuClock(false, processId, CpuTimeKind.UserAndSystem)) ?? 0) / EmulatedTime.NanosecondsPerSecond;
        if (used >= limit.Hard)
        {
            machine.Signals.Send(process, SignalNumbers.SIGKILL);
        }
        else if (used >= limit.Soft)
        {
            machine.Tasks.Set(process with { Limits = process.Limits.SetItem(ResourceLimit.ProcessorTime, limit with { Soft = limit.Soft + 1 }) });
            machine.Signals.Send(machine.State.Processes[processId], SignalNumbers.SIGXCPU);
        }
    }
}
