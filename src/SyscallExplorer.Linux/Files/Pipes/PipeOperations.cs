using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Reading and writing pipes and FIFOs. man 7 pipe.</summary>
internal sealed class PipeOperations : FileOperations
{
    public static PipeOperations Instance { get; } = new();

    /// <summary>Takes what is there; where nothing is, waits for bytes or for the last writer to go.</summary>
    public override long Read(FileRequest request, TransferBuffer destination, long? position)
    {
        if (destination.Length == 0)
            return 0;
        (LinuxMachine machine, PipeEnd end) = (request.Machine, EndOf(request.File));
        PipeState before = machine.Pipes[end.Pipe], pipe = before;
        long done = 0;
        while (!pipe.IsEmpty && done < destination.Length)
        {
            PipeBuffer first = pipe.Buffers[0];
            int count = (int)Math.Min(first.Bytes.Length, destination.Length - done);
            if (destination.Put(done, first.Bytes.Span[..count]) < count)
                break;
            done += count;
            pipe = pipe.Take(count);
            if (first.IsPacket)
                break;
        }

        if (done > 0)
        {
            machine.Pipes.HasRead(before, pipe);
            return done;
        }

        return !pipe.IsEmpty ? -Errno.EFAULT
            : pipe.Writers == 0 ? 0
            : request.IsNonBlocking ? -Errno.EAGAIN
            : request.Block(new Wait([ReadinessKeys.Input(end.Pipe)], $"bytes in {machine.Pipes.Describe(end)}"));
    }

    /// <summary>
    /// Fills buffers, page by page; a write of a page at most is whole or not there. It waits for room until all is written, and a signal then
    /// leaves it with what it has done.
    /// </summary>
    public override long Write(FileRequest request, TransferBuffer source, long? position)
    {
        if (source.Length == 0)
            return 0;
        (LinuxMachine machine, PipeEnd end) = (request.Machine, EndOf(request.File));
        long before = request.Progress is long progress ? progress : 0;
        PipeState pipe = machine.Pipes[end.Pipe];
        if (pipe.Readers == 0)
            return request.BreakPipe(before);
        long done = Fill(ref pipe, source, before, isFirst: request.Reason == WakeReason.Start, (request.File.Flags & OpenFlags.Direct) != 0, out bool hasFaulted);
        if (done > before)
            machine.Pipes.HasWritten(pipe);
        if (hasFaulted)
            return done > 0 ? done : -Errno.EFAULT;
        if (done == source.Length)
            return done;
        if (request.IsNonBlocking)
            return done > 0 ? done : -Errno.EAGAIN;
        var wait = new Wait([ReadinessKeys.Output(end.Pipe)], $"room in {machine.Pipes.Describe(end)}", done > 0 ? done : -Errno.ERESTARTSYS);
        return request.Block(wait with { Progress = done });
    }

    public override int Poll(LinuxMachine machine, OpenFile file)
    {
        PipeEnd end = EndOf(file);
        PipeState pipe = machine.Pipes[end.Pipe];
        int events = 0;
        if (file.MayRead)
        {
            events |= pipe.IsEmpty ? 0 : PollEvents.Input | PollEvents.NormalRead;
            events |= pipe.Writers == 0 && end.WritersBefore != pipe.WriterOpens ? PollEvents.HungUp : 0;
        }

        if (file.MayWrite)
        {
            events |= pipe.IsFull ? 0 : PollEvents.Output | PollEvents.NormalWrite;
            events |= pipe.Readers == 0 ? PollEvents.Error : 0;
        }

        return events;
    }

    public override ImmutableArray<WaitKey> WaitKeys(LinuxMachine machine, OpenFile file, int events) =>
    [
        .. file.MayRead ? [ReadinessKeys.Input(EndOf(file).Pipe)] : ImmutableArray<WaitKey>.Empty,
        .. file.MayWrite ? [ReadinessKeys.Output(EndOf(file).Pipe)] : ImmutableArray<WaitKey>.Empty,
    ];

    /// <summary>FIONREAD.</summary>
    public override long Control(FileRequest request, uint command, ulong argument) =>
        command != TerminalRequests.BytesThere ? -Errno.ENOTTY
        : request.Machine.Memory.TryWrite(argument, BitConverter.GetBytes((int)request.Machine.Pipes[EndOf(request.File).Pipe].Length)) ? 0
        : -Errno.EFAULT;

    public override FileStatus? Status(LinuxMachine machine, FileObject file) =>
        file is PipeEnd { Place: null } end ? machine.Pipes.StatusOf(end.Pipe) : base.Status(machine, file);

    /// <summary>Another end of the same pipe: open counts it, as it does the ends of FIFOs.</summary>
    public override FileObject? Reopen(FileObject file, int flags, out int error)
    {
        error = 0;
        return (PipeEnd)file with { WritersBefore = null };
    }

    public override string Describe(LinuxMachine machine, FileObject file) =>
        file is PipeEnd { Place: null } end ? Pipes.NameOf(end.Pipe) : base.Describe(machine, file);

    public override void Released(LinuxMachine machine, OpenFile file) => machine.Pipes.Close(EndOf(file).Pipe, file.MayRead, file.MayWrite);

    private static PipeEnd EndOf(OpenFile file) => (PipeEnd)file.Object;

    /// <summary>
    /// Adds what there is room for. What a write has beyond whole pages goes to the last buffer when that has room for all of it, once, when
    /// the write begins.
    /// </summary>
    private static long Fill(ref PipeState pipe, TransferBuffer source, long done, bool isFirst, bool makesPackets, out bool hasFaulted)
    {
        hasFaulted = false;
        Span<byte> page = stackalloc byte[PipeBuffer.Size];
        int rest = (int)(source.Length % PipeBuffer.Size);
        if (isFirst && rest > 0 && !pipe.IsEmpty && pipe.Buffers[^1].Takes(rest))
        {
            hasFaulted = source.Take(0, page[..rest]) < rest;
            if (hasFaulted)
                return 0;
            pipe = pipe.Grow(page[..rest]);
            done = rest;
        }

        while (done < source.Length && !pipe.IsFull)
        {
            Span<byte> step = page[..(int)Math.Min(PipeBuffer.Size, source.Length - done)];
            hasFaulted = source.Take(done, step) < step.Length;
            if (hasFaulted)
                break;
            pipe = pipe.Add(PipeBuffer.Of(step.ToArray(), makesPackets));
            done += step.Length;
        }

        return done;
    }
}
