using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>fork, vfork, clone and clone3.</summary>
internal sealed class CloneCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int FirstSize = 64;
    private const int SecondSize = 80;
    private const int ThirdSize = 88;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("hosted_fork", a => Clone(a, new CloneRequest(0, SignalNumbers.SIGCHLD, 0, 0, 0, 0))),
        ("hosted_vfork", a => Clone(a, new CloneRequest(CloneFlags.Vfork | CloneFlags.Vm, SignalNumbers.SIGCHLD, 0, 0, 0, 0))),
        ("hosted_clone", a => Clone(a, FromRegisters(a))),
        ("hosted_clone3", Clone3),
    ];

    /// <summary>The order of the last two arguments is not the same in both kinds of programs.</summary>
    private static CloneRequest FromRegisters(SyscallArguments arguments)
    {
        ulong flags = (uint)arguments[0] & ~CloneFlags.ExitSignalMask;
        int signal = (int)(arguments[0] & CloneFlags.ExitSignalMask);
        (ulong child, ulong tls) = arguments.IsCompat ? (arguments[4], arguments[3]) : (arguments[3], arguments[4]);
        return new CloneRequest(flags, signal, arguments[1], arguments[2], child, tls);
    }

    private long Clone3(SyscallArguments arguments)
    {
        ulong size = arguments[1];
        if (size < FirstSize)
            return -Errno.EINVAL;
        if (size > KernelLayout.PageSize)
            return -Errno.E2BIG;
        byte[] bytes = new byte[Math.Max((int)size, ThirdSize)];
        if (!Memory.TryRead(arguments[0], bytes.AsSpan(0, (int)size)))
            return -Errno.EFAULT;
        if (bytes.AsSpan(ThirdSize).ContainsAnyExcept((byte)0))
            return -Errno.E2BIG;
        ulong Field(int index) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(index * 8));
        (ulong flags, ulong childTid, ulong parentTid, ulong signal) = (Field(0), Field(2), Field(3), Field(4));
        (ulong stack, ulong stackSize, ulong tls, ulong setTid, ulong setTidSize) = (Field(5), Field(6), Field(7), Field(8), Field(9));
        if ((flags & (CloneFlags.ExitSignalMask | CloneFlags.Detached)) != 0 || signal > SignalNumbers.Last || (stack == 0) != (stackSize == 0)
            || (size < SecondSize ? setTid : setTidSize > 32 ? 1 : (setTid == 0) != (setTidSize == 0) ? 1ul : 0) != 0
            || ((flags & (CloneFlags.Thread | CloneFlags.Parent)) != 0 && signal != 0))
        {
            return -Errno.EINVAL;
        }

        if (setTid != 0)
            return -Errno.EPERM;
        return Clone(arguments, new CloneRequest(flags, (int)signal, stack == 0 ? 0 : stack + stackSize, parentTid, childTid, tls));
    }

    private long Clone(SyscallArguments arguments, CloneRequest request)
    {
        if (ProgressOf(Waited) is { } progress)
            return GoOn(progress);
        if ((request.Flags & CloneFlags.Namespaces) != 0)
            return -Errno.EPERM;
        if ((request.Has(CloneFlags.Thread) && !request.Has(CloneFlags.SigHand))
            || (request.Has(CloneFlags.SigHand) && !request.Has(CloneFlags.Vm))
            || (request.Has(CloneFlags.SigHand) && request.Has(CloneFlags.ClearSigHand))
            || (request.Has(CloneFlags.PidFd) && (request.Has(CloneFlags.Thread) || request.Has(CloneFlags.Detached))))
        {
            return -Errno.EINVAL;
        }

        if (request.Has(CloneFlags.PidFd) || request.Has(CloneFlags.IntoCgroup))
        {
            Machine.CountMissing(request.Has(CloneFlags.PidFd) ? "clone(CLONE_PIDFD)" : "clone(CLONE_INTO_CGROUP)");
            return -Errno.EINVAL;
        }

        int told = request.Has(CloneFlags.Vfork) ? PtraceEvents.Vfork
            : request.ExitSignal != SignalNumbers.SIGCHLD ? PtraceEvents.Clone : PtraceEvents.Fork;
        bool isAnnounced = !request.Has(CloneFlags.Untraced) && Task.Trace is { } trace && trace.Wants(told);
        long id = new TaskCreation(Machine).Create(request with { IsAnnounced = isAnnounced }, arguments.IsCompat);
        if (id < 0)
            return id;
        var made = new CloneProgress((int)id, request.Has(CloneFlags.Vfork), IsVforkDone: false);
        return isAnnounced && Machine.TraceStops.StopForEvent(told, (ulong)id, context: made) ? Blocked : WaitForVfork(made);
    }

    /// <summary>How far a call has come that has made its child.</summary>
    /// <param name="Child">The child.</param>
    /// <param name="IsVfork">Whether its maker sleeps until it leaves the memory.</param>
    /// <param name="IsVforkDone">Whether it has done so.</param>
    private sealed record CloneProgress(int Child, bool IsVfork, bool IsVforkDone);

    private static CloneProgress? ProgressOf(Wait? wait) => wait?.Progress switch
    {
        CloneProgress progress => progress,
        TraceStop { Context: CloneProgress progress } => progress,
        _ => null,
    };

    private long GoOn(CloneProgress progress)
    {
        if (Machine.TraceStops.TakeStop() is not null)
            return progress.IsVforkDone ? progress.Child : WaitForVfork(progress);

        // A vfork's parent has slept until its child left the memory; what it learns is the child's number.
        CloneProgress done = progress with { IsVforkDone = true };
        Task = Task with { Wait = null, Reason = WakeReason.Start };
        return Machine.TraceStops.StopForEvent(PtraceEvents.VforkDone, (ulong)progress.Child, context: done) ? Blocked : progress.Child;
    }

    private long WaitForVfork(CloneProgress progress)
    {
        if (!progress.IsVfork || Tasks.Find(progress.Child) is not { VforkParent: not 0 })
            return progress.IsVfork ? GoOn(progress) : progress.Child;
        var key = new WaitKey(WaitKind.AddressSpaceOfChild, (ulong)progress.Child);
        return Block(new Wait([key], $"process {progress.Child}, which it made by vfork, to execute or to end") { IsKillable = true, Progress = progress });
    }
}
