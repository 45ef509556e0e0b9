namespace SyscallExplorer.Linux;

/// <summary>Which of a process' three timers. include/uapi/linux/time.h.</summary>
internal enum IntervalTimerKind
{
    Real,
    Virtual,
    Profile,
}

/// <summary>alarm and setitimer: one timer of real time and two of processor time, which the tick looks at. man 2 setitimer.</summary>
internal sealed class IntervalTimers(LinuxMachine machine)
{
    private const long Soon = 1000;

    private sealed record Target(int Process) : TimerTarget
    {
        public override void GoOff(LinuxMachine machine, KernelTimer timer) => machine.IntervalTimers.RealGoesOff(Process, timer);
    }

    /// <summary>What is left of a timer of the current process, and its interval.</summary>
    public TimerSetting Get(IntervalTimerKind kind)
    {
        ProcessState process = machine.Process;
        IntervalTimer timer = Of(process.Timers, kind);
        if (kind == IntervalTimerKind.Real)
            return new TimerSetting(timer.Queued is { } queued ? Math.Max(queued.Deadline - new EmulatedTime(machine).SinceBoot, Soon) : 0, timer.Interval);
        long remaining = timer.Expiry == 0 ? 0 : timer.Expiry - Used(process, kind);
        return new TimerSetting(timer.Expiry != 0 && remaining <= 0 ? Scheduler.NanosecondsPerTick : remaining, timer.Interval);
    }

    /// <summary>Sets a timer of the current process.</summary>
    public void Set(IntervalTimerKind kind, TimerSetting setting)
    {
        ProcessState process = machine.Process;
        if (kind != IntervalTimerKind.Real)
        {
            // A part of a tick has passed already.
            long expiry = setting.Value == 0 ? 0 : TimespecReader.Add(Used(process, kind) + Scheduler.NanosecondsPerTick, setting.Value);
            Store(process, kind, new IntervalTimer(expiry, setting.Interval));
            return;
        }

        Cancel(process.Timers.Real);
        Store(process, kind, setting.Value == 0 ? IntervalTimer.Off
            : Queue(process.Id, TimespecReader.Add(new EmulatedTime(machine).SinceBoot, setting.Value), setting.Interval));
    }

    /// <summary>SIGALRM is taken: only now does a timer that repeats go on, so that a process that blocks it is not flooded.</summary>
    public void AlarmTaken()
    {
        ProcessState process = machine.Process;
        IntervalTimer timer = process.Timers.Real;
        if (timer.Queued is not null || timer.Interval == 0)
            return;
        long now = new EmulatedTime(machine).SinceBoot;
        long missed = now < timer.Expiry ? 0 : (now - timer.Expiry) / timer.Interval + 1;
        Store(process, IntervalTimerKind.Real, Queue(process.Id, timer.Expiry + missed * timer.Interval, timer.Interval));
    }

    /// <summary>The tick: timers of processor time.</summary>
    public void Tick(int processId)
    {
        if (machine.Tasks.FindProcess(processId) is not { Timers: var timers })
            return;
        if (timers.Profile.Expiry != 0)
            Check(processId, IntervalTimerKind.Profile, SignalNumbers.SIGPROF);
        if (timers.Virtual.Expiry != 0)
            Check(processId, IntervalTimerKind.Virtual, SignalNumbers.SIGVTALRM);
    }

    /// <summary>A process ends.</summary>
    public void Cancel(IntervalTimer timer)
    {
        if (timer.Queued is { } queued)
            machine.Timers.Remove(queued);
    }

    private void Check(int processId, IntervalTimerKind kind, int signal)
    {
        ProcessState process = machine.State.Processes[processId];
        IntervalTimer timer = Of(process.Timers, kind);
        if (Used(process, kind) < timer.Expiry)
            return;
        Store(process, kind, timer with { Expiry = timer.Interval == 0 ? 0 : timer.Expiry + timer.Interval });
        machine.Signals.Send(machine.State.Processes[processId], signal);
    }

    private void RealGoesOff(int processId, KernelTimer timer)
    {
        if (machine.Tasks.FindProcess(processId) is not { } process || process.Timers.Real.Queued != timer)
            return;
        Store(process, IntervalTimerKind.Real, process.Timers.Real with { Queued = null });
        machine.Signals.Send(machine.State.Processes[processId], SignalNumbers.SIGALRM);
    }

    private IntervalTimer Queue(int process, long expiry, long interval) =>
        new(expiry, interval) { Queued = machine.Timers.Add(expiry, new Target(process)) };

    private long Used(ProcessState process, IntervalTimerKind kind) =>
        machine.CpuClocks.Now(new CpuClock(false, process.Id, kind == IntervalTimerKind.Virtual ? CpuTimeKind.User : CpuTimeKind.UserAndSystem)) ?? 0;

    private static IntervalTimer Of(ProcessTimers timers, IntervalTimerKind kind) => kind switch
    {
        IntervalTimerKind.Real => timers.Real,
        IntervalTimerKind.Virtual => timers.Virtual,
        _ => timers.Profile,
    };

    /// <summary>The process is looked up again: what was done since may have changed it.</summary>
    private void Store(ProcessState process, IntervalTimerKind kind, IntervalTimer timer)
    {
        ProcessState now = machine.State.Processes[process.Id];
        machine.Tasks.Set(now with
        {
            Timers = kind switch
            {
                IntervalTimerKind.Real => now.Timers with { Real = timer },
                IntervalTimerKind.Virtual => now.Timers with { Virtual = timer },
                _ => now.Timers with { Profile = timer },
            },
        });
    }
}
