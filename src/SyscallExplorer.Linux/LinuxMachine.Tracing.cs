using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <content>Those who look at system calls from outside: tracers, probes of the tracepoints, and audit.</content>
public sealed partial class LinuxMachine
{
    private readonly List<ISyscallProbe> _probes = [];
    private readonly Dictionary<int, ICallTracer> _callTracers = [];

    /// <summary>The calls that audit has written down since <see cref="StartAudit"/>; empty when it is off.</summary>
    public IReadOnlyList<AuditRecord> AuditLog => State.AuditLog ?? [];

    internal TraceStops TraceStops { get; }

    /// <summary>
    /// Traces the system calls of a task, and of the threads and processes that it makes from now on. Its calls go by the tracers' slow way, and so
    /// they do in a fork or after going back to a snapshot, where nobody looks at them unless asked to again: the guest's course is the same.
    /// </summary>
    /// <param name="task">The task's number; that of a program that was just loaded is <see cref="TaskIdentity.Pid"/>.</param>
    /// <param name="tracer">What looks at the calls; it takes the place of one before.</param>
    /// <exception cref="ArgumentException">There is no such task.</exception>
    public void Trace(int task, ICallTracer tracer)
    {
        if (Tasks.Find(task) is not { IsAlive: true } found)
            throw new ArgumentException($"The machine has no task {task}. Its tasks: {string.Join(", ", State.Tasks.Keys)}.", nameof(task));
        _callTracers[task] = tracer;
        Tasks.Set(found with { IsTracedByHost = true });
        TraceStops.UpdateWork(task);
    }

    /// <summary>Attaches a probe to the tracepoints sys_enter and sys_exit. All calls of all tasks go by the slow way while there is one.</summary>
    /// <returns>Takes the probe away again.</returns>
    public IDisposable Probe(ISyscallProbe probe)
    {
        _probes.Add(probe);
        UpdateTracepoints();
        return new Attachment(() =>
        {
            _probes.Remove(probe);
            UpdateTracepoints();
        });
    }

    /// <summary>Lets audit write down all system calls from now on.</summary>
    public void StartAudit()
    {
        State = State with { AuditLog = State.AuditLog ?? ImmutableList<AuditRecord>.Empty };
        foreach (TaskState task in State.Tasks.Values)
            Tasks.Guest(task).SetWork(SyscallWork.Audit, true);
    }

    internal void UpdateTracepoints()
    {
        bool isWanted = _probes.Count > 0 || Tracer.IsOn;
        foreach (TaskState task in State.Tasks.Values)
            Tasks.Guest(task).SetWork(SyscallWork.Tracepoint, isWanted);
    }

    internal void TellProbes(bool isEntry, ulong address)
    {
        foreach (ISyscallProbe probe in _probes.ToArray())
        {
            PtRegs registers = ReadPtRegs(address);
            if (isEntry)
                probe.SysEnter(registers, (int)registers[PtRegsOffsets.OrigAx]);
            else
                probe.SysExit(registers, IsInCompatCall ? (int)registers[PtRegsOffsets.Ax] : (long)registers[PtRegsOffsets.Ax]);
        }
    }

    internal void TellHostTracer(bool isEntry, ulong address)
    {
        if (!Task.IsTracedByHost || !_callTracers.TryGetValue(Task.Id, out ICallTracer? tracer))
            return;
        var call = new StoppedCall(this, address);
        if (isEntry)
            tracer.Enter(call);
        else
            tracer.Exit(call);
    }

    /// <summary>A child is traced by whoever traces its parent.</summary>
    internal void InheritHostTracer(int parent, int child)
    {
        if (_callTracers.TryGetValue(parent, out ICallTracer? tracer))
            _callTracers[child] = tracer;
    }

    internal void Audit(AuditedCall call, PtRegs registers)
    {
        if (State.AuditLog is not { } log)
            return;
        long result = IsInCompatCall ? (int)registers[PtRegsOffsets.Ax] : (long)registers[PtRegsOffsets.Ax];
        if (result is <= -Errno.ERESTARTSYS and >= -Errno.ERESTART_RESTARTBLOCK)
            result = -Errno.EINTR;
        string executable = State.Maps.GetValueOrDefault(Task.Map)?.Executable ?? "";
        var record = new AuditRecord(
            log.Count + 1, new EmulatedTime(this).WallClock, call.Architecture, call.Number, result, call.Arguments, Process.Parent, Task.Id,
            TaskIdentity.Uid, TaskIdentity.Gid, Task.CommandName, executable);
        State = State with { AuditLog = log.Add(record) };
    }

    private sealed class Attachment(Action detach) : IDisposable
    {
        private Action? _detach = detach;

        public void Dispose()
        {
            _detach?.Invoke();
            _detach = null;
        }
    }
}
