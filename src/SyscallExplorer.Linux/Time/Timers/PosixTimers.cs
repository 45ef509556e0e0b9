namespace SyscallExplorer.Linux;

/// <summary>
/// The timers of timer_create: what sets them, what sets them off, and how they count what their process missed. man 2 timer_create,
/// timer_getoverrun.
/// </summary>
internal sealed class PosixTimers(LinuxMachine machine)
{
    private const long Soon = 1;

    private sealed record Target(int Process, int Timer) : TimerTarget
    {
        public override void GoOff(LinuxMachine machine, KernelTimer timer) => machine.PosixTimers.GoesOff(Process, Timer, timer);
    }

    /// <summary>Adds a timer to the current process.</summary>
    /// <param name="clock">The number of its clock.</param>
    /// <param name="processorTime">Its clock of processor time, or null.</param>
    /// <param name="notificationFor">Whom it tells, once its number is known.</param>
    public PosixTimer Create(int clock, CpuClock? processorTime, Func<int, TimerNotification> notificationFor)
    {
        ProcessState process = machine.Process;
        int id = process.Timers.Next;
        var timer = new PosixTimer(id, clock, processorTime, notificationFor(id));
        machine.Process = process with { Timers = process.Timers.With(timer) with { Next = id == int.MaxValue ? 0 : id + 1 } };
        return timer;
    }

    /// <summary>A timer of the current process.</summary>
    public PosixTimer? Find(int id) => machine.Process.Timers.Posix.GetValueOrDefault(id);

    /// <summary>What is left of a timer, and its interval.</summary>
    public TimerSetting Get(PosixTimer timer)
    {
        if (timer.Interval == 0 && !timer.IsArmed && !timer.IsSilent)
            return default;
        if (timer.Expiry == 0)
            return new TimerSetting(0, timer.Interval);
        long now = Now(timer);
        if (timer.Interval != 0 && (timer.AwaitsTaker || timer.IsSilent))
        {
            timer = timer.Forward(now);
            Store(machine.Process.Id, timer);
        }

        long remaining = timer.Expiry - now;
        return new TimerSetting(remaining > 0 ? remaining : timer.IsSilent ? 0 : Soon, timer.Interval);
    }

    /// <summary>Sets a timer of the current process.</summary>
    /// <param name="timer">Which.</param>
    /// <param name="setting">A time on its clock or from now on, and an interval.</param>
    /// <param name="isAbsolute">TIMER_ABSTIME.</param>
    public void Set(PosixTimer timer, TimerSetting setting, bool isAbsolute)
    {
        Cancel(timer);
        PosixTimer fresh = timer with
        {
            Queued = null,
            IsArmed = false,
            AwaitsTaker = false,
            Generation = timer.Generation + 1,
            Overrun = -1,
            LastOverrun = 0,
            Interval = 0,
            Expiry = 0,
        };
        if (setting.Value == 0)
        {
            Store(machine.Process.Id, fresh);
            return;
        }

        long expiry = !isAbsolute ? TimespecReader.Add(Now(timer), setting.Value)
            : timer.ProcessorTime is null && ClockIds.IsWallClock(timer.Clock) ? new EmulatedTime(machine).AtWallClock(setting.Value)
            : setting.Value;
        Arm(machine.Process.Id, fresh with { Interval = setting.Interval, Expiry = Math.Max(1, expiry) });
    }

    /// <summary>Removes a timer of the current process.</summary>
    public void Delete(PosixTimer timer)
    {
        Cancel(timer);
        ProcessState process = machine.Process;
        machine.Process = process with { Timers = process.Timers with { Posix = process.Timers.Posix.Remove(timer.Id) } };
    }

    /// <summary>All timers of a process go: it ends, or executes a program.</summary>
    public void DeleteAll(int processId)
    {
        ProcessState process = machine.State.Processes[processId];
        foreach (PosixTimer timer in process.Timers.Posix.Values)
            Cancel(timer);
        machine.Tasks.Set(process with { Timers = process.Timers with { Posix = ProcessTimers.None.Posix } });
    }

    /// <summary>The signal of a timer is taken. One that repeats goes on, and what was missed meanwhile is told.</summary>
    public SignalInfo Taken(SignalInfo info)
    {
        if (Find(info.TimerId) is not { AwaitsTaker: true } timer || info.TimerGeneration != timer.Generation)
            return SignalInfo.FromTimer(info.Signal, info.TimerId, info.Overrun, info.Value);
        PosixTimer next = timer.Forward(Now(timer));
        next = next with { LastOverrun = next.Overrun, Overrun = -1, AwaitsTaker = false, Generation = next.Generation + 1 };
        Arm(machine.Process.Id, next);
        return SignalInfo.FromTimer(info.Signal, info.TimerId, OverrunOf(next.LastOverrun + info.Overrun), info.Value);
    }

    /// <summary>What a program is told of a number of overruns: DELAYTIMER_MAX at most.</summary>
    public static int OverrunOf(long overrun) => (int)Math.Clamp(overrun, 0, int.MaxValue);

    /// <summary>The tick: timers on processor time.</summary>
    public void Tick()
    {
        foreach (ProcessState process in machine.State.Processes.Values)
        {
            foreach (PosixTimer timer in process.Timers.Posix.Values)
            {
                if (timer is { IsArmed: true, ProcessorTime: { } clock } && machine.CpuClocks.Now(clock) >= timer.Expiry)
                    Expire(process.Id, timer);
            }
        }
    }

    private long Now(PosixTimer timer) =>
        timer.ProcessorTime is { } clock ? machine.CpuClocks.Now(clock) ?? 0 : new EmulatedTime(machine).SinceBoot;

    /// <summary>A timer that tells nobody is never set off: its time is worked out when somebody asks.</summary>
    private void Arm(int process, PosixTimer timer)
    {
        if (timer.IsSilent)
        {
            Store(process, timer);
            return;
        }

        timer = timer with { IsArmed = true };
        if (timer.ProcessorTime is null)
            timer = timer with { Queued = machine.Timers.Add(timer.Expiry, new Target(process, timer.Id)) };
        Store(process, timer);
        if (timer.ProcessorTime is not null && Now(timer) >= timer.Expiry)
            Expire(process, timer);
    }

    private void GoesOff(int processId, int id, KernelTimer queued)
    {
        if (machine.Tasks.FindProcess(processId)?.Timers.Posix.GetValueOrDefault(id) is { } timer && timer.Queued == queued)
            Expire(processId, timer);
    }

    /// <summary>Sends the signal. One that is ignored does not stop a timer that repeats, but it then goes off once a tick at most.</summary>
    private void Expire(int process, PosixTimer timer)
    {
        bool repeats = timer.Interval != 0;
        timer = timer with { Queued = null, IsArmed = false };
        (int signal, int? thread, ulong value) = timer.Notification;
        if (!machine.Signals.Takes(process, thread, signal))
        {
            if (!repeats)
            {
                Store(process, timer);
                return;
            }

            long now = Now(timer) + (timer.Interval < Scheduler.NanosecondsPerTick ? Scheduler.NanosecondsPerTick : 0);
            Arm(process, timer.Forward(now));
            return;
        }

        timer = timer with { AwaitsTaker = repeats, Generation = timer.Generation + 1 };
        Store(process, timer);
        machine.Signals.SendTimer(process, thread, SignalInfo.FromTimer(signal, timer.Id, 0, value, repeats ? timer.Generation : 0));
    }

    private void Cancel(PosixTimer timer)
    {
        if (timer.Queued is { } queued)
            machine.Timers.Remove(queued);
    }

    private void Store(int process, PosixTimer timer)
    {
        ProcessState now = machine.State.Processes[process];
        machine.Tasks.Set(now with { Timers = now.Timers.With(timer) });
    }
}
