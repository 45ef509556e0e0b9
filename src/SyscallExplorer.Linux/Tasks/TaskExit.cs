using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Statuses as wait4 gives them. man 2 wait.</summary>
internal static class WaitStatus
{
    public const int Continued = 0xFFFF;

    public static int Exited(int status) => (status & 0xFF) << 8;

    public static int Killed(int signal) => signal;

    public static int Stopped(int signal) => (signal << 8) | 0x7F;

    public static int SignalOf(int status) => status & 0x7F;

    public static int StatusOf(int status) => (status >> 8) & 0xFF;
}

/// <summary>The end of tasks and processes.</summary>
internal sealed class TaskExit(LinuxMachine machine)
{
    /// <summary>Marks a process as ending, and sends its threads on their way. The first status holds.</summary>
    public void BeginGroupExit(ProcessState process, int status)
    {
        if (process.GroupExit is not null)
            return;
        machine.Tasks.Set(process with { GroupExit = status, StoppedBy = 0, Stopping = null });
        foreach (TaskState thread in machine.Tasks.Threads(process).ToList())
            Hurry(thread);
    }

    /// <summary>A task that must end comes to its exit loop soon, whatever it waits for.</summary>
    public void Hurry(TaskState thread)
    {
        machine.Tasks.Guest(thread).SetFlag(ThreadFlags.SigPending, true);
        machine.Tasks.Wake(thread, WakeReason.Interrupted);
    }

    /// <summary>The current task ends. It still stands on its stack, which it leaves with the next switch.</summary>
    public void ExitThread(int status)
    {
        machine.Scheduler.Account();
        TaskState task = machine.Task;
        bool isLast = machine.State.Tasks.Values.Count(other => other.IsAlive) == 1;
        machine.Futexes.ThreadEnds(task);
        machine.Signals.ThreadEnds(task);
        task = machine.Task;

        machine.Tracer.End(task.Id, machine.Process.GroupExit ?? status);
        machine.TraceStops.TracerEnds(task.Id);

        // What the last task had stays for whoever looks at the machine afterwards.
        if (!isLast)
            LeaveAll(task);
        WakeVforkParent(task);
        task = machine.Task with { State = RunState.Zombie, ExitCode = status, Wait = null };
        machine.Tasks.Set(task);
        ProcessState process = machine.State.Processes[task.Process];
        bool isLeader = task.Id == process.Id;
        if (!isLeader && !(task.Trace is not null && TellTracer(process, task, SignalNumbers.SIGCHLD)))
        {
            process = process with { Threads = process.Threads.Remove(task.Id), EndedThreads = process.EndedThreads.Add(task.Times) };
            machine.Tasks.Set(process);
            Release(task);
        }

        if (!machine.Tasks.Threads(process).Any())
            ExitProcess(process);
        else if (process.Executor is not null)
            machine.Tasks.Wake(new WaitKey(WaitKind.Thread, (ulong)process.Id));
    }

    /// <summary>A task whose making failed leaves nothing behind.</summary>
    public void Abandon(TaskState task)
    {
        LeaveAll(task);
        ProcessState? process = machine.Tasks.FindProcess(task.Process);
        if (process is not null && process.Id == task.Id)
            machine.State = machine.State with { Processes = machine.State.Processes.Remove(process.Id) };
        else if (process is not null)
            machine.Tasks.Set(process with { Threads = process.Threads.Remove(task.Id) });
        machine.State = machine.State with { Tasks = machine.State.Tasks.Remove(task.Id), FreeSlots = machine.State.FreeSlots.Add(task.Slot) };
    }

    /// <summary>Gives up memory, files and handlers, each of which ends with its last user.</summary>
    private void LeaveAll(TaskState task)
    {
        new AddressSpace(machine, task.Map).Leave();
        machine.Files.Leave(task.FileTable);
        LeaveFileSystem(task);
        LeaveHandlers(task);
        if (machine.Tasks.Find(task.Id) is { } still)
            machine.Tasks.Set(still with { Map = 0 });
    }

    private void LeaveFileSystem(TaskState task)
    {
        FileSystemState own = machine.State.FileSystems[task.FileSystem];
        machine.State = machine.State with
        {
            FileSystems = own.Users == 1 ? machine.State.FileSystems.Remove(task.FileSystem)
                : machine.State.FileSystems.SetItem(task.FileSystem, own with { Users = own.Users - 1 }),
        };
    }

    private void LeaveHandlers(TaskState task)
    {
        HandlerTableState own = machine.State.HandlerTables[task.Handlers];
        machine.State = machine.State with
        {
            HandlerTables = own.Users == 1 ? machine.State.HandlerTables.Remove(task.Handlers)
                : machine.State.HandlerTables.SetItem(task.Handlers, own with { Users = own.Users - 1 }),
        };
    }

    /// <summary>A vfork's child has left its parent's memory: the parent goes on.</summary>
    public void WakeVforkParent(TaskState task)
    {
        if (task.VforkParent == 0)
            return;
        machine.Tasks.Update(task.Id, child => child with { VforkParent = 0 });
        machine.Tasks.Wake(new WaitKey(WaitKind.AddressSpaceOfChild, (ulong)task.Id));
    }

    private void ExitProcess(ProcessState process)
    {
        machine.IntervalTimers.Cancel(process.Timers.Real);
        machine.PosixTimers.DeleteAll(process.Id);
        process = machine.State.Processes[process.Id];
        TaskState leader = machine.Tasks.Leader(process);
        int status = process.GroupExit ?? leader.ExitCode;
        machine.Tasks.Set(leader with { ExitCode = status });
        machine.Signals.ProcessEnds(process);
        Reparent(process);
        if (process.Id == TaskIdentity.Pid)
        {
            machine.State = WaitStatus.SignalOf(status) is var signal and not 0
                ? machine.State with { KilledBy = signal }
                : machine.State with { ExitStatus = WaitStatus.StatusOf(status) };
        }

        if (process.Threads.Count == 1)
            Announce(process);
    }

    /// <summary>Nothing lives of a process, and none of its threads waits for a tracer: whoever looks after it is told, its tracer first.</summary>
    private void Announce(ProcessState process)
    {
        TaskState leader = machine.Tasks.Leader(process);
        bool isTraced = leader.Trace is { } trace && machine.Tasks.Find(trace.Tracer) is not null;
        bool isWanted = isTraced
            ? TellTracer(process, leader, machine.Signals.IsTracedByParent(leader) ? leader.ExitSignal : SignalNumbers.SIGCHLD)
            : machine.Tasks.FindProcess(process.Parent) is { } parent && Notify(parent, process, leader);
        if (!isWanted)
            Reap(process);
    }

    /// <summary>Tells the tracer of a task's end.</summary>
    /// <returns>False when nobody wants to know.</returns>
    private bool TellTracer(ProcessState process, TaskState task, int signal)
    {
        if (task.Trace is not { } trace || machine.Tasks.Find(trace.Tracer) is not { } tracer)
            return false;
        ProcessState tracing = machine.State.Processes[tracer.Process];
        bool isWanted = machine.Signals.TellOfEnd(tracing, process, task, signal);
        machine.Tasks.Wake(new WaitKey(WaitKind.Child, (ulong)tracing.Id));
        return isWanted;
    }

    /// <summary>A tracer has done with a tracee that has ended: it is the parent's now, and a thread is gone.</summary>
    /// <param name="ended">The tracee.</param>
    /// <param name="tracer">The tracer's process.</param>
    public void Unlink(TaskState ended, int tracer)
    {
        machine.Tasks.Set(ended with { Trace = null });
        ProcessState process = machine.State.Processes[ended.Process];
        if (ended.Id == process.Id)
        {
            if (process.Threads.Count == 1 && process.Parent != tracer)
                Announce(process);
            return;
        }

        process = process with { Threads = process.Threads.Remove(ended.Id), EndedThreads = process.EndedThreads.Add(ended.Times) };
        machine.Tasks.Set(process);
        Release(ended);
        if (process.Threads.Count == 1 && !machine.Tasks.Leader(process).IsAlive)
            Announce(process);
    }

    /// <summary>Tells the parent of a child's end.</summary>
    /// <returns>False when the parent does not want to know: the child is gone then.</returns>
    private bool Notify(ProcessState parent, ProcessState child, TaskState leader)
    {
        bool wanted = machine.Signals.TellOfEnd(parent, child, leader);
        machine.Tasks.Wake(new WaitKey(WaitKind.Child, (ulong)parent.Id));
        return wanted;
    }

    /// <summary>Children go to the nearest subreaper, or to process 1, which nobody sees waiting.</summary>
    private void Reparent(ProcessState process)
    {
        int heir = TaskIdentity.Init;
        for (int ancestor = process.Parent; machine.Tasks.FindProcess(ancestor) is { } above; ancestor = above.Parent)
        {
            if (above.IsSubreaper && machine.Tasks.Threads(above).Any())
            {
                heir = above.Id;
                break;
            }
        }

        foreach (ProcessState child in machine.Tasks.Children(process.Id).ToList())
        {
            machine.Tasks.Set(child with { Parent = heir });
            foreach (int thread in child.Threads)
                machine.Tasks.Guest(machine.State.Tasks[thread]).SetParent(machine.Tasks.FrameOf(heir));
            if (machine.Tasks.Threads(child).Any())
            {
                TellOfDeath(child);
                continue;
            }

            if (heir == TaskIdentity.Init)
                Reap(child);
            else
                machine.Tasks.Wake(new WaitKey(WaitKind.Child, (ulong)heir));
        }
    }

    /// <summary>PR_SET_PDEATHSIG.</summary>
    private void TellOfDeath(ProcessState child)
    {
        foreach (TaskState thread in machine.Tasks.Threads(child).Where(thread => thread.ParentDeathSignal != 0).ToList())
            machine.Signals.Send(machine.State.Processes[child.Id], SignalInfo.FromProcess(thread.ParentDeathSignal, machine.Process.Id, TaskIdentity.Uid));
    }

    /// <summary>Nothing is left of a process that has ended.</summary>
    public void Reap(ProcessState process)
    {
        foreach (int id in process.Threads)
            Release(machine.State.Tasks[id]);
        machine.State = machine.State with { Processes = machine.State.Processes.Remove(process.Id) };
        machine.Frames.Release(process.Frame);
    }

    /// <summary>A task that is the last thing the machine ran stays to be looked at; all others go.</summary>
    private void Release(TaskState task)
    {
        if (!machine.State.Tasks.Values.Any(other => other.IsAlive))
            return;
        machine.State = machine.State with { Tasks = machine.State.Tasks.Remove(task.Id), DeadSlots = machine.State.DeadSlots.Add(task.Slot) };
    }
}
