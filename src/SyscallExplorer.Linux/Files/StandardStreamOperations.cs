using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// The standard streams. Without a terminal they are pipes: input is there from the start and its writer is gone, output is always taken./// </summary>
internal sealed class StandardStreamOperations : FileOperations
{
    private const int Step = 1 << 20;
    private const string TerminalName = "/dev/pts/0";

    public static StandardStreamOperations Instance { get; } = new();

    public override long Read(FileRequest request, TransferBuffer destination, long? position)
    {
        LinuxMachine machine = request.Machine;
        FileContent content = machine.TakeInput();
        long from = machine.State.InputPosition;
        byte[] bytes = new byte[(int)Math.Min(destination.Length, Math.Max(0, content.Length - from))];
        content.Read(from, bytes);
        if (destination.Put(0, bytes) < bytes.Length)
            return -Errno.EFAULT;
        machine.State = machine.State with { InputPosition = from + bytes.Length };
        return bytes.Length;
    }

    public override long Write(FileRequest request, TransferBuffer source, long? position)
    {
        long done = 0;
        byte[] bytes = new byte[(int)Math.Min(source.Length, Step)];
        while (done < source.Length)
        {
            Span<byte> step = bytes.AsSpan(0, (int)Math.Min(Step, source.Length - done));
            if (source.Take(done, step) < step.Length)
                return done > 0 ? done : -Errno.EFAULT;
            if (Deliver(request, step) is var error && error != 0)
                return done > 0 ? done : error == -Errno.EPIPE ? request.BreakPipe() : error;
            done += step.Length;
        }

        return done;
    }

    public override int Poll(LinuxMachine machine, OpenFile file)
    {
        bool hasInput = machine.State.InputPosition < machine.TakeInput().Length;
        int input = (hasInput ? PollEvents.Input | PollEvents.NormalRead : 0) | PollEvents.HungUp;
        const int output = PollEvents.Output | PollEvents.NormalWrite;
        return StreamOf(file.Object) switch
        {
            StandardStreamKind.Input => input,
            StandardStreamKind.Terminal => (hasInput ? PollEvents.Input | PollEvents.NormalRead : 0) | output,
            _ => output,
        };
    }

    public override long Control(FileRequest request, uint command, ulong argument)
    {
        LinuxMachine machine = request.Machine;
        if (command == TerminalRequests.BytesThere)
        {
            long left = StreamOf(request.File.Object) is StandardStreamKind.Output or StandardStreamKind.Error ? 0 : machine.TakeInput().Length - machine.State.InputPosition;
            return Give(machine, argument, BitConverter.GetBytes((int)left));
        }

        if (machine.State.Terminal is not { } terminal)
            return -Errno.ENOTTY;
        switch (command)
        {
            case TerminalRequests.GetAttributes:
                return Give(machine, argument, terminal.Attributes.AsSpan());
            case TerminalRequests.SetAttributes or TerminalRequests.SetAttributesDrained or TerminalRequests.SetAttributesFlushed:
                return Take(machine, argument, terminal.Attributes.Length) is { } attributes ? Set(machine, terminal with { Attributes = [.. attributes] }) : -Errno.EFAULT;
            case TerminalRequests.GetWindowSize:
                return Give(machine, argument, terminal.WindowSize.AsSpan());
            case TerminalRequests.SetWindowSize:
                return Take(machine, argument, terminal.WindowSize.Length) is { } size ? Set(machine, terminal with { WindowSize = [.. size] }) : -Errno.EFAULT;
            case TerminalRequests.GetGroup:
                return Give(machine, argument, BitConverter.GetBytes(terminal.Group));
            case TerminalRequests.GetSession:
                return Give(machine, argument, BitConverter.GetBytes(TaskIdentity.ParentPid));
            case TerminalRequests.SetGroup:
                return Take(machine, argument, 4) is { } group ? SetGroup(machine, terminal, BinaryPrimitives.ReadInt32LittleEndian(group)) : -Errno.EFAULT;
            case TerminalRequests.BytesToWrite:
                return Give(machine, argument, [0, 0, 0, 0]);
            case TerminalRequests.SendBreak or TerminalRequests.FlowControl or TerminalRequests.Flush:
                return 0;
            default:
                return -Errno.ENOTTY;
        }
    }

    /// <summary>A pipe for each stream, or the one terminal for all.</summary>
    public override FileStatus? Status(LinuxMachine machine, FileObject file)
    {
        const int pipes = 13, firstPipe = 1001;
        var times = FileTimes.At(machine.Kernel.ReleaseTime * EmulatedTime.NanosecondsPerSecond);
        return machine.State.Terminal is not null && (file.Location ?? machine.Vfs.FindAsOwner(TerminalName)) is { } place
            ? machine.Vfs.StatusOf(place.Node)
            : new FileStatus(new(0, pipes), firstPipe + (int)StreamOf(file), Octal.Pipe600, 1, TaskIdentity.Uid, TaskIdentity.Gid, 0, times);
    }

    public override FileObject? Reopen(FileObject file, int flags, out int error)
    {
        error = 0;
        return file;
    }

    public override string Describe(LinuxMachine machine, FileObject file) =>
        file.Location is not null ? base.Describe(machine, file)
        : machine.State.Terminal is not null ? TerminalName
        : $"pipe:[{Status(machine, file)?.Inode}]";

    private static long Deliver(FileRequest request, ReadOnlySpan<byte> bytes)
    {
        LinuxMachine machine = request.Machine;
        if (machine.State.OutputBytes + bytes.Length > machine.Limits.OutputBytes)
        {
            machine.Exceeded(LimitKind.Output);
            return -Errno.EFBIG;
        }

        machine.State = machine.State with { OutputBytes = machine.State.OutputBytes + bytes.Length };
        bool isError = StreamOf(request.File.Object) == StandardStreamKind.Error;
        if (machine.Streams is { } streams)
            return (isError ? streams.TryWriteError(bytes) : streams.TryWriteOutput(bytes)) ? 0 : -Errno.EPIPE;
        FileContent content = isError ? machine.State.Error : machine.State.Output;
        content = content.Write(content.Length, bytes);
        machine.State = isError ? machine.State with { Error = content } : machine.State with { Output = content };
        return 0;
    }

    private static StandardStreamKind StreamOf(FileObject file) => ((StandardStream)file).Stream;

    private static long SetGroup(LinuxMachine machine, TerminalState terminal, int group) => group < 0 ? -Errno.EINVAL : Set(machine, terminal with { Group = group });

    private static long Set(LinuxMachine machine, TerminalState terminal)
    {
        machine.State = machine.State with { Terminal = terminal };
        return 0;
    }

    private static long Give(LinuxMachine machine, ulong address, ReadOnlySpan<byte> bytes) => machine.Memory.TryWrite(address, bytes) ? 0 : -Errno.EFAULT;

    private static byte[]? Take(LinuxMachine machine, ulong address, int count)
    {
        byte[] bytes = new byte[count];
        return machine.Memory.TryRead(address, bytes) ? bytes : null;
    }
}
