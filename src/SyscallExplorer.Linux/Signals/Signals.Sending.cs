namespace SyscallExplorer.Linux;

/// <content>Sending: what a new signal removes, whether it is dropped, where it waits, and who is to take it.</content>
internal sealed partial class Signals
{
    /// <summary>Sends a process a signal of the kernel's.</summary>
    public void Send(ProcessState process, int signal) => Send(process, SignalInfo.FromKernel(signal));

    /// <summary>Sends a thread a signal for what it has just done itself, such as a write that nobody reads.</summary>
    public void Send(TaskState task, int signal) => Send(task, SignalInfo.FromProcess(signal, machine.Process.Id, TaskIdentity.Uid));

    /// <summary>Sends a process a signal: any of its threads may take it.</summary>
    /// <returns>0, or -EAGAIN when no more signals can wait.</returns>
    public long Send(ProcessState process, SignalInfo info) => Send(process.Id, null, queue => queue.Add(info, IsFull), info.Signal);

    /// <summary>Sends a thread a signal.</summary>
    /// <returns>0, or -EAGAIN when no more signals can wait.</returns>
    public long Send(TaskState task, SignalInfo info) => Send(task.Process, task.Id, queue => queue.Add(info, IsFull), info.Signal);

    /// <summary>Sends the signal of a POSIX timer, whose overruns are counted while it waits.</summary>
    /// <param name="process">Whose timer it is.</param>
    /// <param name="thread">The thread that is to be told, or null for any.</param>
    /// <param name="info">As <see cref="SignalInfo.FromTimer"/> makes it.</param>
    public void SendTimer(int process, int? thread, SignalInfo info) => Send(process, thread, queue => (queue.AddTimer(info), 0), info.Signal);

    /// <summary>Whether a signal would wait for a process or for a thread: it is not ignored, and there is somebody.</summary>
    public bool Takes(int process, int? thread, int signal) => FirstThread(process, thread) is { } target && !IsIgnored(target, signal);

    /// <summary>RLIMIT_SIGPENDING: how many signals may wait for all that belongs to the user.</summary>
    private bool IsFull =>
        (ulong)(State.Tasks.Values.Sum(task => task.Signals.Queue.Entries.Count) + State.Processes.Values.Sum(process => process.Signals.Entries.Count))
        >= machine.Process.LimitOf(ResourceLimit.PendingSignals).Soft;

    private long Send(int processId, int? threadId, Func<SignalQueue, (SignalQueue, int)> add, int signal)
    {
        if (FirstThread(processId, threadId) is null)
            return 0;
        Prepare(State.Processes[processId], signal);
        ProcessState process = State.Processes[processId];
        if (process.GroupExit is not null || FirstThread(processId, threadId) is not { } target || IsIgnored(target, signal))
            return 0;

        SignalQueue before = threadId is null ? process.Signals : target.Signals.Queue;
        (SignalQueue after, int result) = add(before);
        if (result != 0 || ReferenceEquals(before, after))
            return result;
        if (threadId is null)
            Tasks.Set(process with { Signals = after });
        else
            Tasks.Set(target with { Signals = target.Signals with { Queue = after } });
        Tasks.Wake(SignalFile.KeyOf(target));
        FindTaker(State.Processes[processId], State.Tasks[target.Id], signal, threadId is not null);
        return 0;
    }

    /// <summary>The thread that a signal is for, or the one that stands for a process: its first, or another when that has ended.</summary>
    private TaskState? FirstThread(int processId, int? threadId) =>
        threadId is { } id ? Tasks.Find(id) is { IsAlive: true } thread ? thread : null
        : Tasks.FindProcess(processId) is { } process ? Tasks.Threads(process).FirstOrDefault() : null;

    /// <summary>SIGCONT lets stopped threads go on, whether or not it is blocked or ignored; stop signals take it back.</summary>
    private void Prepare(ProcessState process, int signal)
    {
        if (process.GroupExit is not null || !(SignalSets.Stop | SignalSets.Continue).Has(signal))
            return;
        Tasks.Set(process with { Signals = process.Signals.PreparedFor(signal) });
        foreach (TaskState thread in Tasks.Threads(process).ToList())
            Tasks.Set(thread with { Signals = thread.Signals with { Queue = thread.Signals.Queue.PreparedFor(signal) } });
        if (signal == SignalNumbers.SIGCONT)
            Continue(State.Processes[process.Id]);
    }

    /// <summary>Who is traced is told of ignored signals too, as under ptrace.</summary>
    private bool IsIgnored(TaskState task, int signal) =>
        !machine.Tracer.IsOn && (task.Trace is null || signal == SignalNumbers.SIGKILL)
        && !task.Signals.Blocked.Has(signal) && !(task.Signals.RealBlocked ?? 0).Has(signal) && ActionOf(task, signal).Drops(signal);

    /// <summary>
    /// Wakes a thread that can take the signal; nobody where all block it. One that ends the process without a core file does so at once.
    /// </summary>
    private void FindTaker(ProcessState process, TaskState target, int signal, bool isForThread)
    {
        TaskState? taker = Wants(target, process, signal) ? target
            : isForThread ? null
            : Tasks.Threads(process).FirstOrDefault(thread => Wants(thread, process, signal));
        if (taker is null)
            return;
        bool isFatal = ((ActionOf(target, signal).Kills(signal) && taker.Trace is null) || signal == SignalNumbers.SIGKILL)
            && !(taker.Signals.RealBlocked ?? 0).Has(signal);
        if (isFatal && !SignalSets.CoreDump.Has(signal))
            new TaskExit(machine).BeginGroupExit(process, WaitStatus.Killed(signal));
        else
            WakeUp(taker);
    }

    private bool Wants(TaskState task, ProcessState process, int signal)
    {
        if (task.Signals.Blocked.Has(signal) || process.Dooms(task.Id))
            return false;
        if (signal == SignalNumbers.SIGKILL)
            return true;
        return !IsStopped(task) && TraceStops.StopOf(task) is null && (task.Id == Tasks.CurrentId || (Tasks.Guest(task).Flags & ThreadFlags.SigPending) == 0);
    }
}
