using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Priorities, policies and affinity, as far as one processor has them. man 7 sched.</summary>
internal sealed class SchedulingCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int HighestPriority = 99;
    private const int ResetOnFork = 0x4000_0000;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("sched_yield", _ => Yield()),
        ("sched_getaffinity", GetAffinity),
        ("sched_setaffinity", SetAffinity),
        ("sched_getscheduler", a => Of(a.Int(0), task => task.Scheduling.Policy | (task.Scheduling.ResetOnFork ? ResetOnFork : 0))),
        ("sched_setscheduler", a => SetPolicy(a.Int(0), a.Int(1), a[2])),
        ("sched_getparam", a => Of(a.Int(0), task => Give(a[1], BitConverter.GetBytes(task.Scheduling.Priority)))),
        ("sched_setparam", a => Of(a.Int(0), task => SetPolicy(a.Int(0), task.Scheduling.Policy, a[1]))),
        ("sched_get_priority_max", a => LimitOf(a.Int(0), HighestPriority)),
        ("sched_get_priority_min", a => LimitOf(a.Int(0), 1)),
        ("sched_rr_get_interval", a => GiveInterval(a, wide: true)),
        ("sched_rr_get_interval_time32", a => GiveInterval(a, wide: false)),
        ("getpriority", a => GetPriority(a.Int(0), a.Int(1))),
        ("setpriority", a => SetPriority(a.Int(0), a.Int(1), a.Int(2))),
        ("nice", a => ChangeNice(a.Int(0))),
    ];

    private long Yield()
    {
        Machine.Scheduler.Yield();
        return 0;
    }

    private TaskState? Target(int id) => id == 0 ? Task : id < 0 ? null : Tasks.Find(id);

    private long Of(int id, Func<TaskState, long> answer) => id < 0 ? -Errno.EINVAL : Target(id) is { } task ? answer(task) : -Errno.ESRCH;

    /// <summary>One processor. The mask has the kernel's width of 64 bits whatever the program's.</summary>
    private long GetAffinity(SyscallArguments arguments)
    {
        const int maskSize = 8;
        int word = arguments.IsCompat ? 4 : 8;
        if (arguments[1] == 0 || arguments[1] % (ulong)word != 0)
            return -Errno.EINVAL;
        if (arguments.Int(0) != TaskIdentity.ParentPid && Target(arguments.Int(0)) is null)
            return -Errno.ESRCH;
        int size = (int)Math.Min(arguments[1], maskSize);
        return Give(arguments[2], new CStructure(compat: false).Int64(1).Bytes[..size]) is var error && error != 0 ? error : size;
    }

    private long SetAffinity(SyscallArguments arguments)
    {
        Span<byte> mask = stackalloc byte[8];
        mask.Clear();
        if (!Memory.TryRead(arguments[2], mask[..(int)Math.Min(arguments[1], 8)]))
            return -Errno.EFAULT;
        return Target(arguments.Int(0)) is null ? -Errno.ESRCH : (mask[0] & 1) == 0 ? -Errno.EINVAL : 0;
    }

    /// <summary>Real-time policies need a privilege, unless RLIMIT_RTPRIO gives it.</summary>
    private long SetPolicy(int id, int policy, ulong parameter)
    {
        bool resets = (policy & ResetOnFork) != 0;
        policy &= ~ResetOnFork;
        Span<byte> bytes = stackalloc byte[4];
        if (id < 0 || parameter == 0)
            return -Errno.EINVAL;
        if (!Memory.TryRead(parameter, bytes))
            return -Errno.EFAULT;
        if (Target(id) is not { } task)
            return -Errno.ESRCH;
        int priority = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        bool realTime = policy is SchedulingState.Fifo or SchedulingState.RoundRobin;
        if (policy is not (SchedulingState.Other or SchedulingState.Fifo or SchedulingState.RoundRobin or SchedulingState.Batch or SchedulingState.Idle)
            || (realTime ? priority is < 1 or > HighestPriority : priority != 0))
        {
            return -Errno.EINVAL;
        }

        if (realTime && (ulong)priority > State.Processes[task.Process].LimitOf(ResourceLimit.RealTime).Soft)
            return -Errno.EPERM;
        if (task.Scheduling.ResetOnFork && !resets)
            return -Errno.EPERM;
        Tasks.Set(task with { Scheduling = task.Scheduling with { Policy = policy, Priority = priority, ResetOnFork = resets } });
        Machine.Scheduler.RequestReschedule();
        return 0;
    }

    private static long LimitOf(int policy, int realTime) => policy switch
    {
        SchedulingState.Fifo or SchedulingState.RoundRobin => realTime,
        SchedulingState.Other or SchedulingState.Batch or SchedulingState.Idle or 6 => 0,
        _ => -Errno.EINVAL,
    };

    private long GiveInterval(SyscallArguments arguments, bool wide) => Of(arguments.Int(0), task =>
    {
        const long roundRobin = 100_000_000, fair = 4_000_000;
        long slice = task.Scheduling.Policy == SchedulingState.RoundRobin ? roundRobin : task.Scheduling.Policy == SchedulingState.Fifo ? 0 : fair;
        return Give(arguments[1], new CStructure(!wide).Word(0L).Word(slice).Bytes);
    });

    private IEnumerable<TaskState>? Selected(int which, int who)
    {
        const int process = 0, group = 1, user = 2;
        int wantedGroup = who == 0 ? Process.Group : who;
        return which switch
        {
            process => Target(who) is { } task ? [task] : [],
            group => State.Tasks.Values.Where(task => State.Processes[task.Process].Group == wantedGroup),
            user => who is 0 or TaskIdentity.Uid ? State.Tasks.Values : [],
            _ => null,
        };
    }

    /// <summary>The call returns 40 down to 1, so that no priority looks like an error.</summary>
    private long GetPriority(int which, int who)
    {
        const int offset = 20;
        if (Selected(which, who) is not { } tasks)
            return -Errno.EINVAL;
        List<TaskState> found = [.. tasks];
        return found.Count == 0 ? -Errno.ESRCH : offset - found.Min(task => task.Scheduling.Nice);
    }

    private long SetPriority(int which, int who, int nice)
    {
        if (Selected(which, who) is not { } tasks)
            return -Errno.EINVAL;
        long result = -Errno.ESRCH;
        foreach (TaskState task in tasks.ToList())
            result = SetNice(task, nice) is var error && error != 0 ? error : result == -Errno.ESRCH ? 0 : result;
        return result;
    }

    private long ChangeNice(int increment) => SetNice(Task, Task.Scheduling.Nice + Math.Clamp(increment, -40, 40)) is 0 ? 0 : -Errno.EPERM;

    /// <summary>Less nice than now needs a privilege, unless RLIMIT_NICE gives it.</summary>
    private long SetNice(TaskState task, int nice)
    {
        const int lowest = -20, highest = 19, offset = 20;
        nice = Math.Clamp(nice, lowest, highest);
        if (nice < task.Scheduling.Nice && (ulong)(offset - nice) > State.Processes[task.Process].LimitOf(ResourceLimit.Nice).Soft)
            return -Errno.EACCES;
        Tasks.Set(task with { Scheduling = task.Scheduling with { Nice = nice } });
        return 0;
    }
}
