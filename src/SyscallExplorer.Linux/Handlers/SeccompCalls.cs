using System.Buffers.Binary;
using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>seccomp, and what prctl says of it. man 2 seccomp.</summary>
internal sealed class SeccompCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Synchronise = 1, Log = 2, AllowSpeculation = 4, NewListener = 8, SynchroniseOrSearch = 16;

    /// <summary>The longest chain of filters, in instructions.</summary>
    private const int MostWeight = 32768;

    public override IEnumerable<(string Name, HostedCall Call)> Calls => [("seccomp", a => Operate(a.Int(0), (uint)a[1], a[2], a.IsCompat))];

    /// <summary>PR_SET_SECCOMP, the older way.</summary>
    public long SetMode(int mode, ulong program, bool compat) => mode switch
    {
        SeccompState.Strict => Operate(0, 0, 0, compat),
        SeccompState.Filtered when Machine.Kernel.Traits.HasSeccompFilters => Operate(1, 0, program, compat),
        _ => -Errno.EINVAL,
    };

    private long Operate(int operation, uint flags, ulong argument, bool compat)
    {
        const int setStrict = 0, setFilter = 1, isActionKnown = 2, notificationSizes = 3;
        switch (operation)
        {
            case setStrict:
                return flags != 0 || argument != 0 ? -Errno.EINVAL : SetStrict();
            case setFilter:
                return SetFilter(flags, argument, compat);
            case isActionKnown:
                if (flags != 0)
                    return -Errno.EINVAL;
                Span<byte> action = stackalloc byte[sizeof(uint)];
                if (!Memory.TryRead(argument, action))
                    return -Errno.EFAULT;
                return SeccompAction.All.Contains(BinaryPrimitives.ReadUInt32LittleEndian(action)) ? 0 : -Errno.EOPNOTSUPP;
            case notificationSizes:
                const int notification = 80, response = 24;
                return flags != 0 ? -Errno.EINVAL
                    : Give(argument, new CStructure(compat).Int16(notification).Int16(response).Int16(SeccompData.Size).Bytes);
            default:
                return -Errno.EINVAL;
        }
    }

    private long SetStrict()
    {
        if (!Task.Seccomp.MayBecome(SeccompState.Strict))
            return -Errno.EINVAL;
        Assign(Task, new SeccompState(SeccompState.Strict, null));
        return 0;
    }

    private long SetFilter(uint flags, ulong address, bool compat)
    {
        const int known = Synchronise | Log | AllowSpeculation | NewListener | SynchroniseOrSearch;
        if ((flags & ~known) != 0 || ((flags & Synchronise) != 0 && (flags & NewListener) != 0 && (flags & SynchroniseOrSearch) == 0))
            return -Errno.EINVAL;
        if (Read(address, compat, out long error) is not { } program)
            return error;
        if (!Task.Seccomp.MayBecome(SeccompState.Filtered))
            return -Errno.EINVAL;
        if ((flags & Synchronise) != 0 && OtherThreads().FirstOrDefault(thread => !CanFollow(thread)) is { } stray)
            return (flags & SynchroniseOrSearch) != 0 ? -Errno.ESRCH : stray.Id;
        var filter = new SeccompFilter(program, Task.Seccomp.Filter);
        if (filter.Weight > MostWeight)
            return -Errno.ENOMEM;
        bool listens = (flags & NewListener) != 0;
        if (listens && HasListener(Task.Seccomp.Filter))
            return -Errno.EBUSY;
        if (listens && Machine.Files.IsFull)
            return -Errno.EMFILE;
        if (listens)
            filter = filter with { Listener = new SeccompListeners(Machine).Create() };
        var state = new SeccompState(SeccompState.Filtered, filter);
        Assign(Task, state);
        if ((flags & Synchronise) != 0)
        {
            foreach (TaskState thread in OtherThreads().ToList())
                Assign(thread with { HasNoNewPrivileges = thread.HasNoNewPrivileges || Task.HasNoNewPrivileges }, state);
        }

        return filter.Listener is { } listener ? Machine.Files.Open(new OpenFile(new SeccompListenerFile(listener), 0, OpenFlags.ReadWrite), closeOnExec: true) : 0;
    }

    /// <summary>Of a chain of filters only one may have a listener.</summary>
    private static bool HasListener(SeccompFilter? filter)
    {
        for (; filter is not null; filter = filter.Previous)
        {
            if (filter.Listener is not null)
                return true;
        }

        return false;
    }

    private IEnumerable<TaskState> OtherThreads() => Tasks.Threads(Process).Where(thread => thread.Id != Task.Id);

    /// <summary>A thread can get this one's filters when it has none that this one has not.</summary>
    private bool CanFollow(TaskState thread) =>
        thread.Seccomp.Mode == SeccompState.Disabled
        || (thread.Seccomp.Mode == SeccompState.Filtered && SeccompFilter.IsAncestor(thread.Seccomp.Filter, Task.Seccomp.Filter));

    private void Assign(TaskState task, SeccompState state)
    {
        Tasks.Set(task with { Seccomp = state });
        Tasks.Guest(task).SetWork(SyscallWork.Seccomp, true);
    }

    /// <summary>Who has privileges to gain must first have renounced them, lest a filter deceive a program that gains them.</summary>
    private ImmutableArray<BpfInstruction>? Read(ulong address, bool compat, out long error)
    {
        int word = compat ? 4 : 8;
        Span<byte> header = stackalloc byte[16];
        error = -Errno.EFAULT;
        if (!Memory.TryRead(address, header[..(2 * word)]))
            return null;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(header);
        error = -Errno.EINVAL;
        if (length is 0 or > BpfVerifier.MostInstructions)
            return null;
        error = -Errno.EACCES;
        if (!Task.HasNoNewPrivileges)
            return null;
        byte[] bytes = new byte[length * BpfInstruction.Size];
        ulong instructions = compat ? BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) : BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        error = -Errno.EFAULT;
        if (!Memory.TryRead(instructions, bytes))
            return null;
        ImmutableArray<BpfInstruction> program =
            [.. Enumerable.Range(0, length).Select(index => BpfInstruction.Read(bytes.AsSpan(index * BpfInstruction.Size)))];
        error = -Errno.EINVAL;
        return BpfVerifier.Accepts(program) ? program : null;
    }
}
