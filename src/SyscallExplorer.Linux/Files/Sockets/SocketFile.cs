using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>An open socket.</summary>
/// <param name="Socket">Which.</param>
internal sealed record SocketFile(int Socket) : FileObject
{
    public override FileOperations Operations => SocketFileOperations.Instance;
}

/// <summary>What works on sockets as on other files: read, write, poll, ioctl.</summary>
internal sealed class SocketFileOperations : FileOperations
{
    public static SocketFileOperations Instance { get; } = new();

    public override long Read(FileRequest request, TransferBuffer destination, long? position) =>
        destination.Length == 0 ? 0 : new SocketReceiver(request).Receive(destination, 0).Result;

    public override long Write(FileRequest request, TransferBuffer source, long? position) => new SocketSender(request).Send(new OutgoingMessage(source, 0));

    public override int Poll(LinuxMachine machine, OpenFile file)
    {
        const int input = PollEvents.Input | PollEvents.NormalRead, output = PollEvents.Output | PollEvents.NormalWrite | PollEvents.BandWrite;
        SocketState socket = SocketOf(machine, file);
        int events = socket.Error != 0 ? PollEvents.Error : 0;
        if (socket.ReceiveShut)
            events |= PollEvents.ReadHungUp | input;
        if ((socket.ReceiveShut && socket.SendShut) || (socket.IsConnectionBased && socket.Stage == SocketStage.Closed))
            events |= PollEvents.HungUp;
        if (!socket.Queue.IsEmpty || !socket.Pending.IsEmpty)
            events |= input;
        return socket.IsWritable && socket.Stage != SocketStage.Listening && !IsPeerFull(machine, socket) ? events | output : events;
    }

    /// <summary>A datagram socket is writable only when the queue of the one that it is connected to has room.</summary>
    public override ImmutableArray<WaitKey> WaitKeys(LinuxMachine machine, OpenFile file, int events)
    {
        SocketState socket = SocketOf(machine, file);
        ImmutableArray<WaitKey> keys = ReadinessKeys.For(socket.Number, events);
        return socket is { Type: SocketType.Datagram, Peer: not 0 } ? keys.Add(ReadinessKeys.Room(socket.Peer)) : keys;
    }

    public override long Control(FileRequest request, uint command, ulong argument)
    {
        SocketState socket = SocketOf(request.Machine, request.File);
        if (command is not (TerminalRequests.BytesThere or TerminalRequests.BytesToWrite))
            return -Errno.ENOTTY;
        if (command == TerminalRequests.BytesThere && socket.Stage == SocketStage.Listening)
            return -Errno.EINVAL;
        long count = command == TerminalRequests.BytesToWrite ? socket.Charged
            : socket.IsConnectionBased ? socket.Length
            : socket.Queue.IsEmpty ? 0 : socket.Queue[0].Bytes.Length;
        return request.Machine.Memory.TryWrite(argument, BitConverter.GetBytes((int)count)) ? 0 : -Errno.EFAULT;
    }

    public override FileStatus? Status(LinuxMachine machine, FileObject file) => machine.Sockets.StatusOf(((SocketFile)file).Socket);

    public override string Describe(LinuxMachine machine, FileObject file) => Sockets.NameOf(((SocketFile)file).Socket);

    public override void Released(LinuxMachine machine, OpenFile file) => machine.Sockets.Close(((SocketFile)file.Object).Socket);

    private static SocketState SocketOf(LinuxMachine machine, OpenFile file) => machine.Sockets[((SocketFile)file.Object).Socket];

    private static bool IsPeerFull(LinuxMachine machine, SocketState socket) =>
        !socket.IsStream && machine.Sockets.Find(socket.Peer) is { IsQueueFull: true } peer && peer.Peer != socket.Number;
}
