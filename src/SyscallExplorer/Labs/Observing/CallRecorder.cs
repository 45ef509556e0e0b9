using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>Keeps the system calls of a run one by one, and lets the machine write them down.</summary>
internal sealed class CallRecorder
{
    private readonly LinuxMachine _machine;
    private readonly int _limit;
    private readonly int _firstEvent;
    private readonly List<ObservedCall> _calls = [];
    private readonly Dictionary<int, int> _open = [];

    public CallRecorder(LinuxMachine machine, ObservationOptions options)
    {
        _machine = machine;
        _limit = options.DetailLimit;
        machine.ObserveSystemCalls(options.Strace);
        _firstEvent = machine.SystemCalls?.Events.Count ?? 0;
    }

    /// <summary>Whether the limit left everything in.</summary>
    public bool IsComplete { get; private set; } = true;

    public string Text => _machine.SystemCalls?.ToString() ?? "";

    /// <summary>A call is entered; the machine stands at <see cref="KernelPoint.CallEnters"/>.</summary>
    public void Enter(int task, string name, EntryPath? path, long start)
    {
        IsComplete &= _calls.Count < _limit;
        if (!IsComplete)
            return;
        _machine.WriteDownCall(KernelPoint.CallEnters);
        _open[task] = _calls.Count;
        _calls.Add(new ObservedCall(task, name, start, null, null, "") { Path = path });
    }

    /// <summary>A call is left; the machine stands at <see cref="KernelPoint.CallLeaves"/>.</summary>
    public void Leave(int task, long result, long time)
    {
        if (!_open.Remove(task, out int index))
            return;
        _machine.WriteDownCall(KernelPoint.CallLeaves);
        _calls[index] = _calls[index] with { End = time, Result = result };
    }

    /// <summary>The calls with their texts: the machine wrote as many as are here, in the same order.</summary>
    public IReadOnlyList<ObservedCall> Finish()
    {
        var open = new Dictionary<int, int>();
        int entered = 0;
        foreach (TraceEvent item in _machine.SystemCalls?.Events.Skip(_firstEvent) ?? [])
        {
            if (item is CallEntered call && entered < _calls.Count)
            {
                open[item.Pid] = entered;
                _calls[entered] = _calls[entered] with { Text = $"{call.Entered.Text} <unfinished ...>" };
                entered++;
            }
            else if (item is CallLeft left && open.Remove(item.Pid, out int index))
            {
                _calls[index] = _calls[index] with { Text = $"{left.Record.EntryText}{left.Record.ExitText}) = {left.Record.ResultText}" };
            }
        }

        return _calls;
    }
}
