using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>poll and ppoll. man 2 poll.</summary>
internal sealed class PollCalls(LinuxMachine machine) : DescriptorWaitCalls(machine)
{
    private const int EntrySize = 8;
    private const int EventsOffset = 4;
    private const int ResultOffset = 6;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("poll", a => Poll(a[0], (uint)a[1], Waited is { } waited ? waited.Deadline : DeadlineOf(a.Int(2)), a.IsCompat)),
        ("ppoll", a => PollWithMask(a, TimeOut.Wide)),
        ("ppoll_time32", a => PollWithMask(a, TimeOut.Narrow)),
    ];

    /// <summary>A poll that a signal interrupts goes on until the time that it began with, whatever its argument says.</summary>
    internal long Poll(ulong address, uint count, long? deadline, bool compat)
    {
        long result = Step(address, count, deadline);
        if (result != -Errno.ERESTARTNOHAND)
            return result;
        Task = Task with { Signals = Task.Signals with { Restart = new PollRestart(address, count, deadline) { IsCompat = compat } } };
        return -Errno.ERESTART_RESTARTBLOCK;
    }

    private long PollWithMask(SyscallArguments arguments, int word)
    {
        var timeOut = new TimeOut(arguments[2], word);
        long error = ReadDeadline(timeOut, arguments.IsCompat, out long? deadline);
        if (error != 0)
            return error;
        long result = WithMask(arguments[3], arguments[4], () => Step(arguments[0], (uint)arguments[1], deadline));
        return WithRemainder(timeOut, arguments.IsCompat, deadline, result);
    }

    private long Step(ulong address, uint count, long? deadline)
    {
        if (count > (uint)Machine.Files.Limit)
            return -Errno.EINVAL;
        byte[] entries = new byte[(int)count * EntrySize];
        if (!Memory.TryRead(address, entries))
            return -Errno.EFAULT;
        int ready = 0;
        var keys = new List<WaitKey>();
        var descriptors = new List<int>();
        for (int at = 0; at < entries.Length; at += EntrySize)
        {
            int descriptor = BinaryPrimitives.ReadInt32LittleEndian(entries.AsSpan(at));
            int wanted = BinaryPrimitives.ReadUInt16LittleEndian(entries.AsSpan(at + EventsOffset));
            int events = descriptor < 0 ? 0 : EventsOf(descriptor, wanted);
            BinaryPrimitives.WriteUInt16LittleEndian(entries.AsSpan(at + ResultOffset), (ushort)events);
            ready += events != 0 ? 1 : 0;
            if (descriptor < 0)
                continue;
            descriptors.Add(descriptor);
            keys.AddRange(KeysOf(descriptor, wanted));
        }

        if (ready == 0 && !IsInterrupted && !IsOver(deadline))
            return Sleep(keys, Describe(descriptors, "poll"), deadline);
        for (int at = 0; at < entries.Length; at += EntrySize)
        {
            if (!Memory.TryWrite(address + (ulong)(at + ResultOffset), entries.AsSpan(at + ResultOffset, 2)))
                return -Errno.EFAULT;
        }

        return ready == 0 && IsInterrupted ? -Errno.ERESTARTNOHAND : ready;
    }

    /// <summary>A poll that goes on.</summary>
    private sealed record PollRestart(ulong Address, uint Count, long? Deadline) : RestartBlock
    {
        public override long Continue(LinuxMachine machine) => new PollCalls(machine).Poll(Address, Count, Deadline, IsCompat);
    }
}
