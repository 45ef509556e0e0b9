namespace SyscallExplorer.Linux;

/// <summary>ioprio_set and ioprio_get: kept and told, since no device of the machine has a queue. man 2 ioprio_set.</summary>
internal sealed class InputOutputPriorityCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int OneProcess = 1;
    private const int Group = 2;
    private const int User = 3;
    private const int ClassShift = 13;
    private const int LevelMask = (1 << ClassShift) - 1;

    private enum PriorityClass
    {
        None,
        RealTime,
        BestEffort,
        Idle,
    }

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("ioprio_set", a => Set(a.Int(0), a.Int(1), a.Int(2))),
        ("ioprio_get", a => Get(a.Int(0), a.Int(1))),
    ];

    private List<TaskState>? Selected(int which, int who) => which switch
    {
        OneProcess => [.. State.Tasks.Values.Where(task => task.Id == (who == 0 ? Task.Id : who))],
        Group => [.. State.Tasks.Values.Where(task => State.Processes[task.Process].Group == (who == 0 ? Process.Group : who))],
        User => who is 0 or TaskIdentity.Uid ? [.. State.Tasks.Values] : [],
        _ => null,
    };

    private long Set(int which, int who, int priority)
    {
        const int levels = 8;
        int level = priority & LevelMask;
        switch ((PriorityClass)(priority >> ClassShift))
        {
            case PriorityClass.RealTime:
                return -Errno.EPERM;
            case PriorityClass.BestEffort when level < levels:
            case PriorityClass.Idle:
            case PriorityClass.None when level == 0:
                break;
            default:
                return -Errno.EINVAL;
        }

        if (Selected(which, who) is not { } tasks)
            return -Errno.EINVAL;
        foreach (TaskState task in tasks)
            Tasks.Set(task with { InputOutputPriority = priority });
        return tasks.Count == 0 ? -Errno.ESRCH : 0;
    }

    /// <summary>The highest of several. What was never set follows from niceness where one task is asked, and the middle where many are.</summary>
    private long Get(int which, int who)
    {
        const int middle = ((int)PriorityClass.BestEffort << ClassShift) | 4;
        if (Selected(which, who) is not { } tasks)
            return -Errno.EINVAL;
        if (tasks.Count == 0)
            return -Errno.ESRCH;
        return which == OneProcess ? tasks[0].InputOutputPriority : tasks.Min(task => task.InputOutputPriority == 0 ? middle : task.InputOutputPriority);
    }
}
