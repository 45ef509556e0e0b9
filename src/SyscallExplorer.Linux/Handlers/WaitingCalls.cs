using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// poll and ppoll.
/// </summary>
internal sealed class WaitingCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const long NanosecondsPerMillisecond = 1_000_000;
    private const int Narrow = 4;
    private const int Wide = 8;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
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

    /// <summary>The time a while from now; what lies beyond all times is the last one.</summary>
    private long After(long nanoseconds)
    {
        long now = new EmulatedTime(Machine).SinceBoot;
        return nanoseconds > long.MaxValue - now ? long.MaxValue : now + nanoseconds;
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
