using System.Buffers.Binary;
using System.Numerics;

namespace SyscallExplorer.Linux;

/// <summary>select and pselect6. man 2 select.</summary>
internal sealed class SelectCalls(LinuxMachine machine) : DescriptorWaitCalls(machine)
{
    private const int Sets = 3;
    private const int BitsPerByte = 8;

    /// <summary>What makes a descriptor ready in each of the sets: reading, writing, exceptions.</summary>
    private static ReadOnlySpan<int> EventsOfSets =>
    [
        PollEvents.Input | PollEvents.NormalRead | PollEvents.BandRead | PollEvents.HungUp | PollEvents.Error,
        PollEvents.Output | PollEvents.NormalWrite | PollEvents.BandWrite | PollEvents.Error,
        PollEvents.Priority,
    ];

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("select", a => Select(a, a.Int(0), [a[1], a[2], a[3]], new TimeOut(a[4], WordSize(a), IsTimeval: true))),
        ("old_select", OldSelect),
        ("pselect6", a => SelectWithMask(a, TimeOut.Wide)),
        ("pselect6_time32", a => SelectWithMask(a, TimeOut.Narrow)),
    ];

    /// <summary>The first select of 32-bit programs takes its arguments from memory.</summary>
    private long OldSelect(SyscallArguments arguments)
    {
        const int count = 5, word = 4;
        Span<byte> bytes = stackalloc byte[count * word];
        if (!Memory.TryRead(arguments[0], bytes))
            return -Errno.EFAULT;
        ulong[] sets = [WordAt(bytes, word, word), WordAt(bytes, 2 * word, word), WordAt(bytes, 3 * word, word)];
        return Select(arguments, BinaryPrimitives.ReadInt32LittleEndian(bytes), sets, new TimeOut(WordAt(bytes, 4 * word, word), word, IsTimeval: true));
    }

    /// <summary>The sixth argument leads to the mask's address and its size.</summary>
    private long SelectWithMask(SyscallArguments arguments, int timeWord)
    {
        int word = WordSize(arguments);
        Span<byte> pair = stackalloc byte[2 * word];
        pair.Clear();
        if (arguments[5] != 0 && !Memory.TryRead(arguments[5], pair))
            return -Errno.EFAULT;
        return Select(
            arguments, arguments.Int(0), [arguments[1], arguments[2], arguments[3]], new TimeOut(arguments[4], timeWord), WordAt(pair, 0, word), WordAt(pair, word, word));
    }

    private long Select(SyscallArguments arguments, int count, ulong[] sets, TimeOut timeOut, ulong mask = 0, ulong maskSize = 0)
    {
        long error = ReadDeadline(timeOut, arguments.IsCompat, out long? deadline);
        if (error != 0)
            return error;
        long result = WithMask(mask, maskSize, () => Step(count, sets, WordSize(arguments), deadline));
        return WithRemainder(timeOut, arguments.IsCompat, deadline, result);
    }

    private long Step(int count, ulong[] addresses, int word, long? deadline)
    {
        if (count < 0)
            return -Errno.EINVAL;
        count = Math.Min(count, Capacity);
        int size = (count + word * BitsPerByte - 1) / (word * BitsPerByte) * word;
        byte[][] wanted = new byte[Sets][], found = new byte[Sets][];
        for (int set = 0; set < Sets; set++)
        {
            (wanted[set], found[set]) = (new byte[size], new byte[size]);
            if (addresses[set] != 0 && !Memory.TryRead(addresses[set], wanted[set]))
                return -Errno.EFAULT;
        }

        int ready = 0;
        var keys = new List<WaitKey>();
        var descriptors = new List<int>();
        for (int descriptor = 0; descriptor < count; descriptor++)
        {
            int asked = EventsAsked(wanted, descriptor);
            if (asked == 0)
                continue;
            if (EventsOf(descriptor, asked) is var events && events == PollEvents.Invalid)
            {
                if (Waited is null)
                    return -Errno.EBADF;
                continue;
            }

            ready += Mark(wanted, found, descriptor, events);
            descriptors.Add(descriptor);
            keys.AddRange(KeysOf(descriptor, asked));
        }

        if (ready == 0 && IsInterrupted)
            return -Errno.ERESTARTNOHAND;
        if (ready == 0 && !IsOver(deadline))
            return Sleep(keys, Describe(descriptors, "select"), deadline);
        for (int set = 0; set < Sets; set++)
        {
            if (addresses[set] != 0 && !Memory.TryWrite(addresses[set], found[set]))
                return -Errno.EFAULT;
        }

        return ready;
    }

    /// <summary>How many descriptors the table has room for now: it grows from 64 by whole hundreds. What a set has beyond is not looked at.</summary>
    private int Capacity
    {
        get
        {
            const int first = 64, step = 128;
            int highest = Machine.Files.Descriptors.IsEmpty ? 0 : Machine.Files.Descriptors.Keys.Last();
            return highest < first ? first : (int)BitOperations.RoundUpToPowerOf2((uint)(highest / step + 1)) * step;
        }
    }

    private static int EventsAsked(byte[][] wanted, int descriptor)
    {
        int events = 0;
        for (int set = 0; set < Sets; set++)
            events |= Has(wanted[set], descriptor) ? EventsOfSets[set] : 0;
        return events;
    }

    /// <summary>Notes in which sets a descriptor is ready.</summary>
    /// <returns>How many those are.</returns>
    private static int Mark(byte[][] wanted, byte[][] found, int descriptor, int events)
    {
        int marked = 0;
        for (int set = 0; set < Sets; set++)
        {
            if (!Has(wanted[set], descriptor) || (events & EventsOfSets[set]) == 0)
                continue;
            found[set][descriptor / BitsPerByte] |= (byte)(1 << (descriptor % BitsPerByte));
            marked++;
        }

        return marked;
    }

    private static bool Has(byte[] set, int descriptor) => (set[descriptor / BitsPerByte] & (1 << (descriptor % BitsPerByte))) != 0;
}
