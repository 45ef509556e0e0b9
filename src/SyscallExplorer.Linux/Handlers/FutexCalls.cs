namespace SyscallExplorer.Linux;

/// <summary>futex. man 2 futex.</summary>
internal sealed class FutexCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Narrow = 4;
    private const int Wide = 8;
    private const int IsPrivateFlag = 128;
    private const int RealtimeFlag = 256;

    private enum Operation
    {
        Wait = 0,
        Wake = 1,
        Requeue = 3,
        CompareAndRequeue = 4,
        WakeOperation = 5,
        LockInheriting = 6,
        UnlockInheriting = 7,
        TryLockInheriting = 8,
        WaitBitset = 9,
        WakeBitset = 10,
        WaitRequeueInheriting = 11,
        CompareAndRequeueInheriting = 12,
    }

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("futex", a => Futex(a, Wide)),
        ("futex_time32", a => Futex(a, Narrow)),
    ];

    private long Futex(SyscallArguments arguments, int word)
    {
        if (Waited?.Progress is FutexSleeper sleeper)
            return sleeper.End(Machine, Reason);
        int flags = arguments.Int(1);
        var operation = (Operation)(flags & ~(IsPrivateFlag | RealtimeFlag));
        bool isPrivate = (flags & IsPrivateFlag) != 0;
        if (ReadDeadline(arguments, word, operation, out long? deadline) is var error && error != 0)
            return error;
        if ((flags & RealtimeFlag) != 0 && operation is not (Operation.WaitBitset or Operation.WaitRequeueInheriting))
            return -Errno.ENOSYS;
        switch (operation)
        {
            case Operation.Wait or Operation.WaitBitset:
                uint bitset = operation == Operation.Wait ? FutexWaitRequest.AnyBit : (uint)arguments[5];
                return new FutexWaitRequest(arguments[0], isPrivate, (uint)arguments[2], bitset, deadline) { IsCompat = arguments.IsCompat }.Continue(Machine);
            case Operation.Wake or Operation.WakeBitset:
                return Wake(arguments, isPrivate, operation == Operation.Wake ? FutexWaitRequest.AnyBit : (uint)arguments[5]);
            case Operation.Requeue:
                return Requeue(arguments, isPrivate, null, inherits: false);
            case Operation.CompareAndRequeue or Operation.CompareAndRequeueInheriting:
                return Requeue(arguments, isPrivate, (uint)arguments[5], operation == Operation.CompareAndRequeueInheriting);
            case Operation.WakeOperation:
                return WakeOperation(arguments, isPrivate);
            case Operation.LockInheriting or Operation.TryLockInheriting:
                return Find(arguments[0], isPrivate, out error) is { } locked
                    ? Machine.Futexes.Inheriting.Lock(locked, arguments[0], deadline, operation == Operation.TryLockInheriting)
                    : error;
            case Operation.UnlockInheriting:
                return Find(arguments[0], isPrivate, out error) is { } unlocked ? Machine.Futexes.Inheriting.Unlock(unlocked, arguments[0]) : error;
            case Operation.WaitRequeueInheriting:
                return WaitRequeue(arguments, isPrivate, deadline);
            default:
                Machine.CountMissing($"futex({(int)operation})");
                return -Errno.ENOSYS;
        }
    }

    private WaitKey? Find(ulong address, bool isPrivate, out long error) => Machine.Futexes.Find(address, isPrivate, out error);

    /// <summary>FUTEX_WAIT's time counts from now; all others are times of the monotonic clock, or of the wall clock.</summary>
    private long ReadDeadline(SyscallArguments arguments, int word, Operation operation, out long? deadline)
    {
        deadline = null;
        bool isLock = operation == Operation.LockInheriting;
        bool waits = isLock || operation is Operation.Wait or Operation.WaitBitset or Operation.WaitRequeueInheriting;
        if (!waits || arguments[3] == 0)
            return 0;
        if (new TimespecReader(Memory).Read(arguments[3], word, arguments.IsCompat, out long nanoseconds) is var error && error != 0)
            return error;
        var time = new EmulatedTime(Machine);
        deadline = operation == Operation.Wait ? TimespecReader.Add(time.SinceBoot, nanoseconds)
            : isLock || (arguments.Int(1) & RealtimeFlag) != 0 ? time.AtWallClock(nanoseconds) : nanoseconds;
        return 0;
    }

    private long Wake(SyscallArguments arguments, bool isPrivate, uint bitset)
    {
        if (bitset == 0)
            return -Errno.EINVAL;
        return Find(arguments[0], isPrivate, out long error) is { } key ? Machine.Futexes.Wake(key, arguments.Int(2), bitset) : error;
    }

    private long Requeue(SyscallArguments arguments, bool isPrivate, uint? expected, bool inherits)
    {
        int wake = arguments.Int(2), move = arguments.Int(3);
        if (wake < 0 || move < 0 || (inherits && (arguments[0] == arguments[4] || wake != 1)))
            return -Errno.EINVAL;
        if (Find(arguments[0], isPrivate, out long error) is not { } from || Find(arguments[4], isPrivate, out error) is not { } to)
            return error;
        if (inherits && from == to)
            return -Errno.EINVAL;
        if (expected is { } wanted)
        {
            if (!FutexWord.TryRead(Memory, arguments[0], out uint value))
                return -Errno.EFAULT;
            if (value != wanted)
                return -Errno.EAGAIN;
        }

        return inherits ? Machine.Futexes.Inheriting.Requeue(from, to, arguments[4], move) : Machine.Futexes.Requeue(from, to, arguments[4], wake, move);
    }

    /// <summary>Changes the second futex, wakes those of the first, and those of the second too where it held what the comparison says.</summary>
    private long WakeOperation(SyscallArguments arguments, bool isPrivate)
    {
        if (Find(arguments[0], isPrivate, out long error) is not { } first || Find(arguments[4], isPrivate, out error) is not { } second)
            return error;
        var operation = FutexOperation.Decode((uint)arguments[5]);
        if (!FutexWord.TryRead(Memory, arguments[4], out uint old))
            return -Errno.EFAULT;
        if (operation.Apply(old) is not { } changed)
            return -Errno.ENOSYS;
        if (!FutexWord.TryWrite(Memory, arguments[4], changed))
            return -Errno.EFAULT;
        if (operation.Holds(old) is not { } holds)
            return -Errno.ENOSYS;
        long woken = Machine.Futexes.Wake(first, arguments.Int(2));
        if (woken < 0 || !holds)
            return woken;
        long others = Machine.Futexes.Wake(second, arguments.Int(3));
        return others < 0 ? others : woken + others;
    }

    /// <summary>Waits for a condition, to wake as the owner of the lock that CMP_REQUEUE_PI moves it to.</summary>
    private long WaitRequeue(SyscallArguments arguments, bool isPrivate, long? deadline)
    {
        if (arguments[0] == arguments[4])
            return -Errno.EINVAL;
        if (Find(arguments[0], isPrivate, out long error) is not { } key || Find(arguments[4], isPrivate, out error) is not { } target)
            return error;
        if (!FutexWord.TryRead(Memory, arguments[0], out uint value))
            return -Errno.EFAULT;
        if (value != (uint)arguments[2])
            return -Errno.EAGAIN;
        if (key == target)
            return -Errno.EINVAL;
        return Block(new Wait([key], Futexes.Name(arguments[0]))
        {
            Deadline = deadline,
            Progress = new RequeueWaiter(target, arguments[4], Futexes.PriorityOf(Task)),
            TellsOfSignals = true,
        });
    }
}
