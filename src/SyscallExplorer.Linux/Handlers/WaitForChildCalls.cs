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

    /// <summary>Somebody who can be waited for: a child, or a tracee, which may be a thread.</summary>
    /// <param name="Task">The task, of a child its first thread.</param>
    /// <param name="Process">Its process.</param>
    /// <param name="IsTracee">Whether the caller's process traces it.</param>
    private sealed record Candidate(TaskState Task, ProcessState Process, bool IsTracee);

    /// <summary>What a child or a tracee tells of itself.</summary>
    /// <param name="Who">Who.</param>
    /// <param name="Status">As wait4 gives it.</param>
    /// <param name="HasEnded">Whether it has ended, so that nothing is left of it once it was asked for.</param>
    /// <param name="Stop">The stop of a tracee, or null.</param>
    private sealed record News(Candidate Who, int Status, bool HasEnded, TraceStop? Stop = null);

    private long WaitFor(SyscallArguments arguments, int process, ulong statusAddress, int options, ulong usageAddress)
    {
        if ((options & ~(NoHang | Stopped | Continued | OnlyOfClone)) != 0)
            return -Errno.EINVAL;
        if (process == int.MinValue)
            return -Errno.ESRCH;
        Func<Candidate, bool> wanted = process switch
        {
            -1 => _ => true,
            0 => child => child.Process.Group == Process.Group,
            < 0 => child => child.Process.Group == -process,
            _ => child => child.Task.Id == process,
        };
        long result = Find(wanted, options | Exited, out News? news);
        if (news is null)
            return result;
        TaskTimes times = TimesOf(news.Who.Process);
        Take(news, options);
        if (statusAddress != 0 && Give(statusAddress, BitConverter.GetBytes(news.Status)) != 0)
            return -Errno.EFAULT;
        if (usageAddress != 0 && Give(usageAddress, ResourceUsage.Of(Machine, times, arguments.IsCompat).Bytes) != 0)
            return -Errno.EFAULT;
        return news.Who.Task.Id;
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
        long result = Find(child => kind == all || (kind == oneProcess ? child.Task.Id == number : child.Process.Group == wantedGroup), options, out News? news);
        if (news is null && result != 0)
            return result;
        TaskTimes times = news is null ? TaskTimes.None : TimesOf(news.Who.Process);
        if (news is not null)
            Take(news, options);
        if (news is not null && arguments[4] != 0 && Give(arguments[4], ResourceUsage.Of(Machine, times, arguments.IsCompat).Bytes) != 0)
            return -Errno.EFAULT;
        return arguments[2] == 0 ? 0 : Give(arguments[2], InfoOf(news, arguments.IsCompat));
    }

    /// <summary>The parts of siginfo_t that waitid sets; without a child that has news they are zero.</summary>
    private static ReadOnlySpan<byte> InfoOf(News? news, bool compat)
    {
        const int exited = 1, killed = 2, trapped = 4, stopped = 5, continued = 6;
        const int codeBehindErrno = 0;
        if (news is null)
            return new CStructure(compat).Int32(0).Int32(codeBehindErrno).Int32(0).Zeroes(compat ? 0 : 4).Int32(0).Int32(0).Int32(0).Bytes;
        (int code, int status) = news.Status switch
        {
            WaitStatus.Continued => (continued, SignalNumbers.SIGCONT),
            _ when news.Stop is { } stop => (trapped, stop.Code),
            _ when (news.Status & 0xFF) == 0x7F => (stopped, WaitStatus.StatusOf(news.Status)),
            _ when WaitStatus.SignalOf(news.Status) != 0 => (killed, WaitStatus.SignalOf(news.Status)),
            _ => (exited, WaitStatus.StatusOf(news.Status)),
        };
        return new CStructure(compat).Int32(SignalNumbers.SIGCHLD).Int32(0).Int32(code).Zeroes(compat ? 0 : 4)
            .Int32(news.Who.Task.Id).Int32(TaskIdentity.Uid).Int32(status).Bytes;
    }

    private long Find(Func<Candidate, bool> wanted, int options, out News? news)
    {
        news = null;
        List<Candidate> candidates = [.. Candidates(options).Where(wanted)];
        foreach (Candidate candidate in candidates)
        {
            news = NewsOf(candidate, options);
            if (news is not null)
                return 0;
        }

        if (candidates.Count == 0)
            return -Errno.ECHILD;
        if ((options & NoHang) != 0)
            return 0;
        string whom = candidates.Count == 1 ? $"its child {candidates[0].Task.Id}" : "a child";
        return Block(new Wait([new WaitKey(WaitKind.Child, (ulong)Process.Id)], whom));
    }

    /// <summary>Children first; those that the caller's process traces beside them. With __WNOTHREAD they are the calling thread's tracees alone.</summary>
    private IEnumerable<Candidate> Candidates(int options)
    {
        foreach (ProcessState child in Tasks.Children(Process.Id).ToList())
        {
            TaskState leader = Tasks.Leader(child);
            if (IsTracedHere(leader, options) || IsOfKind(leader, options))
                yield return new Candidate(leader, child, IsTracedHere(leader, options));
        }

        foreach (TaskState task in State.Tasks.Values.Where(task => IsTracedHere(task, options)).ToList())
        {
            ProcessState process = State.Processes[task.Process];
            if (process.Parent != Process.Id || task.Id != process.Id)
                yield return new Candidate(task, process, IsTracee: true);
        }
    }

    private bool IsTracedHere(TaskState task, int options) =>
        task.Trace is { } trace && (trace.Tracer == Task.Id || ((options & NoThread) == 0 && Tasks.Find(trace.Tracer)?.Process == Process.Id));

    /// <summary>Without __WALL the children are those whose end sends SIGCHLD, with __WCLONE the others.</summary>
    private static bool IsOfKind(TaskState leader, int options) =>
        (options & All) != 0 || (leader.ExitSignal != SignalNumbers.SIGCHLD) == ((options & Clones) != 0);

    private static News? NewsOf(Candidate candidate, int options)
    {
        (TaskState task, ProcessState process, bool isTracee) = candidate;
        if (!task.IsAlive)
        {
            // A first thread's end is told when its process has no other threads, and to the parent when a tracer has been told.
            bool isTold = (task.Id != process.Id || process.Threads.Count == 1) && (isTracee || task.Trace is null);
            return isTold && (options & Exited) != 0 ? new News(candidate, process.GroupExit ?? task.ExitCode, HasEnded: true) : null;
        }

        if (isTracee && TraceStops.StopOf(task) is { IsTold: false } stop && task.Trace is { IsListening: false })
            return new News(candidate, WaitStatus.Stopped(stop.Code), HasEnded: false, stop);
        if (process.StateToTell is not { } status)
            return null;
        bool isContinued = status == WaitStatus.Continued;
        return (isContinued ? (options & Continued) != 0 : !isTracee && (options & Stopped) != 0) ? new News(candidate, status, HasEnded: false) : null;
    }

    private TaskTimes TimesOf(ProcessState child) =>
        child.Threads.Aggregate(child.EndedThreads.Add(child.Children), (sum, id) => sum.Add(State.Tasks[id].Times));

    private void Take(News news, int options)
    {
        if ((options & LeaveWaitable) != 0)
            return;
        (TaskState task, ProcessState process, bool isTracee) = news.Who;
        if (news.Stop is { } stop && task.Wait is { } wait)
        {
            Tasks.Set(task with { Wait = wait with { Progress = stop with { IsTold = true } } });
        }
        else if (!news.HasEnded)
        {
            Tasks.Set(process with { StateToTell = null });
        }
        else if (isTracee && (task.Id != process.Id || process.Parent != Process.Id))
        {
            new TaskExit(Machine).Unlink(task, Process.Id);
        }
        else
        {
            Process = Process with { Children = Process.Children.Add(TimesOf(process)) };
            new TaskExit(Machine).Reap(process);
        }
    }
}
