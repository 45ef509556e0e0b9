using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Who runs next: real-time tasks by priority, the others by who has had least of the processor for its weight. man 7 sched. The choice is the
/// host's, the switch guest code.
/// </summary>
internal sealed class Scheduler(LinuxMachine machine)
{
    /// <summary>Ticks a second: CONFIG_HZ.</summary>
    public const int TicksPerSecond = 250;
    public const long NanosecondsPerTick = EmulatedTime.NanosecondsPerSecond / TicksPerSecond;

    public const int LowestNice = -20;
    public const int HighestNice = 19;

    private const long NormalWeight = 1024;

    /// <summary>The policy that has next to nothing.</summary>
    private const long IdleWeight = 3;
    private const long Latency = 6_000_000;
    private const long MinimumSlice = 750_000;
    private const long WakeUpGranularity = 1_000_000;
    private const long RoundRobinSlice = 100_000_000;
    private const int KernelPcidOfFirst = 1;

    /// <summary>sched_rt_period_us and sched_rt_runtime_us: real-time tasks leave a part of each period to the others.</summary>
    private const long RealTimePeriod = 1_000_000_000;
    private const long RealTimeShare = 950_000_000;

    private static readonly long[] s_weights = [.. Enumerable.Range(LowestNice, HighestNice - LowestNice + 1).Select(WeightAt)];

    private KernelState State
    {
        get => machine.State;
        set => machine.State = value;
    }

    private EmulatedTime Time => new(machine);

    /// <summary>Charges the task that runs for what it had since it was charged last.</summary>
    public void Account()
    {
        long clock = machine.Processor.Clock;
        long ran = clock - State.SwitchClock;
        State = State with { SwitchClock = clock };
        if (machine.Tasks.Find(machine.Tasks.CurrentId) is not { } task || ran == 0)
            return;
        SchedulingState scheduling = task.Scheduling;
        if (IsThrottled(task))
            State = State with { RealTimeUsed = State.RealTimeUsed + ran };
        machine.Tasks.Set(task with
        {
            Times = task.Times with { Running = task.Times.Running + ran },
            Scheduling = scheduling.IsRealTime ? scheduling
                : scheduling with { VirtualRuntime = scheduling.VirtualRuntime + Weighted(ran, scheduling) },
        });
        Advance();
    }

    /// <summary>The lowest virtual runtime goes on with those who run, so that who wakes meanwhile does not come with an old one.</summary>
    private void Advance()
    {
        long lowest = long.MaxValue;
        foreach (TaskState task in State.Tasks.Values)
        {
            if (task is { State: RunState.Runnable, Scheduling: { IsRealTime: false } scheduling })
                lowest = Math.Min(lowest, scheduling.VirtualRuntime);
        }

        if (lowest != long.MaxValue && lowest > State.LowestVirtualRuntime)
            State = State with { LowestVirtualRuntime = lowest };
    }

    private static long Weighted(long clock, SchedulingState scheduling) => clock * NormalWeight / WeightOf(scheduling);

    /// <summary>Chooses the task that runs next and gives it an address space.</summary>
    /// <param name="controlRegister3">What CR3 must be loaded with, or 0 where it may stay as it is.</param>
    /// <returns>The address of its structure for guest code.</returns>
    public ulong PickNext(out ulong controlRegister3)
    {
        Account();
        machine.Tasks.ReleaseDead();
        controlRegister3 = 0;
        int current = machine.Tasks.CurrentId;
        TaskState? next = Best(current);
        if (machine.Tasks.Find(current) is { } leaving && leaving.Id != next?.Id)
        {
            bool voluntary = leaving.State != RunState.Runnable;
            machine.RestartableSequences.SwitchedOut(leaving);
            leaving = State.Tasks[leaving.Id];
            machine.Tasks.Set(leaving with
            {
                Times = leaving.Times with
                {
                    VoluntarySwitches = leaving.Times.VoluntarySwitches + (voluntary ? 1 : 0),
                    InvoluntarySwitches = leaving.Times.InvoluntarySwitches + (voluntary ? 0 : 1),
                },
            });
        }

        if (next is null)
            return machine.Architecture.DirectMapped(machine.Architecture.IdleTask);
        foreach (TaskState task in State.Tasks.Values)
        {
            if (task.Scheduling.HasYielded)
                machine.Tasks.Set(task with { Scheduling = task.Scheduling with { HasYielded = false } });
        }

        next = State.Tasks[next.Id];
        machine.Tasks.Set(next with { Scheduling = next.Scheduling with { SliceStart = next.Times.Running } });
        State = State with
        {
            Switches = State.Switches + (next.Id == current ? 0 : 1),
        };
        if (next.Map != State.LoadedMap)
            controlRegister3 = Load(next.Map);
        machine.Timers.StartTick();
        LoadDebugRegisters(next);
        return machine.Tasks.Guest(next).Pointer;
    }

    /// <summary>The breakpoints of a task are the processor's while it runs.</summary>
    public void LoadDebugRegisters(TaskState task)
    {
        const ulong enableBits = 0xFF;
        const int control = 7, breakpoints = 4;
        ProcessorRegisters registers = machine.Processor.Registers;
        TaskDebugRegisters wanted = task.DebugRegisters;
        if (((registers.Debug(control) | wanted.Control) & enableBits) == 0)
            return;
        for (int index = 0; index < breakpoints; index++)
            registers.SetDebug(index, wanted.AddressOf(index));
        registers.SetDebug(control, wanted.Control);
    }

    /// <summary>Makes an address space the loaded one.</summary>
    /// <returns>What CR3 must be loaded with: one of six identifiers, and no flush where the identifier is its own still.</returns>
    public ulong Load(int map)
    {
        State = State with { LoadedMap = map };
        ulong root = State.Maps[map].KernelRoot;
        if (!machine.Features.Contains(KernelFeature.Pcid))
            return root;
        int identifier = State.AddressSpaceIdentifiers.IndexOf(map);
        bool keeps = identifier >= 0;
        if (!keeps)
        {
            identifier = State.NextIdentifier;
            State = State with
            {
                AddressSpaceIdentifiers = State.AddressSpaceIdentifiers.SetItem(identifier, map),
                NextIdentifier = (identifier + 1) % State.AddressSpaceIdentifiers.Length,
            };
            machine.RequestUserFlush(identifier + KernelPcidOfFirst);
        }

        return root | (uint)(identifier + KernelPcidOfFirst) | (keeps ? 1ul << PageTableSwitch.NoFlushBit : 0);
    }

    /// <summary>A task has become runnable: it does not profit from a long sleep, and it may be due before the one that runs.</summary>
    public void Enqueue(int id)
    {
        TaskState task = State.Tasks[id];
        long lowest = State.LowestVirtualRuntime - Time.ClockOf(Latency / 2);
        SchedulingState scheduling = task.Scheduling with { VirtualRuntime = Math.Max(task.Scheduling.VirtualRuntime, lowest), QueueOrder = TakeOrder() };
        machine.Tasks.Set(task with { Scheduling = scheduling });
        if (ShouldPreempt(scheduling))
            RequestReschedule();
    }

    /// <summary>TIF_NEED_RESCHED of the task that runs: it is looked at on the way to user mode.</summary>
    public void RequestReschedule() => machine.Tasks.Current.SetFlag(ThreadFlags.NeedResched, true);

    /// <summary>Whether a tick ends the turn of the task that runs.</summary>
    public void Tick()
    {
        Account();
        WatchRealTime();
        if (machine.Tasks.Find(machine.Tasks.CurrentId) is not { State: RunState.Runnable } task)
            return;
        SchedulingState scheduling = task.Scheduling;
        int rivals = State.Tasks.Values.Count(other =>
            other.State == RunState.Runnable && other.Id != task.Id && other.Scheduling.RealTimePriority == scheduling.RealTimePriority);
        if (rivals == 0)
            return;
        long turn = task.Times.Running - scheduling.SliceStart;
        if (scheduling.IsRealTime)
        {
            if (scheduling.Policy != SchedulingState.RoundRobin || turn < Time.ClockOf(RoundRobinSlice))
                return;
            machine.Tasks.Set(task with { Scheduling = scheduling with { QueueOrder = TakeOrder() } });
            RequestReschedule();
        }
        else if (turn >= Time.ClockOf(Math.Max(Latency / (rivals + 1), MinimumSlice)))
        {
            RequestReschedule();
        }
    }

    /// <summary>Changes a task's claim to the processor. Who leaves the real-time policies does not keep an old virtual runtime.</summary>
    public void Change(int id, Func<SchedulingState, SchedulingState> change)
    {
        Account();
        TaskState task = State.Tasks[id];
        SchedulingState before = task.Scheduling, after = change(before);
        if (before.RealTimePriority != after.RealTimePriority || before.Policy != after.Policy)
            after = after with { QueueOrder = TakeOrder(), VirtualRuntime = Math.Max(after.VirtualRuntime, State.LowestVirtualRuntime) };
        machine.Tasks.Set(task with { Scheduling = after });
        if (id == machine.Tasks.CurrentId || (task.State == RunState.Runnable && ShouldPreempt(after)))
            RequestReschedule();
    }

    /// <summary>Owners of locks get the real-time priorities of those who wait for them, and others lose what they had got so.</summary>
    /// <param name="priorities">Priorities by task.</param>
    public void Inherit(IReadOnlyDictionary<int, int> priorities)
    {
        foreach (TaskState task in State.Tasks.Values)
        {
            int inherited = priorities.GetValueOrDefault(task.Id);
            if (task.Scheduling.Inherited != inherited)
                Change(task.Id, scheduling => scheduling with { Inherited = inherited });
        }
    }

    /// <summary>The task lets all others pass once.</summary>
    public void Yield()
    {
        TaskState task = machine.Task;
        machine.Task = task with { Scheduling = task.Scheduling with { HasYielded = true, QueueOrder = TakeOrder() } };
        RequestReschedule();
    }

    /// <summary>A child begins behind its parent, by as much as a turn of its own, and so does not get a turn that its parent would not have had.</summary>
    public SchedulingState ForChild()
    {
        Account();
        SchedulingState parent = machine.Task.Scheduling;
        SchedulingState child = parent with { HasYielded = false, SliceStart = 0, Inherited = 0, ResetOnFork = false, QueueOrder = TakeOrder() };
        if (parent.ResetOnFork)
        {
            child = parent.OwnRealTimePriority > 0
                ? child with { Policy = SchedulingState.Other, Priority = 0, Nice = 0 }
                : child with { Nice = Math.Max(0, child.Nice) };
        }

        int runnable = State.Tasks.Values.Count(task => task.State == RunState.Runnable && !task.Scheduling.IsRealTime);
        long turn = Weighted(Time.ClockOf(Math.Max(Latency / (runnable + 1), MinimumSlice)), child);
        return child with { VirtualRuntime = Math.Max(child.VirtualRuntime, State.LowestVirtualRuntime) + turn };
    }

    private long TakeOrder()
    {
        long order = State.NextWait;
        State = State with { NextWait = order + 1 };
        return order;
    }

    private TaskState? Best(int current) => (HasSpentRealTime ? Best(current, withRealTime: false) : null) ?? Best(current, withRealTime: true);

    private TaskState? Best(int current, bool withRealTime)
    {
        TaskState? best = null;
        foreach (TaskState task in State.Tasks.Values)
        {
            if (task.State == RunState.Runnable && (withRealTime || !IsThrottled(task)) && (best is null || IsBefore(task, best, current)))
                best = task;
        }

        return best;
    }

    private bool HasSpentRealTime => State.RealTimeUsed >= Time.ClockOf(RealTimeShare);

    /// <summary>Who has a lock that somebody waits for is not held up.</summary>
    private static bool IsThrottled(TaskState task) => task.Scheduling is { IsRealTime: true, Inherited: 0 };

    /// <summary>A period of real time ends, or what real-time tasks may have of it is used up.</summary>
    private void WatchRealTime()
    {
        bool wasSpent = HasSpentRealTime;
        long clock = machine.Processor.Clock;
        if (clock - State.RealTimeStart >= Time.ClockOf(RealTimePeriod))
            State = State with { RealTimeStart = clock, RealTimeUsed = 0 };
        if (wasSpent)
            RequestReschedule();
    }

    private static bool IsBefore(TaskState task, TaskState other, int current)
    {
        SchedulingState a = task.Scheduling, b = other.Scheduling;
        int priority = a.RealTimePriority, otherPriority = b.RealTimePriority;
        if (priority != otherPriority)
            return priority > otherPriority;
        if (priority > 0)
            return a.QueueOrder < b.QueueOrder;
        if (a.HasYielded != b.HasYielded)
            return b.HasYielded;
        return a.VirtualRuntime != b.VirtualRuntime ? a.VirtualRuntime < b.VirtualRuntime : task.Id == current || a.QueueOrder < b.QueueOrder;
    }

    private bool ShouldPreempt(SchedulingState woken)
    {
        if (machine.Tasks.Find(machine.Tasks.CurrentId) is not { State: RunState.Runnable } running)
            return true;
        SchedulingState scheduling = running.Scheduling;
        if (woken.IsRealTime || scheduling.IsRealTime)
            return woken.RealTimePriority > scheduling.RealTimePriority;
        if (scheduling.Policy == SchedulingState.Idle && woken.Policy != SchedulingState.Idle)
            return true;
        if (woken.Policy is SchedulingState.Batch or SchedulingState.Idle)
            return false;
        long now = scheduling.VirtualRuntime + Weighted(machine.Processor.Clock - State.SwitchClock, scheduling);
        return now - woken.VirtualRuntime > Weighted(Time.ClockOf(WakeUpGranularity), woken);
    }

    private static long WeightOf(SchedulingState scheduling) =>
        scheduling.Policy == SchedulingState.Idle ? IdleWeight : s_weights[scheduling.Nice - LowestNice];

    /// <summary>Each step of niceness is a quarter more or a fifth less.</summary>
    private static long WeightAt(int nice)
    {
        const long fixedPoint = 1 << 20;
        long weight = NormalWeight * fixedPoint;
        for (int step = nice; step > 0; step--)
            weight = weight * 4 / 5;
        for (int step = nice; step < 0; step++)
            weight = weight * 5 / 4;
        return weight / fixedPoint;
    }
}
