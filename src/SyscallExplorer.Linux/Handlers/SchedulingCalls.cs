using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Priorities, policies and affinity, as far as one processor has them. man 7 sched.</summary>
internal sealed class SchedulingCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int HighestPriority = SchedulingWish.HighestPriority;
    private const uint FirstAttributesSize = 48;
    private const uint AttributesSize = 56;
    private const int ResetOnFork = 0x4000_0000;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("sched_yield", _ => Yield()),
        ("sched_getaffinity", GetAffinity),
        ("sched_setaffinity", SetAffinity),
        ("sched_getscheduler", a => Of(a.Int(0), task => task.Scheduling.Policy | (task.Scheduling.ResetOnFork ? ResetOnFork : 0))),
        ("sched_setscheduler", a => SetPolicy(a.Int(0), a.Int(1), a[2])),
        ("sched_getparam", a => Of(a.Int(0), task => Give(a[1], BitConverter.GetBytes(task.Scheduling.Priority)))),
        ("sched_setparam", a => Of(a.Int(0), _ => SetPolicy(a.Int(0), null, a[1]))),
        ("sched_setattr", SetAttributes),
        ("sched_getattr", GetAttributes),
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

    private long SetPolicy(int id, int? policy, ulong parameter)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (id < 0 || parameter == 0 || policy < 0)
            return -Errno.EINVAL;
        if (!Memory.TryRead(parameter, bytes))
            return -Errno.EFAULT;
        if (Target(id) is not { } task)
            return -Errno.ESRCH;
        SchedulingState old = task.Scheduling;
        var wanted = new SchedulingWish(
            policy & ~ResetOnFork ?? old.Policy, BinaryPrimitives.ReadInt32LittleEndian(bytes), old.Nice,
            policy is { } given ? (given & ResetOnFork) != 0 : old.ResetOnFork);
        return wanted.Policy == SchedulingWish.Deadline ? -Errno.EINVAL : Apply(task, wanted);
    }

    /// <summary>Gives a task another policy, where the rules and its process' limits allow it.</summary>
    private long Apply(TaskState task, SchedulingWish wanted)
    {
        if (wanted.Refusal(task.Scheduling, State.Processes[task.Process]) is var error && error != 0)
            return error;
        Machine.Scheduler.Change(task.Id, old => old with
        {
            Policy = wanted.Policy,
            Priority = wanted.Priority,
            Nice = wanted.HasNice ? wanted.Nice : old.Nice,
            ResetOnFork = wanted.ResetsOnFork,
        });
        return 0;
    }

    /// <summary>struct sched_attr, in its first or its second size.</summary>
    private long SetAttributes(SyscallArguments arguments)
    {
        const int sizeField = 0, policyField = 4, flagsField = 8, niceField = 16, priorityField = 20;
        const ulong resets = 1, keepsPolicy = 8, keepsParameters = 16, known = 0x7F;
        if (arguments[1] == 0 || arguments.Int(0) < 0 || arguments[2] != 0)
            return -Errno.EINVAL;
        byte[] bytes = new byte[AttributesSize];
        if (!Memory.TryRead(arguments[1], bytes.AsSpan(0, 4)))
            return -Errno.EFAULT;
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(sizeField));
        size = size == 0 ? FirstAttributesSize : size;
        if (size < FirstAttributesSize || size > KernelLayout.PageSize)
            return RefuseSize(arguments[1]);
        byte[] given = new byte[Math.Max(size, AttributesSize)];
        if (!Memory.TryRead(arguments[1], given.AsSpan(0, (int)size)))
            return -Errno.EFAULT;
        if (given.AsSpan((int)AttributesSize).ContainsAnyExcept((byte)0))
            return RefuseSize(arguments[1]);
        int policy = BinaryPrimitives.ReadInt32LittleEndian(given.AsSpan(policyField));
        ulong flags = BinaryPrimitives.ReadUInt64LittleEndian(given.AsSpan(flagsField));
        int nice = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(given.AsSpan(niceField)), Scheduler.LowestNice, Scheduler.HighestNice);
        int priority = BinaryPrimitives.ReadInt32LittleEndian(given.AsSpan(priorityField));
        if (policy < 0 || (flags & ~known) != 0)
            return -Errno.EINVAL;
        if (Target(arguments.Int(0)) is not { } task)
            return -Errno.ESRCH;
        SchedulingState old = task.Scheduling;
        bool keeps = (flags & keepsParameters) != 0;
        return Apply(task, new SchedulingWish(
            (flags & keepsPolicy) != 0 ? old.Policy : policy, keeps ? old.Priority : priority, keeps ? old.Nice : nice, (flags & resets) != 0));
    }

    /// <summary>The caller learns which size would do.</summary>
    private long RefuseSize(ulong address)
    {
        Give(address, BitConverter.GetBytes(AttributesSize));
        return -Errno.E2BIG;
    }

    private long GetAttributes(SyscallArguments arguments)
    {
        uint size = (uint)arguments[2];
        if (arguments[1] == 0 || arguments.Int(0) < 0 || size < FirstAttributesSize || size > KernelLayout.PageSize || arguments[3] != 0)
            return -Errno.EINVAL;
        if (Target(arguments.Int(0)) is not { } task)
            return -Errno.ESRCH;
        SchedulingState own = task.Scheduling;
        uint told = Math.Min(size, AttributesSize);
        CStructure c = new CStructure(compat: false).Int32((int)told).Int32(own.Policy).Int64(own.ResetOnFork ? 1 : 0)
            .Int32(own.OwnRealTimePriority > 0 ? 0 : own.Nice).Int32(own.OwnRealTimePriority).Zeroes((int)AttributesSize - 24);
        return Give(arguments[1], c.Bytes[..(int)told]);
    }

    private static long LimitOf(int policy, int realTime) => policy switch
    {
        SchedulingState.Fifo or SchedulingState.RoundRobin => realTime,
        SchedulingState.Other or SchedulingState.Batch or SchedulingState.Idle or SchedulingWish.Deadline => 0,
        _ => -Errno.EINVAL,
    };

    private long GiveInterval(SyscallArguments arguments, bool wide) => Of(arguments.Int(0), task =>
    {
        const long roundRobin = 100_000_000, fair = 4_000_000;
        long slice = task.Scheduling.Policy == SchedulingState.RoundRobin ? roundRobin : task.Scheduling.Policy == SchedulingState.Fifo ? 0 : fair;
        return Give(arguments[1], TimespecWriter.Write(slice, wide ? 8 : 4).Bytes);
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

    private long ChangeNice(int increment) => SetNice(Task, Task.Scheduling.Nice + Math.Clamp(increment, -40, 40)) == 0 ? 0 : -Errno.EPERM;

    /// <summary>Less nice than now needs a privilege, unless RLIMIT_NICE gives it.</summary>
    private long SetNice(TaskState task, int nice)
    {
        const int offset = 20;
        nice = Math.Clamp(nice, Scheduler.LowestNice, Scheduler.HighestNice);
        if (nice < task.Scheduling.Nice && (ulong)(offset - nice) > State.Processes[task.Process].LimitOf(ResourceLimit.Nice).Soft)
            return -Errno.EACCES;
        Machine.Scheduler.Change(task.Id, old => old with { Nice = nice });
        return 0;
    }
}
