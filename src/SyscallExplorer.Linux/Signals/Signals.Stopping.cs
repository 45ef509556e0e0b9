namespace SyscallExplorer.Linux;

/// <content>Job control: a process stops when all its threads have, and its parent is told of that and of its going on.</content>
internal sealed partial class Signals
{
    public static bool IsStopped(TaskState task) => task.Wait is { } wait && wait.Keys.Any(key => key.Kind == WaitKind.Continue);

    /// <summary>Tells a parent of the end of a child.</summary>
    /// <returns>False when it ignores its children, which are then gone at once.</returns>
    public bool TellOfEnd(ProcessState parent, ProcessState child, TaskState leader) => TellOfEnd(parent, child, leader, leader.ExitSignal);

    /// <summary>Tells a parent, or a tracer, of the end of a task.</summary>
    /// <param name="parent">The process that is told.</param>
    /// <param name="child">The task's process.</param>
    /// <param name="ended">The task.</param>
    /// <param name="exitSignal">The signal that tells, or 0 for none.</param>
    /// <returns>False when it ignores its children, which are then gone at once.</returns>
    public bool TellOfEnd(ProcessState parent, ProcessState child, TaskState ended, int exitSignal)
    {
        if (exitSignal == 0)
            return true;
        int status = ended.ExitCode;
        int signal = WaitStatus.SignalOf(status);
        SignalInfo info = signal == 0
            ? AboutChild(child, SignalCodes.ChildExited, WaitStatus.StatusOf(status), ended.Id)
            : AboutChild(child, SignalCodes.ChildKilled, signal, ended.Id);
        SignalAction action = Tasks.Threads(parent).FirstOrDefault() is { } thread ? ActionOf(thread, exitSignal) : SignalAction.Initial;
        bool isChildSignal = exitSignal == SignalNumbers.SIGCHLD;
        if (!isChildSignal || action.Handler != SignalAction.Ignore)
            Send(parent, info with { Signal = exitSignal });
        return !isChildSignal || (action.Handler != SignalAction.Ignore && (action.Flags & SignalActionFlags.NoChildWait) == 0);
    }

    /// <summary>A process ends: a group that nobody in its session looks after any more and that has stopped members is hung up and goes on.</summary>
    public void ProcessEnds(ProcessState process)
    {
        IEnumerable<int> groups = Tasks.Children(process.Id)
            .Where(child => child.Session == process.Session && child.Group != process.Group).Select(child => child.Group).Append(process.Group);
        foreach (int group in groups.Distinct().Order().ToList())
        {
            List<ProcessState> members = [.. State.Processes.Values.Where(member => member.Group == group && member.Id != process.Id && Tasks.Threads(member).Any())];
            if (!members.Any(member => member.StoppedBy != 0) || !IsOrphaned(group, process.Id) || !WasLookedAfterBy(process, members, group))
                continue;
            foreach (ProcessState member in members)
            {
                Send(State.Processes[member.Id], SignalNumbers.SIGHUP);
                Send(State.Processes[member.Id], SignalNumbers.SIGCONT);
            }
        }
    }

    private bool WasLookedAfterBy(ProcessState process, List<ProcessState> members, int group) =>
        group != process.Group
            ? members.Any(member => member.Parent == process.Id)
            : GroupAndSessionOf(process.Parent) is var (parentGroup, parentSession) && parentGroup != group && parentSession == process.Session;

    /// <summary>Whether no member of a group has a parent in another group of the same session.</summary>
    private bool IsOrphaned(int group, int? ending = null) => !State.Processes.Values.Any(member =>
        member.Group == group && member.Id != ending && member.Parent != ending && member.Parent != TaskIdentity.Init && Tasks.Threads(member).Any()
        && GroupAndSessionOf(member.Parent) is var (parentGroup, parentSession) && parentGroup != group && parentSession == member.Session);

    /// <summary>The shell that started the first process is outside the machine.</summary>
    private (int Group, int Session) GroupAndSessionOf(int process) =>
        Tasks.FindProcess(process) is { } inside ? (inside.Group, inside.Session) : (process, process);

    /// <summary>All threads of the current process stop, this one at once.</summary>
    private void BeginStop(int signal)
    {
        ProcessState process = machine.Process;
        if (process.Stopping is null)
        {
            List<TaskState> threads = [.. Tasks.Threads(process).Where(thread => !IsStopped(thread))];
            Tasks.Set(process with { Stopping = new GroupStop(signal, threads.Count) });
            foreach (TaskState thread in threads)
            {
                Tasks.Update(thread.Id, each => each with { Signals = each.Signals with { MustStop = true } });
                if (thread.Id != Tasks.CurrentId)
                    WakeUp(State.Tasks[thread.Id]);
            }
        }
    }

    /// <summary>The current task sleeps until SIGCONT or SIGKILL comes.</summary>
    private long StopNow()
    {
        int signal = machine.Process.Stopping?.Signal ?? machine.Process.StoppedBy;
        HaveStopped(machine.Task);
        var key = new WaitKey(WaitKind.Continue, (ulong)machine.Process.Id);
        return Tasks.Block(new Wait([key], $"SIGCONT, since it was stopped by {SignalNumbers.Name(signal)}") { IsKillable = true });
    }

    /// <summary>A tracee stops with its process, or because its tracer wants it to, until its tracer lets it go on.</summary>
    private void StopWithGroup(Tracee trace)
    {
        TaskState task = machine.Task;
        ProcessState process = machine.Process;
        int groupSignal = process.Stopping?.Signal ?? process.StoppedBy;
        int signal = groupSignal != 0 ? groupSignal : SignalNumbers.SIGTRAP;
        if (task.Signals.MustStop)
            HaveStopped(task, isTold: !IsTracedByParent(machine.Task));
        machine.TraceStops.Stop(trace.IsSeized
            ? TraceStop.Of(TraceStopKind.Group, PtraceEvents.Code(signal, PtraceEvents.Stop), task.Id)
            : new TraceStop(TraceStopKind.Group, signal, null));
    }

    /// <summary>Whether a task's tracer is its parent too, which then hears of stops only as the tracer.</summary>
    public bool IsTracedByParent(TaskState task) =>
        task.Trace is { } trace && Tasks.Find(trace.Tracer) is { } tracer && tracer.Process == State.Processes[task.Process].Parent;

    /// <summary>SIGCHLD for a tracee's stop, unless the tracer does not want it; who waits for it is woken all the same.</summary>
    public void TellTracer(TaskState task, int code, int status)
    {
        if (task.Trace is not { } trace || Tasks.Find(trace.Tracer) is not { } tracer)
            return;
        ProcessState process = State.Processes[tracer.Process];
        SignalAction action = ActionOf(tracer, SignalNumbers.SIGCHLD);
        if (action.Handler != SignalAction.Ignore && (action.Flags & SignalActionFlags.NoChildStop) == 0)
            Send(process, AboutChild(State.Processes[task.Process], code, status, task.Id));
        Tasks.Wake(new WaitKey(WaitKind.Child, (ulong)process.Id));
    }

    /// <summary>One thread less to stop; after the last one the parent is told.</summary>
    private void HaveStopped(TaskState task, bool isTold = true)
    {
        Tasks.Update(task.Id, each => each with { Signals = each.Signals with { MustStop = false } });
        ProcessState process = State.Processes[task.Process];
        if (process.Stopping is not { } stop)
            return;
        if (stop.Remaining > 1)
        {
            Tasks.Set(process with { Stopping = stop with { Remaining = stop.Remaining - 1 } });
            return;
        }

        Tasks.Set(process with { Stopping = null, StoppedBy = stop.Signal, StateToTell = WaitStatus.Stopped(stop.Signal) });
        if (isTold)
            TellOfChange(State.Processes[process.Id], SignalCodes.ChildStopped, stop.Signal);
    }

    /// <summary>Lets stopped threads go on. The first of them tells the parent.</summary>
    private void Continue(ProcessState process)
    {
        foreach (TaskState thread in Tasks.Threads(process).Where(thread => thread.Signals.MustStop).ToList())
        {
            Tasks.Update(thread.Id, each => each with { Signals = each.Signals with { MustStop = false } });
            Recalculate(State.Tasks[thread.Id]);
        }

        if (process.StoppedBy != 0 || process.Stopping is not null)
        {
            Tasks.Set(State.Processes[process.Id] with
            {
                StoppedBy = 0,
                Stopping = null,
                StateToTell = WaitStatus.Continued,
                ChangeToTell = process.StoppedBy != 0 ? SignalCodes.ChildContinued : SignalCodes.ChildStopped,
            });
            foreach (TaskState thread in Tasks.Threads(process).ToList())
                Tasks.Guest(thread).SetFlag(ThreadFlags.SigPending, true);
        }

        Tasks.Wake(new WaitKey(WaitKind.Continue, (ulong)process.Id));
        foreach (TaskState thread in Tasks.Threads(State.Processes[process.Id]).Where(thread => thread.Trace is { IsSeized: true }).ToList())
            TrapAgain(State.Tasks[thread.Id]);
    }

    /// <summary>Who seized hears by another stop that the process goes on, at once where it listens for it.</summary>
    private void TrapAgain(TaskState task)
    {
        if (task.Trace is not { } trace)
            return;
        Tasks.Set(task with { Trace = trace with { MustTrap = true } });
        WakeUp(State.Tasks[task.Id]);
        if (trace.IsListening)
            Tasks.Wake(State.Tasks[task.Id], WakeReason.Woken);
    }

    /// <summary>SIGCHLD for a stop or a continuation, unless the parent does not want it; who waits for it is woken all the same.</summary>
    private void TellOfChange(ProcessState process, int code, int signal)
    {
        if (Tasks.FindProcess(process.Parent) is not { } parent)
            return;
        SignalAction action = Tasks.Threads(parent).FirstOrDefault() is { } thread ? ActionOf(thread, SignalNumbers.SIGCHLD) : SignalAction.Initial;
        if (action.Handler != SignalAction.Ignore && (action.Flags & SignalActionFlags.NoChildStop) == 0)
            Send(parent, AboutChild(process, code, signal));
        Tasks.Wake(new WaitKey(WaitKind.Child, (ulong)parent.Id));
    }

    private SignalInfo AboutChild(ProcessState child, int code, int status, int? task = null)
    {
        const long nanosecondsPerTick = 10_000_000;
        TaskTimes times = child.Threads.Aggregate(child.EndedThreads, (sum, id) => sum.Add(State.Tasks[id].Times));
        (long user, long system) = ResourceUsage.Split(machine, times);
        return SignalInfo.FromChild(code, task ?? child.Id, TaskIdentity.Uid, status, user / nanosecondsPerTick, system / nanosecondsPerTick);
    }
}
