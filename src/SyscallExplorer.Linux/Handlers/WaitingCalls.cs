using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// Sleeping, futexes and poll.
/// </summary>
internal sealed class WaitingCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const long NanosecondsPerMillisecond = 1_000_000;
    private const int Narrow = 4;
    private const int Wide = 8;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("nanosleep", a => Sleep(a[0], Wide)),
        ("nanosleep_time32", a => Sleep(a[0], Narrow)),
        ("clock_nanosleep", a => ClockSleep(a, Wide)),
        ("clock_nanosleep_time32", a => ClockSleep(a, Narrow)),
        ("futex", a => Futex(a, Wide)),
        ("futex_time32", a => Futex(a, Narrow)),
        ("poll", a => Poll(a[0], a[1], a.Int(2) < 0 ? null : a.Int(2) * NanosecondsPerMillisecond)),
        ("ppoll", a => PollUntil(a, Wide)),
        ("ppoll_time64", a => PollUntil(a, Wide)),
        ("ppoll_time32", a => PollUntil(a, Narrow)),
    ];

    /// <summary>A timespec as nanoseconds.</summary>
    /// <returns>-EFAULT or -EINVAL, or 0.</returns>
    private long ReadTime(ulong address, int word, out long nanoseconds)
    {
        nanoseconds = 0;
        Span<byte> bytes = stackalloc byte[16];
        if (!Memory.TryRead(address, bytes[..(2 * word)]))
            return -Errno.EFAULT;
        long seconds = word == Wide ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        long rest = word == Wide && Memory.Map.Bitness == 64 ? BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) : BinaryPrimitives.ReadInt32LittleEndian(bytes[word..]);
        if (seconds < 0 || rest is < 0 or >= EmulatedTime.NanosecondsPerSecond)
            return -Errno.EINVAL;
        nanoseconds = seconds > long.MaxValue / EmulatedTime.NanosecondsPerSecond - 1 ? long.MaxValue : seconds * EmulatedTime.NanosecondsPerSecond + rest;
        return 0;
    }

    /// <summary>Sleeps until a time since boot; one that lies behind is none.</summary>
    private long SleepUntil(long deadline, bool restarts)
    {
        if (Reason == WakeReason.TimedOut || deadline <= new EmulatedTime(Machine).SinceBoot)
            return 0;
        return Block(new Wait([], $"time to pass, until {Seconds(deadline)} after boot", restarts ? -Errno.ERESTARTNOHAND : -Errno.EINTR) { Deadline = deadline });
    }

    private static string Seconds(long nanoseconds) =>
        (nanoseconds / EmulatedTime.NanosecondsPerSecond).ToString(System.Globalization.CultureInfo.InvariantCulture) + " s";

    private long Sleep(ulong request, int word)
    {
        if (Waited?.Deadline is { } deadline)
            return SleepUntil(deadline, restarts: false);
        return ReadTime(request, word, out long nanoseconds) is var error && error != 0 ? error : SleepUntil(After(nanoseconds), restarts: false);
    }

    /// <summary>The time a while from now; what lies beyond all times is the last one.</summary>
    private long After(long nanoseconds)
    {
        long now = new EmulatedTime(Machine).SinceBoot;
        return nanoseconds > long.MaxValue - now ? long.MaxValue : now + nanoseconds;
    }

    private long ClockSleep(SyscallArguments arguments, int word)
    {
        const int realtime = 0, monotonic = 1, processTime = 2, threadTime = 3, boottime = 7, tai = 11, absolute = 1;
        int clock = arguments.Int(0);
        if (Waited?.Deadline is { } deadline)
            return SleepUntil(deadline, restarts: false);
        if (clock is not (realtime or monotonic or boottime or tai or processTime))
            return clock is threadTime or < 0 or > tai ? -Errno.EINVAL : -Errno.EOPNOTSUPP;
        if (ReadTime(arguments[2], word, out long nanoseconds) is var error && error != 0)
            return error;
        if (clock == processTime)
            return Block(new Wait([], "its own processor time to pass while it sleeps", -Errno.EINTR));
        if ((arguments.Int(1) & absolute) == 0)
            return SleepUntil(After(nanoseconds), restarts: false);
        return SleepUntil(clock is realtime or tai ? Math.Max(0, nanoseconds - Machine.Kernel.ReleaseTime * EmulatedTime.NanosecondsPerSecond) : nanoseconds, restarts: true);
    }

    private long Futex(SyscallArguments arguments, int word)
    {
        const int wait = 0, wake = 1, requeue = 3, compareAndRequeue = 4, wakeBitset = 10, waitBitset = 9;
        const int isPrivate = 128, clockRealtime = 256;
        int operation = arguments.Int(1) & ~(isPrivate | clockRealtime);
        if (operation is not (wait or wake or requeue or compareAndRequeue or wakeBitset or waitBitset))
        {
            Machine.CountMissing($"futex({operation})");
            return -Errno.ENOSYS;
        }

        if (Waited is not null)
            return Reason == WakeReason.TimedOut ? -Errno.ETIMEDOUT : 0;
        Span<byte> bytes = stackalloc byte[4];
        if (arguments[0] % 4 != 0 || (operation is wakeBitset or waitBitset && (uint)arguments[5] == 0))
            return -Errno.EINVAL;
        if (!Memory.TryRead(arguments[0], bytes))
            return -Errno.EFAULT;
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        WaitKey key = Machine.Futexes.KeyOf(Memory, arguments[0]);
        if (operation == compareAndRequeue && value != (uint)arguments[5])
            return -Errno.EAGAIN;
        if (operation is wake or wakeBitset)
            return Tasks.Wake(key, arguments.Int(2));
        if (operation is requeue or compareAndRequeue)
            return Requeue(arguments, key);
        if (value != (uint)arguments[2])
            return -Errno.EAGAIN;
        string what = $"the futex at {arguments[0]:x}h";
        if (arguments[3] == 0)
            return Block(new Wait([key], what));
        if (ReadTime(arguments[3], word, out long nanoseconds) is var error && error != 0)
            return error;
        long deadline = operation == wait ? After(nanoseconds)
            : (arguments.Int(1) & clockRealtime) != 0 ? Math.Max(0, nanoseconds - Machine.Kernel.ReleaseTime * EmulatedTime.NanosecondsPerSecond) : nanoseconds;
        return Block(new Wait([key], what) { Deadline = deadline });
    }

    private long Requeue(SyscallArguments arguments, WaitKey from)
    {
        int woken = Tasks.Wake(from, arguments.Int(2));
        WaitKey to = Machine.Futexes.KeyOf(Memory, arguments[4]);
        int moved = 0;
        foreach (TaskState task in Tasks.Waiting(from).Take(arguments.Int(3)))
        {
            if (task.Wait is { } waiting)
                Tasks.Set(task with { Wait = waiting with { Keys = [to] } });
            moved++;
        }

        return woken + moved;
    }

    private long PollUntil(SyscallArguments arguments, int word)
    {
        long nanoseconds = 0;
        if (arguments[3] != 0 && arguments[4] != 8)
            return -Errno.EINVAL;
        if (arguments[2] != 0 && ReadTime(arguments[2], word, out nanoseconds) is var error && error != 0)
            return error;
        return Poll(arguments[0], arguments[1], arguments[2] == 0 ? null : nanoseconds);
    }

    private long Poll(ulong address, ulong count, long? timeout)
    {
        const int entrySize = 8;
        if ((uint)count > (uint)Machine.Files.Limit)
            return -Errno.EINVAL;
        byte[] entries = new byte[(int)(uint)count * entrySize];
        if (!Memory.TryRead(address, entries))
            return -Errno.EFAULT;
        int ready = 0;
        for (int at = 0; at < entries.Length; at += entrySize)
        {
            int events = EventsOf(BinaryPrimitives.ReadInt32LittleEndian(entries.AsSpan(at)), BinaryPrimitives.ReadInt16LittleEndian(entries.AsSpan(at + 4)));
            BinaryPrimitives.WriteInt16LittleEndian(entries.AsSpan(at + 6), (short)events);
            ready += events != 0 ? 1 : 0;
        }

        if (!Memory.TryWrite(address, entries))
            return -Errno.EFAULT;
        if (ready > 0)
            return ready;
        if (Reason == WakeReason.TimedOut || timeout == 0)
            return 0;
        return Block(new Wait([], "a descriptor in poll", -Errno.ERESTARTNOHAND) { Deadline = Waited is { } waited ? waited.Deadline : timeout is { } nanoseconds ? After(nanoseconds) : null });
    }

    private int EventsOf(int descriptor, int wanted)
    {
        if (descriptor < 0)
            return 0;
        return Machine.Files.Find(descriptor) is { } file ? file.Operations.Poll(Machine, file) & (wanted | PollEvents.AlwaysTold) : PollEvents.Invalid;
    }
}
