using System.Collections.Immutable;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>What happened to a task, in the order in which it happened.</summary>
/// <param name="Pid">The task.</param>
public abstract record TraceEvent(int Pid);

/// <summary>A call was entered.</summary>
/// <param name="Entered">The call as it was written then.</param>
public sealed record CallEntered(EnteredCall Entered) : TraceEvent(Entered.Call.Pid);

/// <summary>A call returned, or its task ended in it.</summary>
/// <param name="Record">The call, whole.</param>
public sealed record CallLeft(SyscallRecord Record) : TraceEvent(Record.Pid);

/// <summary>Something that has a line of its own: a signal, a stop, an end.</summary>
/// <param name="Pid">The task.</param>
/// <param name="Text">The line without its prefix, such as <c>+++ exited with 0 +++</c>.</param>
public sealed record TaskRemark(int Pid, string Text) : TraceEvent(Pid);

/// <summary>
/// Collects the calls of tasks and writes them as strace does. It never changes: each event gives a log with one event more, so that a snapshot of
/// a machine holds it by reference.
/// </summary>
public sealed class StraceLog
{
    private readonly SyscallFormatter _formatter;
    private readonly ImmutableList<TraceEvent> _events;
    private readonly ImmutableDictionary<int, TracedTask> _tasks;

    /// <summary>A log without events.</summary>
    public StraceLog(StraceOptions options)
        : this(options, new SyscallFormatter(options), [], ImmutableDictionary<int, TracedTask>.Empty)
    {
    }

    private StraceLog(StraceOptions options, SyscallFormatter formatter, ImmutableList<TraceEvent> events, ImmutableDictionary<int, TracedTask> tasks)
    {
        Options = options;
        _formatter = formatter;
        _events = events;
        _tasks = tasks;
    }

    /// <summary>How calls are written.</summary>
    public StraceOptions Options { get; }

    /// <summary>All events so far.</summary>
    public IReadOnlyList<TraceEvent> Events => _events;

    /// <summary>The calls that have ended, in the order in which they did.</summary>
    public IEnumerable<SyscallRecord> Records => _events.OfType<CallLeft>().Select(left => left.Record);

    /// <summary>A call enters the kernel.</summary>
    public StraceLog Enter(SyscallInvocation call, ISyscallMemory memory)
    {
        TracedTask task = Task(call.Pid);
        StraceLog log = this;
        if (task.IsCompat != call.IsCompat && Options.AnnounceWordSize)
            log = log.Add(new TaskRemark(call.Pid, WordSizeRemark(call)), task);
        EnteredCall entered = _formatter.Enter(call, memory, task.LastCall);
        return log.Add(new CallEntered(entered), new TracedTask(call.IsCompat, entered, entered.Call.DisplayName));
    }

    /// <summary>The task's call returns. A return without a call, such as a new task's first, is left out.</summary>
    /// <param name="pid">The task.</param>
    /// <param name="result">What the call returns, a negated error number included.</param>
    /// <param name="memory">The caller's memory after the call.</param>
    /// <param name="clock">The machine's clock, in cycles.</param>
    public StraceLog Leave(int pid, long result, ISyscallMemory memory, ulong clock) => Task(pid) is { InCall: { } entered } task
        ? Add(new CallLeft(_formatter.Leave(entered, result, memory, clock)), task with { InCall = null })
        : this;

    /// <summary>A signal is delivered to the task, or would be if it were not ignored.</summary>
    public StraceLog Signal(int pid, SignalInformation signal) => Remark(pid, $"--- {signal.SignalName} {signal.Format()} ---");

    /// <summary>A stop signal has stopped the task.</summary>
    public StraceLog Stopped(int pid, int signal) => Remark(pid, $"--- stopped by {SignalWords.Name(signal)} ---");

    /// <summary>The task has ended by itself.</summary>
    public StraceLog Exited(int pid, int status) => Abandon(pid).Remark(pid, $"+++ exited with {status} +++").Forget(pid);

    /// <summary>A signal has ended the task.</summary>
    public StraceLog Killed(int pid, int signal, bool coreDumped) =>
        Abandon(pid).Remark(pid, $"+++ killed by {SignalWords.Name(signal)}{(coreDumped ? " (core dumped)" : "")} +++").Forget(pid);

    /// <summary>Another thread of the process has called execve and takes the task's number.</summary>
    public StraceLog Superseded(int pid, int by) => Abandon(pid).Remark(pid, $"+++ superseded by execve in pid {by} +++").Forget(pid);

    /// <summary>Writes all events as text.</summary>
    public void WriteTo(TextWriter writer)
    {
        var lines = new StraceWriter(writer, Options);
        foreach (TraceEvent item in _events)
            lines.Write(item);
        lines.End();
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        using var writer = new StringWriter(new StringBuilder(), System.Globalization.CultureInfo.InvariantCulture);
        WriteTo(writer);
        return writer.ToString();
    }

    private static string WordSizeRemark(SyscallInvocation call) => $"[ Process PID={call.Pid} runs in {(call.IsCompat ? 32 : 64)} bit mode. ]";

    private StraceLog Abandon(int pid) => Task(pid) is { InCall: { } entered } task
        ? Add(new CallLeft(SyscallFormatter.Abandon(entered)), task with { InCall = null })
        : this;

    private StraceLog Remark(int pid, string text) => Add(new TaskRemark(pid, text), Task(pid));

    private StraceLog Forget(int pid) => new(Options, _formatter, _events, _tasks.Remove(pid));

    private StraceLog Add(TraceEvent item, TracedTask task) => new(Options, _formatter, _events.Add(item), _tasks.SetItem(item.Pid, task));

    private TracedTask Task(int pid) => _tasks.GetValueOrDefault(pid) ?? new TracedTask(false, null, null);

    /// <summary>What is kept of a task between events.</summary>
    private sealed record TracedTask(bool IsCompat, EnteredCall? InCall, string? LastCall);
}
