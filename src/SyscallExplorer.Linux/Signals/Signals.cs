namespace SyscallExplorer.Linux;

/// <summary>
/// Signals on their way: sending, stopping and going on, and what happens to them on the way to user mode. man 7 signal.
/// </summary>
internal sealed partial class Signals(LinuxMachine machine)
{
    private KernelState State
    {
        get => machine.State;
        set => machine.State = value;
    }

    private TaskTable Tasks => machine.Tasks;

    /// <summary>What a thread does about a signal.</summary>
    public SignalAction ActionOf(TaskState task, int signal) => State.HandlerTables[task.Handlers].ActionOf(signal);

    /// <summary>Sets what the current task and those who share its handlers do about a signal.</summary>
    public void SetAction(int signal, SignalAction action)
    {
        int table = machine.Task.Handlers;
        HandlerTableState handlers = State.HandlerTables[table];
        State = State with { HandlerTables = State.HandlerTables.SetItem(table, handlers with { Actions = handlers.Actions.SetItem(signal, action) }) };
    }

    /// <summary>Whether a signal ends the sleep of a task.</summary>
    public bool Interrupts(TaskState task)
    {
        ProcessState process = State.Processes[task.Process];
        if (task.Wait is { Progress: TraceStop { Kind: TraceStopKind.Exit } })
            return false;
        if (process.Dooms(task.Id))
            return true;
        return task.Wait is { IsKillable: true } ? task.Signals.Pending.Has(SignalNumbers.SIGKILL) : HasWork(task, process);
    }

    /// <summary>What could be delivered to a task now.</summary>
    public ulong Ready(TaskState task) => (task.Signals.Pending | State.Processes[task.Process].Signals.Pending) & ~task.Signals.Blocked;

    /// <summary>Sets the mask of the current task. Other threads then take what waits for the process and is blocked here from now on.</summary>
    public void SetBlocked(ulong mask)
    {
        TaskState task = machine.Task;
        ulong kept = mask & ~SignalSets.Unblockable;
        ulong newlyBlocked = kept & ~task.Signals.Blocked;
        machine.Task = task with { Signals = task.Signals with { Blocked = kept } };
        Retarget(machine.Task, machine.Process.Signals.Pending & newlyBlocked);
        Recalculate(machine.Task);
    }

    /// <summary>A mask for the length of a call: ppoll, pselect and sigsuspend set it before they wait.</summary>
    public void SetTemporaryMask(ulong mask)
    {
        TaskState task = machine.Task;
        machine.Task = task with { Signals = task.Signals with { SavedMask = task.Signals.SavedMask ?? task.Signals.Blocked } };
        SetBlocked(mask);
    }

    /// <summary>Brings the mask back at the end of such a call, unless a signal has interrupted it: then its handler has to run first.</summary>
    public void EndTemporaryMask(bool isInterrupted)
    {
        if (!isInterrupted && machine.Task.Signals.SavedMask is { } mask)
        {
            machine.Task = machine.Task with { Signals = machine.Task.Signals with { SavedMask = null } };
            SetBlocked(mask);
        }
    }

    /// <summary>A thread ends: what waits for its process and only it was about to take, others take, and a stop does not wait for it.</summary>
    public void ThreadEnds(TaskState task)
    {
        Retarget(task, State.Processes[task.Process].Signals.Pending & ~task.Signals.Blocked);
        if (task.Signals.MustStop)
            HaveStopped(task);
    }

    private static bool HasWork(ulong ready, TaskState task) => ready != 0 || task.Signals.MustStop || task.Trace is { MustTrap: true };

    private bool HasWork(TaskState task, ProcessState process) =>
        HasWork((task.Signals.Pending | process.Signals.Pending) & ~task.Signals.Blocked, task);

    /// <summary>TIF_SIGPENDING says what is so.</summary>
    private void Recalculate(TaskState task)
    {
        ProcessState process = State.Processes[task.Process];
        Tasks.Guest(task).SetFlag(ThreadFlags.SigPending, HasWork(task, process) || process.Dooms(task.Id));
    }

    /// <summary>What a task must look at on its way to user mode has changed.</summary>
    public void Refresh(int id) => Recalculate(State.Tasks[id]);

    private void Retarget(TaskState leaving, ulong signals)
    {
        if (signals == 0)
            return;
        foreach (TaskState other in Tasks.Threads(State.Processes[leaving.Process]).Where(other => other.Id != leaving.Id).ToList())
        {
            if ((signals & ~other.Signals.Blocked) == 0)
                continue;
            signals &= other.Signals.Blocked;
            WakeUp(other);
            if (signals == 0)
                return;
        }
    }

    /// <summary>A task comes to its exit loop soon.</summary>
    public void WakeUp(TaskState task)
    {
        Tasks.Guest(task).SetFlag(ThreadFlags.SigPending, true);
        if (Interrupts(task))
            Tasks.Wake(task, WakeReason.Interrupted);
    }
}
