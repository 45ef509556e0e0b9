using System.Buffers.Binary;
using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>The counter behind an eventfd. man 2 eventfd.</summary>
/// <param name="Number">Its number among the kernel's objects.</param>
/// <param name="Value">The count; the highest one but one is as far as writes go.</param>
/// <param name="IsSemaphore">Whether a read takes one, and not all: EFD_SEMAPHORE.</param>
internal sealed record EventCounter(int Number, ulong Value, bool IsSemaphore)
{
    public const int WordSize = 8;

    /// <summary>Whether a write of a number has room.</summary>
    public bool Takes(ulong more) => ulong.MaxValue - Value > more;
}

/// <summary>What eventfd opens.</summary>
/// <param name="Counter">Which counter.</param>
internal sealed record EventFile(int Counter) : FileObject
{
    public override FileOperations Operations => EventFileOperations.Instance;
}

/// <summary>Reading and writing counters.</summary>
internal sealed class EventFileOperations : FileOperations
{
    public static EventFileOperations Instance { get; } = new();

    public override long Read(FileRequest request, TransferBuffer destination, long? position)
    {
        if (destination.Length < EventCounter.WordSize)
            return -Errno.EINVAL;
        EventCounter counter = CounterOf(request.Machine, request.File);
        if (counter.Value == 0)
        {
            return request.IsNonBlocking ? -Errno.EAGAIN
                : request.Block(new Wait([ReadinessKeys.Input(counter.Number)], $"a count in eventfd {request.Descriptor}"));
        }

        // Linux takes the count before it finds that it cannot tell it.
        ulong taken = counter.IsSemaphore ? 1 : counter.Value;
        Set(request.Machine, counter with { Value = counter.Value - taken });
        request.Machine.Tasks.Wake(ReadinessKeys.Output(counter.Number));
        return destination.Put(0, BitConverter.GetBytes(taken)) == EventCounter.WordSize ? EventCounter.WordSize : -Errno.EFAULT;
    }

    public override long Write(FileRequest request, TransferBuffer source, long? position)
    {
        Span<byte> bytes = stackalloc byte[EventCounter.WordSize];
        if (source.Length < bytes.Length)
            return -Errno.EINVAL;
        if (source.Take(0, bytes) < bytes.Length)
            return -Errno.EFAULT;
        ulong more = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (more == ulong.MaxValue)
            return -Errno.EINVAL;
        EventCounter counter = CounterOf(request.Machine, request.File);
        if (!counter.Takes(more))
        {
            return request.IsNonBlocking ? -Errno.EAGAIN
                : request.Block(new Wait([ReadinessKeys.Output(counter.Number)], $"room in eventfd {request.Descriptor}"));
        }

        Set(request.Machine, counter with { Value = counter.Value + more });
        request.Machine.Tasks.Wake(ReadinessKeys.Input(counter.Number));
        return EventCounter.WordSize;
    }

    public override long Seek(FileRequest request, long offset, SeekFrom whence) => request.File.Offset;

    public override int Poll(LinuxMachine machine, OpenFile file)
    {
        EventCounter counter = CounterOf(machine, file);
        return (counter.Value > 0 ? PollEvents.Input : 0) | (counter.Takes(1) ? PollEvents.Output : 0);
    }

    public override ImmutableArray<WaitKey> WaitKeys(LinuxMachine machine, OpenFile file, int events) =>
        ReadinessKeys.For(((EventFile)file.Object).Counter, events);

    public override string Describe(LinuxMachine machine, FileObject file) => "anon_inode:[eventfd]";

    public override void Released(LinuxMachine machine, OpenFile file) =>
        machine.State = machine.State with { EventCounters = machine.State.EventCounters.Remove(((EventFile)file.Object).Counter) };

    private static EventCounter CounterOf(LinuxMachine machine, OpenFile file) => machine.State.EventCounters[((EventFile)file.Object).Counter];

    private static void Set(LinuxMachine machine, EventCounter counter) =>
        machine.State = machine.State with { EventCounters = machine.State.EventCounters.SetItem(counter.Number, counter) };
}
