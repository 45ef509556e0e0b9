using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What a timer of the kernel does when its time has come.</summary>
internal abstract record TimerTarget
{
    /// <summary>Does it. The timer is no longer set; who repeats sets another.</summary>
    public abstract void GoOff(LinuxMachine machine, KernelTimer timer);
}

/// <summary>A timer of the kernel.</summary>
/// <param name="Deadline">Nanoseconds since boot.</param>
/// <param name="Sequence">The order in which timers of one deadline were set.</param>
/// <param name="Target">What it does.</param>
internal sealed record KernelTimer(long Deadline, long Sequence, TimerTarget Target) : IComparable<KernelTimer>
{
    public int CompareTo(KernelTimer? other) =>
        other is null ? 1 : Deadline != other.Deadline ? Deadline.CompareTo(other.Deadline) : Sequence.CompareTo(other.Sequence);
}

/// <summary>The kernel's timers: the tick while somebody runs, deadlines of those who sleep, and timers that were set.</summary>
internal sealed class KernelTimers(LinuxMachine machine)
{
    private KernelState State
    {
        get => machine.State;
        set => machine.State = value;
    }

    private EmulatedTime Time => new(machine);

    /// <summary>The next time at which there is something to do, or null.</summary>
    public long? Next
    {
        get
        {
            long next = State.NextTick ?? long.MaxValue;
            foreach (TaskState task in State.Tasks.Values)
            {
                if (task is { State: RunState.Sleeping, Wait.Deadline: { } deadline })
                    next = Math.Min(next, deadline);
            }

            if (!State.Timers.IsEmpty)
                next = Math.Min(next, State.Timers.Min?.Deadline ?? long.MaxValue);
            return next == long.MaxValue ? null : next;
        }
    }

    /// <summary>Sets a timer.</summary>
    public KernelTimer Add(long deadline, TimerTarget target)
    {
        var timer = new KernelTimer(deadline, State.NextWait, target);
        State = State with { NextWait = State.NextWait + 1, Timers = State.Timers.Add(timer) };
        Program();
        return timer;
    }

    /// <summary>Takes a timer back; one that has gone off is no longer there.</summary>
    public void Remove(KernelTimer timer) => State = State with { Timers = State.Timers.Remove(timer) };

    /// <summary>The tick begins with the first task that runs, at whole multiples since boot.</summary>
    public void StartTick()
    {
        if (State.NextTick is null)
            State = State with { NextTick = (Time.SinceBoot / Scheduler.NanosecondsPerTick + 1) * Scheduler.NanosecondsPerTick };
        Program();
    }

    /// <summary>An idle processor has no tick.</summary>
    public void StopTick() => State = State with { NextTick = null };

    /// <summary>The interrupt has come: does all that is due.</summary>
    /// <param name="userMode">Whether it found a program running, and not the kernel.</param>
    public void Run(bool userMode)
    {
        State = State with { NextEvent = null };
        long now = Time.SinceBoot;
        if (State.NextTick <= now)
            Tick(now, userMode);
        foreach (TaskState task in State.Tasks.Values
            .Where(task => task is { State: RunState.Sleeping, Wait.Deadline: { } deadline } && deadline <= now)
            .OrderBy(task => task.Wait?.Deadline).ThenBy(task => task.Wait?.Sequence).ToList())
        {
            machine.Tasks.Wake(task, WakeReason.TimedOut);
        }

        while (!State.Timers.IsEmpty && State.Timers.Min is { } timer && timer.Deadline <= now)
        {
            State = State with { Timers = State.Timers.Remove(timer) };
            timer.Target.GoOff(machine, timer);
        }

        Program();
    }

    private void Tick(long now, bool userMode)
    {
        State = State with { NextTick = (now / Scheduler.NanosecondsPerTick + 1) * Scheduler.NanosecondsPerTick, Ticks = State.Ticks + 1 };
        if (machine.Tasks.Find(machine.Tasks.CurrentId) is { } task)
        {
            machine.Tasks.Set(task with
            {
                Times = task.Times with { UserTicks = task.Times.UserTicks + (userMode ? 1 : 0), SystemTicks = task.Times.SystemTicks + (userMode ? 0 : 1) },
            });
            new ProcessorTimeLimits(machine).Tick(task);
        }

        machine.Scheduler.Tick();
    }

    /// <summary>Sets the local timer to the next thing to do, unless it is set to that already.</summary>
    public void Program()
    {
        if (Next is not { } next || next == State.NextEvent)
            return;
        State = State with { NextEvent = next };
        new LocalTimer(machine).Set(next);
    }
}
