using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// Calls that may wait. Nothing but time can end a wait of the only thread, so that a wait either moves the emulated clock or never ends,
/// which stops the run with a sentence.
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
        ("sched_yield", _ => 0),
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
        long rest = word == Wide && State.ProgramBitness == 64 ? BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) : BinaryPrimitives.ReadInt32LittleEndian(bytes[word..]);
        if (seconds < 0 || rest is < 0 or >= EmulatedTime.NanosecondsPerSecond)
            return -Errno.EINVAL;
        nanoseconds = seconds > long.MaxValue / EmulatedTime.NanosecondsPerSecond - 1 ? long.MaxValue : seconds * EmulatedTime.NanosecondsPerSecond + rest;
        return 0;
    }

    /// <summary>Lets time pass: the clock moves when the call has done.</summary>
    private long Pass(long nanoseconds)
    {
        var time = new EmulatedTime(Machine);
        if (nanoseconds > time.Longest - time.SinceBoot)
            return WaitForEver($"in a sleep of {nanoseconds / EmulatedTime.NanosecondsPerSecond} seconds, longer than the clock of the machine goes");
        State = State with { SleptNanoseconds = State.SleptNanoseconds + nanoseconds };
        return 0;
    }

    private long WaitForEver(string onWhat)
    {
        State = State with { Refusal = $"The program waits for ever {onWhat}: it has one thread, and nothing else in the machine could wake it." };
        return 0;
    }

    private long Sleep(ulong request, int word) => ReadTime(request, word, out long nanoseconds) is var error && error != 0 ? error : Pass(nanoseconds);

    private long ClockSleep(SyscallArguments arguments, int word)
    {
        const int realtime = 0, monotonic = 1, processTime = 2, threadTime = 3, boottime = 7, tai = 11, absolute = 1;
        int clock = arguments.Int(0);
        if (clock == processTime)
            return WaitForEver("for its own processor time to pass while it sleeps");
        if (clock is not (realtime or monotonic or boottime or tai))
            return clock is threadTime or < 0 or > tai ? -Errno.EINVAL : -Errno.EOPNOTSUPP;
        if (ReadTime(arguments[2], word, out long nanoseconds) is var error && error != 0)
            return error;
        if ((arguments.Int(1) & absolute) == 0)
            return Pass(nanoseconds);
        var time = new EmulatedTime(Machine);
        return Pass(Math.Max(0, nanoseconds - (clock is realtime or tai ? time.WallClock : time.SinceBoot)));
    }

    /// <summary>Nobody waits, so that there is nobody to wake or to move.</summary>
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

        Span<byte> bytes = stackalloc byte[4];
        if (arguments[0] % 4 != 0 || (operation is wakeBitset or waitBitset && (uint)arguments[5] == 0))
            return -Errno.EINVAL;
        if (!Memory.TryRead(arguments[0], bytes))
            return -Errno.EFAULT;
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (operation == compareAndRequeue)
            return value != (uint)arguments[5] ? -Errno.EAGAIN : 0;
        if (operation is not (wait or waitBitset))
            return 0;
        if (value != (uint)arguments[2])
            return -Errno.EAGAIN;
        if (arguments[3] == 0)
            return WaitForEver($"on the futex at {arguments[0]:x}h");
        if (ReadTime(arguments[3], word, out long nanoseconds) is var error && error != 0)
            return error;
        var time = new EmulatedTime(Machine);
        long now = operation == wait ? 0 : (arguments.Int(1) & clockRealtime) != 0 ? time.WallClock : time.SinceBoot;
        Pass(Math.Max(0, nanoseconds - now));
        return -Errno.ETIMEDOUT;
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
        if ((uint)count > TaskLayout.MaxDescriptors)
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
        return timeout is { } nanoseconds ? Pass(nanoseconds) : WaitForEver("for a descriptor in poll");
    }

    private int EventsOf(int descriptor, int wanted)
    {
        if (descriptor < 0)
            return 0;
        return Machine.Files.Find(descriptor) is { } file ? file.Operations.Poll(Machine, file) & (wanted | PollEvents.AlwaysTold) : PollEvents.Invalid;
    }
}
