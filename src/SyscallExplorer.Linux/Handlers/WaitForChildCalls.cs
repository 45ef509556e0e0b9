namespace SyscallExplorer.Linux;

/// <summary>wait4, waitpid and waitid. man 2 wait.</summary>
internal sealed class WaitForChildCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int NoHang = 1;
    private const int Stopped = 2;
    private const int Exited = 4;
    private const int Continued = 8;
    private const int LeaveWaitable = 0x0100_0000;
    private const int NoThread = 0x2000_0000;
    private const int All = 0x4000_0000;
    private const int Clones = unchecked((int)0x8000_0000);
    private const int OnlyOfClone = NoThread | All | Clones;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("wait4", a => WaitFor(a, a.Int(0), a[1], a.Int(2), a[3])),
        ("waitpid", a => WaitFor(a, a.Int(0), a[1], a.Int(2), 0)),
        ("waitid", WaitId),
    ];

    /// <summary>What a child tells of itself.</summary>
    /// <param name="Child">The child.</param>
    /// <param name="Status">As wait4 gives it.</param>
    /// <param name="HasEnded">Whether it has ended, so that nothing is left of it once it was asked for.</param>
    private sealed record News(ProcessState Child, int Status, bool HasEnded);

    private long WaitFor(SyscallArguments arguments, int process, ulong statusAddress, int options, ulong usageAddress)
    {
        if ((options & ~(NoHang | Stopped | Continued | OnlyOfClone)) != 0)
            return -Errno.EINVAL;
        if (process == int.MinValue)
            return -Errno.ESRCH;
        Func<ProcessState, bool> wanted = process switch
        {
            -1 => _ => true,
            0 => child => child.Group == Process.Group,
            < 0 => child => child.Group == -process,
            _ => child => child.Id == process,
        };
        long result = Find(wanted, options | Exited, out News? news);
        if (news is null)
            return result;
        TaskTimes times = TimesOf(news.Child);
        Take(news, options);
        if (statusAddress != 0 && Give(statusAddress, BitConverter.GetBytes(news.Status)) != 0)
            return -Errno.EFAULT;
        if (usageAddress != 0 && Give(usageAddress, ResourceUsage.Of(Machine, times, arguments.IsCompat).Bytes) != 0)
            return -Errno.EFAULT;
        return news.Child.Id;
    }

    private long WaitId(SyscallArguments arguments)
    {
        const int all = 0, oneProcess = 1, group = 2, descriptor = 3;
        int kind = arguments.Int(0), number = arguments.Int(1), options = arguments.Int(3);
        if ((options & ~(NoHang | Stopped | Exited | Continued | LeaveWaitable | OnlyOfClone)) != 0 || (options & (Exited | Stopped | Continued)) == 0)
            return -Errno.EINVAL;
        if (kind is not (all or oneProcess or group or descriptor) || (kind == oneProcess && number <= 0) || (kind == group && number < 0))
            return -Errno.EINVAL;
        if (kind == descriptor)
            return -Errno.EBADF;
        int wantedGroup = number == 0 ? Process.Group : number;
        long result = Find(child => kind == all || (kind == oneProcess ? child.Id == number : child.Group == wantedGroup), options, out News? news);
        if (news is null && result != 0)
            return result;
        TaskTimes times = news is null ? TaskTimes.None : TimesOf(news.Child);
        if (news is not null)
            Take(news, options);
        if (news is not null && arguments[4] != 0 && Give(arguments[4], ResourceUsage.Of(Machine, times, arguments.IsCompat).Bytes) != 0)
            return -Errno.EFAULT;
        return arguments[2] == 0 ? 0 : Give(arguments[2], InfoOf(news, arguments.IsCompat));
    }

    /// <summary>The parts of siginfo_t that waitid sets; without a child that has news they are zero.</summary>
    private static ReadOnlySpan<byte> InfoOf(News? news, bool compat)
    {
        const int exited = 1, killed = 2, stopped = 5, continued = 6;
        const int codeBehindErrno = 0;
        if (news is null)
            return new CStructure(compat).Int32(0).Int32(codeBehindErrno).Int32(0).Zeroes(compat ? 0 : 4).Int32(0).Int32(0).Int32(0).Bytes;
        (int code, int status) = news.Status switch
        {
            WaitStatus.Continued => (continued, SignalNumbers.SIGCONT),
            _ when (news.Status & 0xFF) == 0x7F => (stopped, WaitStatus.StatusOf(news.Status)),
            _ when WaitStatus.SignalOf(news.Status) != 0 => (killed, WaitStatus.SignalOf(news.Status)),
            _ => (exited, WaitStatus.StatusOf(news.Status)),
        };
        return new CStructure(compat).Int32(SignalNumbers.SIGCHLD).Int32(0).Int32(code).Zeroes(compat ? 0 : 4)
            .Int32(news.Child.Id).Int32(TaskIdentity.Uid).Int32(status).Bytes;
    }

    private long Find(Func<ProcessState, bool> wanted, int options, out News? news)
    {
        news = null;
        List<ProcessState> children = [.. Tasks.Children(Process.Id).Where(wanted).Where(child => IsOfKind(child, options))];
        foreach (ProcessState child in children)
        {
            news = NewsOf(child, options);
            if (news is not null)
                return 0;
        }

        if (children.Count == 0)
            return -Errno.ECHILD;
        if ((options & NoHang) != 0)
            return 0;
        return Block(new Wait([new WaitKey(WaitKind.Child, (ulong)Process.Id)], children.Count == 1 ? $"its child {children[0].Id}" : "a child"));
    }

    /// <summary>Without __WALL the children are those whose end sends SIGCHLD, with __WCLONE the others.</summary>
    private bool IsOfKind(ProcessState child, int options) =>
        (options & All) != 0 || (Tasks.Leader(child).ExitSignal != SignalNumbers.SIGCHLD) == ((options & Clones) != 0);

    private News? NewsOf(ProcessState child, int options)
    {
        TaskState leader = Tasks.Leader(child);
        if (!leader.IsAlive && !Tasks.Threads(child).Any())
            return (options & Exited) != 0 ? new News(child, leader.ExitCode, HasEnded: true) : null;
        if (child.StateToTell is not { } status)
            return null;
        bool isContinued = status == WaitStatus.Continued;
        return (options & (isContinued ? Continued : Stopped)) != 0 ? new News(child, status, HasEnded: false) : null;
    }

    private TaskTimes TimesOf(ProcessState child) =>
        child.Threads.Aggregate(child.EndedThreads.Add(child.Children), (sum, id) => sum.Add(State.Tasks[id].Times));

    private void Take(News news, int options)
    {
        if ((options & LeaveWaitable) != 0)
            return;
        if (!news.HasEnded)
        {
            Tasks.Set(news.Child with { StateToTell = null });
            return;
        }

        Process = Process with { Children = Process.Children.Add(TimesOf(news.Child)) };
        new TaskExit(Machine).Reap(news.Child);
    }
}
