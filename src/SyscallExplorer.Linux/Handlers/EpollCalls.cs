using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>epoll_create, epoll_ctl and epoll_wait with their relatives. man 2 epoll_ctl, epoll_wait.</summary>
internal sealed class EpollCalls(LinuxMachine machine) : DescriptorWaitCalls(machine)
{
    /// <summary><c>struct epoll_event</c>: 32 bits of events, 64 of data, and no padding on x86.</summary>
    private const int EventSize = 12;
    private const int DataOffset = 4;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("epoll_create", a => a.Int(0) <= 0 ? -Errno.EINVAL : Create(0)),
        ("epoll_create1", a => Create(a.Int(0))),
        ("epoll_ctl", a => Control(a.Int(0), a.Int(1), a.Int(2), a[3])),
        ("epoll_wait", a => WaitFor(a, WaitedOr(a.Int(3)))),
        ("epoll_pwait", a => WithMask(a[4], a[5], () => WaitFor(a, WaitedOr(a.Int(3))))),
        ("epoll_pwait2", WaitUntil),
    ];

    private long? WaitedOr(int milliseconds) => Waited is { } waited ? waited.Deadline : DeadlineOf(milliseconds);

    private long Create(int flags)
    {
        if ((flags & ~OpenFlags.CloseOnExec) != 0)
            return -Errno.EINVAL;
        if (Machine.Files.IsFull)
            return -Errno.EMFILE;
        return Machine.Files.Open(new OpenFile(new EpollFile(Machine.Epolls.Create()), 0, OpenFlags.ReadWrite), closeOnExec: flags != 0);
    }

    private long Control(int descriptor, int operation, int target, ulong address)
    {
        const int add = 1, remove = 2, modify = 3;
        Span<byte> bytes = stackalloc byte[EventSize];
        bytes.Clear();
        if (operation != remove && !Memory.TryRead(address, bytes))
            return -Errno.EFAULT;
        if (Request(descriptor) is not { } epoll || Request(target) is not { } watched)
            return -Errno.EBADF;
        if (!watched.File.Operations.TellsOfReadiness(watched.File))
            return -Errno.EPERM;
        if (epoll.File.Object is not EpollFile { Epoll: var number } || epoll.Number == watched.Number)
            return -Errno.EINVAL;
        uint events = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (operation != remove && (events & EpollFlags.Exclusive) != 0 && !AllowsExclusive(operation == add, watched.File, events))
            return -Errno.EINVAL;
        if (operation == add && watched.File.Object is EpollFile inner && Machine.Epolls.WouldLoop(number, inner.Epoll))
            return -Errno.ELOOP;
        var key = new EpollKey(target, watched.Number);
        EpollItem? item = Machine.Epolls[number].Items.GetValueOrDefault(key);
        if (operation is not (add or remove or modify) || (operation == modify && item?.Has(EpollFlags.Exclusive) == true))
            return -Errno.EINVAL;
        if (operation == add ? item is not null : item is null)
            return operation == add ? -Errno.EEXIST : -Errno.ENOENT;
        if (operation == remove)
            Machine.Epolls.Forget(number, key);
        else
            Machine.Epolls.Watch(number, key, events | PollEvents.Error | PollEvents.HungUp, BinaryPrimitives.ReadUInt64LittleEndian(bytes[DataOffset..]));
        return 0;
    }

    private static bool AllowsExclusive(bool isNew, OpenFile file, uint events) =>
        isNew && file.Object is not EpollFile && (events & ~EpollFlags.AllowedWithExclusive) == 0;

    private long WaitUntil(SyscallArguments arguments)
    {
        long error = ReadDeadline(new TimeOut(arguments[3], TimeOut.Wide), arguments.IsCompat, out long? deadline);
        return error != 0 ? error : WithMask(arguments[4], arguments[5], () => WaitFor(arguments, deadline));
    }

    private long WaitFor(SyscallArguments arguments, long? deadline)
    {
        int most = arguments.Int(2);
        if (most is <= 0 or > int.MaxValue / EventSize)
            return -Errno.EINVAL;
        if (Request(arguments.Int(0)) is not { } request)
            return -Errno.EBADF;
        if (request.File.Object is not EpollFile { Epoll: var number })
            return -Errno.EINVAL;
        int told = 0;
        EpollState before = Machine.Epolls[number];
        IReadOnlyList<(uint Events, ulong Data)> ready = Machine.Epolls.Take(number, most);
        foreach ((uint events, ulong data) in ready)
        {
            var structure = new CStructure(compat: true).Int32((int)events).Int64((long)data);
            if (!Memory.TryWrite(arguments[1] + (ulong)(told * EventSize), structure.Bytes))
                break;
            told++;
        }

        if (told < ready.Count)
        {
            // What could not be told is not lost.
            State = State with { Epolls = State.Epolls.SetItem(number, before) };
            if (told > 0)
                Machine.Epolls.Take(number, told);
        }

        if (ready.Count > 0)
            return told > 0 ? told : -Errno.EFAULT;
        if (IsOver(deadline))
            return 0;
        if (IsInterrupted)
            return -Errno.EINTR;
        List<int> descriptors = [.. before.Items.Keys.Select(key => key.Descriptor).Distinct().Order()];
        var wait = new Wait([ReadinessKeys.Input(number)], Describe(descriptors, "epoll_wait"), -Errno.EINTR) { Deadline = deadline };
        return request.Block(wait with { TellsOfSignals = true });
    }
}
