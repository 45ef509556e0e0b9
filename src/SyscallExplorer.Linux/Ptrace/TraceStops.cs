using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The stops of tracees: how a task comes into one, tells its tracer, and goes on. man 2 ptrace.</summary>
internal sealed class TraceStops(LinuxMachine machine)
{
    private TaskTable Tasks => machine.Tasks;

    /// <summary>The stop that a task is in, or null.</summary>
    public static TraceStop? StopOf(TaskState task) => task is { State: RunState.Sleeping, Wait.Progress: TraceStop stop } ? stop : null;

    /// <summary>The current task stops for its tracer, if it has one and may stop at all: who is about to end only stops to announce that.</summary>
    /// <returns>Whether it does; whoever asked has to give the processor up and is asked again.</returns>
    public bool Stop(TraceStop stop)
    {
        TaskState task = machine.Task;
        if (task.Trace is not { } trace || (machine.Process.Dooms(task.Id) && stop.Kind != TraceStopKind.Exit))
            return false;
        machine.Task = task with { Trace = trace with { MustTrap = trace.MustTrap && stop.Kind != TraceStopKind.Group, IsListening = false } };
        var key = new WaitKey(WaitKind.Tracer, (ulong)task.Id);
        Tasks.Block(new Wait([key], $"its tracer, task {trace.Tracer}, to let it go on") { IsKillable = true, Progress = stop });
        bool isGroupStop = stop.Kind == TraceStopKind.Group;
        machine.Signals.TellTracer(machine.Task, isGroupStop ? SignalCodes.ChildStopped : SignalCodes.ChildTrapped, stop.Signal);
        return true;
    }

    /// <summary>SIGTRAP's mark at the stops of system calls: PTRACE_O_TRACESYSGOOD.</summary>
    public const int CallMark = 0x80;

    /// <summary>The stop that the current task comes out of, which it then is no longer in; null where it was in none.</summary>
    public TraceStop? TakeStop()
    {
        if (machine.Task.Wait is not { Progress: TraceStop stop })
            return null;
        machine.Task = machine.Task with { Wait = null, Reason = WakeReason.Start };

        // What was sent during the stop woke nobody: it is found now.
        machine.Signals.Refresh(machine.Task.Id);
        return stop;
    }

    /// <summary>A tracee stops to tell of an event, where its tracer asked for it.</summary>
    public bool StopForEvent(int traceEvent, ulong message, TraceStopKind kind = TraceStopKind.Event, object? context = null)
    {
        if (machine.Task.Trace is not { } trace || !trace.Wants(traceEvent))
            return false;
        machine.Task = machine.Task with { Trace = trace with { Message = message } };
        return Stop(TraceStop.Of(kind, PtraceEvents.Code(SignalNumbers.SIGTRAP, traceEvent), machine.Task.Id) with { Context = context });
    }

    /// <summary>A tracee stops at the entry or the exit of a call.</summary>
    public bool StopAtCall(TraceStopKind kind, object? context = null)
    {
        if (machine.Task.Trace is not { } trace)
            return false;
        const ulong entry = 1, exit = 2;
        machine.Task = machine.Task with { Trace = trace with { Message = kind == TraceStopKind.CallEntry ? entry : exit } };
        int code = SignalNumbers.SIGTRAP | ((trace.Options & PtraceOptions.MarkCalls) != 0 ? CallMark : 0);
        return Stop(TraceStop.Of(kind, code, machine.Task.Id) with { Context = context });
    }

    /// <summary>A tracee is about to end with a status. Once it has told so it ends.</summary>
    public bool StopBeforeExit(int status)
    {
        if (machine.Task.Trace is not { HasAnnouncedExit: false } trace || !trace.Wants(PtraceEvents.Exit))
            return false;
        machine.Task = machine.Task with { Trace = trace with { HasAnnouncedExit = true } };
        return StopForEvent(PtraceEvents.Exit, (ulong)(uint)status, TraceStopKind.Exit);
    }

    /// <summary>The tracer gave a signal when it let the task go on from a system call: it is sent now.</summary>
    public void Inject(TraceStop ended)
    {
        if (ended.Resume is > 0 and int signal)
            machine.Signals.Send(machine.Task, SignalInfo.FromKernel(signal));
    }

    /// <summary>What is delivered after the tracer has seen a signal: the same, another, or nothing.</summary>
    public SignalInfo? SignalAfter(TraceStop ended)
    {
        if (ended is not { Kind: TraceStopKind.Signal, Info: { } info } || ended.Resume is not > 0)
            return null;
        int signal = ended.Resume.Value;
        if (signal != info.Signal)
            info = SignalInfo.FromProcess(signal, machine.Task.Trace?.Tracer ?? 0, TaskIdentity.Uid);
        if (!machine.Task.Signals.Blocked.Has(signal) || signal == SignalNumbers.SIGKILL)
            return info;
        machine.Signals.Send(machine.Task, info);
        return null;
    }

    /// <summary>Lets a stopped tracee go on.</summary>
    /// <param name="task">The tracee.</param>
    /// <param name="signal">The signal that it goes on with, or 0.</param>
    public void Resume(TaskState task, int signal)
    {
        if (StopOf(task) is not { } stop || task.Wait is not { } wait)
            return;
        Tasks.Set(task with { Wait = wait with { Progress = stop with { Resume = signal } } });
        Tasks.Wake(machine.State.Tasks[task.Id], WakeReason.Woken);
    }

    /// <summary>A task has no tracer any more, and goes on; with its process, where that is stopped.</summary>
    public void Detach(TaskState task, int signal)
    {
        ProcessState process = machine.State.Processes[task.Process];
        bool staysStopped = process.StoppedBy != 0 && process.GroupExit is null;
        new SingleStep(machine).Disable(task.Id);
        task = machine.State.Tasks[task.Id];
        Tasks.Set(task with { Trace = null, Signals = staysStopped ? task.Signals with { MustStop = true } : task.Signals });
        UpdateWork(task.Id);
        machine.Signals.Refresh(task.Id);
        Resume(machine.State.Tasks[task.Id], signal);
    }

    /// <summary>A tracer ends: its tracees end too where it asked for that, and go on without it otherwise.</summary>
    public void TracerEnds(int tracer)
    {
        foreach (TaskState tracee in machine.State.Tasks.Values.Where(task => task.Trace?.Tracer == tracer).ToList())
        {
            if (machine.Tasks.Find(tracee.Id)?.Trace is not { } trace)
                continue;
            if (!tracee.IsAlive)
            {
                new TaskExit(machine).Unlink(tracee, machine.State.Tasks[tracer].Process);
                continue;
            }

            Detach(machine.State.Tasks[tracee.Id], 0);
            if ((trace.Options & PtraceOptions.ExitKill) != 0)
                machine.Signals.Send(machine.State.Tasks[tracee.Id], SignalInfo.FromKernel(SignalNumbers.SIGKILL));
        }
    }

    /// <summary>The work bits of a task say what its tracers want.</summary>
    public void UpdateWork(int id)
    {
        TaskState task = machine.State.Tasks[id];
        GuestTask guest = Tasks.Guest(task);
        guest.SetWork(SyscallWork.Trace, task.IsTracedByHost || task.Trace is { StopsAtCalls: true });
        guest.SetWork(SyscallWork.Emu, task.Trace is { Emulates: true });
    }
}
