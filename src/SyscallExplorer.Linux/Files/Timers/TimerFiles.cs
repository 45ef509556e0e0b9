namespace SyscallExplorer.Linux;

/// <summary>Sets timers that descriptors lead to, and sets them off.</summary>
internal sealed class TimerFiles(LinuxMachine machine)
{
    private sealed record Target(int Number) : TimerTarget
    {
        public override void GoOff(LinuxMachine machine, KernelTimer timer) => machine.TimerFiles.GoesOff(Number, timer);
    }

    /// <summary>What those wait for who wait for a timer.</summary>
    public static WaitKey KeyOf(int number) => ReadinessKeys.Input(number);

    public TimerFileState this[int number]
    {
        get => machine.State.TimerFiles[number];
        private set => machine.State = machine.State with { TimerFiles = machine.State.TimerFiles.SetItem(number, value) };
    }

    private long Now => new EmulatedTime(machine).SinceBoot;

    /// <summary>Makes a timer that is not set.</summary>
    public TimerFile Create(int clock)
    {
        int number = machine.State.NextObject;
        machine.State = machine.State with { NextObject = number + 1 };
        this[number] = new TimerFileState(clock);
        return new TimerFile(number);
    }

    /// <summary>What is left of a timer, and its interval.</summary>
    public TimerSetting Get(int number)
    {
        CatchUp(number);
        TimerFileState timer = this[number];
        return new TimerSetting(timer.Queued is null ? 0 : Math.Max(0, timer.Expiry - Now), timer.Interval);
    }

    /// <summary>Sets a timer; what it had counted is forgotten.</summary>
    public void Set(int number, TimerSetting setting, bool isAbsolute)
    {
        TimerFileState old = this[number];
        Cancel(old);
        var timer = new TimerFileState(old.Clock) { Interval = setting.Interval };
        if (setting.Value != 0)
        {
            var time = new EmulatedTime(machine);
            long expiry = !isAbsolute ? TimespecReader.Add(time.SinceBoot, setting.Value)
                : ClockIds.IsWallClock(old.Clock) ? time.AtWallClock(setting.Value) : setting.Value;
            timer = timer with { Expiry = expiry, Queued = machine.Timers.Add(expiry, new Target(number)) };
        }

        this[number] = timer;
    }

    /// <summary>Takes what a timer has counted.</summary>
    public ulong Take(int number)
    {
        CatchUp(number);
        ulong count = this[number].Expirations;
        this[number] = this[number] with { Expirations = 0 };
        return count;
    }

    /// <summary>The last descriptor is closed.</summary>
    public void Release(int number)
    {
        Cancel(this[number]);
        machine.State = machine.State with { TimerFiles = machine.State.TimerFiles.Remove(number) };
    }

    /// <summary>A timer that repeats and has gone off counts the intervals that have passed since, and goes on.</summary>
    private void CatchUp(int number)
    {
        TimerFileState timer = this[number];
        if (!timer.HasGoneOff)
            return;
        timer = timer with { HasGoneOff = false };
        if (timer.Interval != 0)
        {
            long passed = (Now - timer.Expiry) / timer.Interval;
            long expiry = timer.Expiry + (passed + 1) * timer.Interval;
            timer = timer with
            {
                Expirations = timer.Expirations + (ulong)passed,
                Expiry = expiry,
                Queued = machine.Timers.Add(expiry, new Target(number)),
            };
        }

        this[number] = timer;
    }

    private void GoesOff(int number, KernelTimer queued)
    {
        if (!machine.State.TimerFiles.TryGetValue(number, out TimerFileState? timer) || timer.Queued != queued)
            return;
        this[number] = timer with { Queued = null, HasGoneOff = true, Expirations = timer.Expirations + 1 };
        machine.Tasks.Wake(KeyOf(number));
    }

    private void Cancel(TimerFileState timer)
    {
        if (timer.Queued is { } queued)
            machine.Timers.Remove(queued);
    }
}
