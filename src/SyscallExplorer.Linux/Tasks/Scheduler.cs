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

    private const long NormalWeight = 1024;
    private const long Latency = 6_000_000;
    private const long MinimumSlice = 750_000;
    private const long WakeUpGranularity = 1_000_000;
    private const long RoundRobinSlice = 100_000_000;
    private const int KernelPcidOfFirst = 1;

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
        machine.Tasks.Set(task with
        {
            Times = task.Times with { Running = task.Times.Running + ran },
            Scheduling = scheduling with { VirtualRuntime = scheduling.VirtualRuntime + ran * NormalWeight / WeightOf(scheduling) },
        });
    }

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
            return KernelLayout.DirectMapped(KernelLayout.IdlePhysical);
        foreach (TaskState task in State.Tasks.Values.Where(task => task.Scheduling.HasYielded).ToList())
            machine.Tasks.Set(task with { Scheduling = task.Scheduling with { HasYielded = false } });
        next = State.Tasks[next.Id];
        machine.Tasks.Set(next with { Scheduling = next.Scheduling with { SliceStart = next.Times.Running } });
        State = State with
        {
            LowestVirtualRuntime = next.Scheduling.IsRealTime ? State.LowestVirtualRuntime : Math.Max(State.LowestVirtualRuntime, next.Scheduling.VirtualRuntime),
            Switches = State.Switches + (next.Id == current ? 0 : 1),
        };
        if (next.Map != State.LoadedMap)
            controlRegister3 = Load(next.Map);
        machine.Timers.StartTick();
        return machine.Tasks.Guest(next).Pointer;
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
        if (machine.Tasks.Find(machine.Tasks.CurrentId) is not { State: RunState.Runnable } task)
            return;
        List<TaskState> others = [.. State.Tasks.Values.Where(other => other.State == RunState.Runnable && other.Id != task.Id)];
        if (others.Count == 0)
            return;
        long turn = task.Times.Running - task.Scheduling.SliceStart;
        if (task.Scheduling.Policy == SchedulingState.RoundRobin)
        {
            if (turn < Time.ClockOf(RoundRobinSlice))
                return;
            machine.Tasks.Set(task with { Scheduling = task.Scheduling with { QueueOrder = TakeOrder() } });
            RequestReschedule();
        }
        else if (!task.Scheduling.IsRealTime)
        {
            long slice = Math.Max(Latency / (others.Count + 1), MinimumSlice);
            if (turn >= Time.ClockOf(slice))
                RequestReschedule();
        }
    }

    /// <summary>The task lets all others pass once.</summary>
    public void Yield()
    {
        TaskState task = machine.Task;
        machine.Task = task with { Scheduling = task.Scheduling with { HasYielded = true, QueueOrder = TakeOrder() } };
        RequestReschedule();
    }

    /// <summary>A child begins where its parent stands and does not get a turn that its parent would not have had.</summary>
    public SchedulingState ForChild(SchedulingState parent)
    {
        SchedulingState child = parent.ResetOnFork
            ? SchedulingState.Initial with { Nice = Math.Max(0, parent.Nice), VirtualRuntime = parent.VirtualRuntime }
            : parent;
        return child with { HasYielded = false, SliceStart = 0, QueueOrder = TakeOrder(), VirtualRuntime = Math.Max(child.VirtualRuntime, State.LowestVirtualRuntime) };
    }

    private long TakeOrder()
    {
        long order = State.NextWait;
        State = State with { NextWait = order + 1 };
        return order;
    }

    private TaskState? Best(int current)
    {
        TaskState? best = null;
        foreach (TaskState task in State.Tasks.Values)
        {
            if (task.State == RunState.Runnable && (best is null || IsBefore(task, best, current)))
                best = task;
        }

        return best;
    }

    private static bool IsBefore(TaskState task, TaskState other, int current)
    {
        SchedulingState a = task.Scheduling, b = other.Scheduling;
        int priority = a.IsRealTime ? a.Priority : 0, otherPriority = b.IsRealTime ? b.Priority : 0;
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
            return woken.IsRealTime && (!scheduling.IsRealTime || woken.Priority > scheduling.Priority);
        if (woken.Policy is SchedulingState.Batch or SchedulingState.Idle)
            return false;
        long now = scheduling.VirtualRuntime + (machine.Processor.Clock - State.SwitchClock) * NormalWeight / WeightOf(scheduling);
        return now - woken.VirtualRuntime > Time.ClockOf(WakeUpGranularity) * NormalWeight / WeightOf(woken);
    }

    /// <summary>Each step of niceness is a quarter more or a fifth less; the idle policy has next to nothing.</summary>
    private static long WeightOf(SchedulingState scheduling)
    {
        const long idle = 3, fixedPoint = 1 << 20;
        if (scheduling.Policy == SchedulingState.Idle)
            return idle;
        long weight = NormalWeight * fixedPoint;
        for (int step = scheduling.Nice; step > 0; step--)
            weight = weight * 4 / 5;
        for (int step = scheduling.Nice; step < 0; step++)
            weight = weight * 5 / 4;
        return Math.Max(1, weight / fixedPoint);
    }
}
