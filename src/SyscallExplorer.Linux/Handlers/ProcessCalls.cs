namespace SyscallExplorer.Linux;

/// <summary>The end of tasks, groups and sessions, and where a process runs.</summary>
internal sealed class ProcessCalls(LinuxMachine machine) : HostedCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("exit", ExitThread),
        ("exit_group", ExitGroup),
        ("getpgrp", _ => Process.Group),
        ("getpgid", a => IdentityOf(a.Int(0), process => process.Group)),
        ("getsid", a => IdentityOf(a.Int(0), process => process.Session)),
        ("setpgid", a => SetGroup(a.Int(0), a.Int(1))),
        ("setsid", _ => SetSession()),
        ("personality", SetPersonality),
        ("getcpu", Processor),
    ];

    private long ExitThread(SyscallArguments arguments)
    {
        int status = WaitStatus.Exited(arguments.Int(0));
        if (!Machine.TraceStops.StopBeforeExit(status))
            new TaskExit(Machine).ExitThread(status);
        return Blocked;
    }

    private long ExitGroup(SyscallArguments arguments)
    {
        int status = WaitStatus.Exited(arguments.Int(0));
        var exit = new TaskExit(Machine);
        exit.BeginGroupExit(Process, status);
        status = Process.GroupExit ?? status;
        if (!Machine.TraceStops.StopBeforeExit(status))
            exit.ExitThread(status);
        return Blocked;
    }

    /// <summary>The group or session of a process; the parent of the first program leads its own.</summary>
    private long IdentityOf(int process, Func<ProcessState, int> identity) =>
        process == TaskIdentity.ParentPid ? TaskIdentity.ParentPid
        : process == 0 ? identity(Process)
        : Tasks.Find(process) is { } task ? identity(State.Processes[task.Process]) : -Errno.ESRCH;

    /// <summary>A process may move itself and its children, until they execute a program, among the groups of its session.</summary>
    private long SetGroup(int id, int group)
    {
        id = id == 0 ? Process.Id : id;
        group = group == 0 ? id : group;
        if (group < 0)
            return -Errno.EINVAL;
        if (Tasks.FindProcess(id) is not { } target || (target.Id != Process.Id && target.Parent != Process.Id))
            return -Errno.ESRCH;
        if (target.Id != Process.Id && target.HasExecuted)
            return -Errno.EACCES;
        bool exists = group == id || State.Processes.Values.Any(other => other.Group == group && other.Session == target.Session);
        if (target.Session == target.Id || target.Session != Process.Session || !exists)
            return -Errno.EPERM;
        Tasks.Set(target with { Group = group });
        return 0;
    }

    private long SetSession()
    {
        int id = Process.Id;
        if (State.Processes.Values.Any(process => process.Group == id))
            return -Errno.EPERM;
        Process = Process with { Group = id, Session = id };
        return id;
    }

    /// <summary>All bits are kept; some of them decide about the address space of the next program.</summary>
    private long SetPersonality(SyscallArguments arguments)
    {
        const uint onlyAsk = uint.MaxValue;
        Personality old = Process.Personality;
        if ((uint)arguments[0] != onlyAsk)
            Process = Process with { Personality = (Personality)(uint)arguments[0] };
        return (uint)old;
    }

    private long Processor(SyscallArguments arguments)
    {
        ReadOnlySpan<byte> zero = [0, 0, 0, 0];
        long result = arguments[0] == 0 ? 0 : Give(arguments[0], zero);
        return result != 0 || arguments[1] == 0 ? result : Give(arguments[1], zero);
    }
}
