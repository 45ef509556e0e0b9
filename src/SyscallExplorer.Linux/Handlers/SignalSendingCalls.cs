namespace SyscallExplorer.Linux;

/// <summary>kill and its relatives. man 2 kill, tkill, rt_sigqueueinfo.</summary>
internal sealed class SignalSendingCalls(LinuxMachine machine) : HostedCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("kill", a => Kill(a.Int(0), a.Int(1))),
        ("tkill", a => a.Int(0) <= 0 ? -Errno.EINVAL : KillThread(null, a.Int(0), FromCaller(a.Int(1), SignalCodes.ThreadKill))),
        ("tgkill", a => a.Int(0) <= 0 || a.Int(1) <= 0 ? -Errno.EINVAL : KillThread(a.Int(0), a.Int(1), FromCaller(a.Int(2), SignalCodes.ThreadKill))),
        ("rt_sigqueueinfo", a => Queue(a, a.Int(0), a.Int(1), a[2], info => KillProcess(a.Int(0), info))),
        ("rt_tgsigqueueinfo", a => a.Int(0) <= 0 || a.Int(1) <= 0 ? -Errno.EINVAL
            : Queue(a, a.Int(1), a.Int(2), a[3], info => KillThread(a.Int(0), a.Int(1), info))),
    ];

    private SignalInfo FromCaller(int signal, int code) => SignalInfo.FromProcess(signal, Process.Id, TaskIdentity.Uid, code);

    /// <summary>To a process, to a group, or to all there are but the caller and process 1.</summary>
    private long Kill(int target, int signal)
    {
        const int everybody = -1;
        SignalInfo info = FromCaller(signal, SignalCodes.User);
        if (target > 0)
            return KillProcess(target, info);
        if (target == int.MinValue)
            return -Errno.ESRCH;
        if ((uint)signal > SignalNumbers.Last)
            return -Errno.EINVAL;
        if (target == everybody)
        {
            // The shell outside is there too, though it cannot be hurt; so somebody is always found.
            SendTo(State.Processes.Values.Where(process => process.Id != Process.Id), info);
            return 0;
        }

        int group = target == 0 ? Process.Group : -target;
        List<ProcessState> members = [.. State.Processes.Values.Where(process => process.Group == group)];
        if (members.Count == 0)
            return group is TaskIdentity.ParentPid or TaskIdentity.Init ? -Errno.EPERM : -Errno.ESRCH;
        SendTo(members, info);
        return 0;
    }

    private void SendTo(IEnumerable<ProcessState> targets, SignalInfo info)
    {
        foreach (ProcessState target in targets.ToList())
            SendUnlessProbing(info, () => Tasks.FindProcess(target.Id) is { } process ? Machine.Signals.Send(process, info) : 0);
    }

    private long KillProcess(int target, SignalInfo info)
    {
        if (target is TaskIdentity.ParentPid or TaskIdentity.Init)
            return (uint)info.Signal > SignalNumbers.Last ? -Errno.EINVAL : -Errno.EPERM;

        // A thread's number names its process.
        ProcessState? process = Tasks.FindProcess(target) ?? (Tasks.Find(target) is { } thread ? Tasks.FindProcess(thread.Process) : null);
        if (process is null)
            return -Errno.ESRCH;
        return (uint)info.Signal > SignalNumbers.Last ? -Errno.EINVAL : SendUnlessProbing(info, () => Machine.Signals.Send(process, info));
    }

    private long KillThread(int? process, int thread, SignalInfo info)
    {
        if (Tasks.Find(thread) is not { } target || (process is { } wanted && target.Process != wanted))
            return thread is TaskIdentity.ParentPid or TaskIdentity.Init ? -Errno.EPERM : -Errno.ESRCH;
        return (uint)info.Signal > SignalNumbers.Last ? -Errno.EINVAL : SendUnlessProbing(info, () => Machine.Signals.Send(target, info));
    }

    /// <summary>Signal 0 only asks whether it could be sent.</summary>
    private static long SendUnlessProbing(SignalInfo info, Func<long> send) => info.Signal == 0 ? 0 : send();

    /// <summary>Nobody can pretend to others that the kernel or kill had sent a signal.</summary>
    private long Queue(SyscallArguments arguments, int target, int signal, ulong address, Func<SignalInfo, long> send)
    {
        byte[] bytes = new byte[SignalInfoBytes.Size];
        if (!Memory.TryRead(address, bytes))
            return -Errno.EFAULT;
        SignalInfo info = SignalInfoBytes.Read(bytes, arguments.IsCompat) with { Signal = signal };
        bool pretends = info.Code >= SignalCodes.User || info.Code == SignalCodes.ThreadKill;
        return pretends && target != Process.Id && target != Task.Id ? -Errno.EPERM : send(info);
    }
}
