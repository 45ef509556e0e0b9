using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What a call sends.</summary>
/// <param name="Bytes">The bytes.</param>
/// <param name="Flags">MSG_ flags.</param>
internal sealed record OutgoingMessage(TransferBuffer Bytes, int Flags)
{
    /// <summary>An address in the program's memory, as the call gives it; length 0 for none.</summary>
    public (ulong Address, int Length) To { get; init; }

    /// <summary>SCM_RIGHTS: numbers of open files.</summary>
    public ImmutableArray<int> Rights { get; init; } = [];

    /// <summary>SCM_CREDENTIALS.</summary>
    public SocketCredentials? Credentials { get; init; }
}

/// <summary>Sending through a socket. man 2 send, man 7 unix.</summary>
internal sealed class SocketSender(FileRequest request) : SocketTransfer(request)
{
    private const int RoomForStructures = 64;
    private const int RoomForHeader = 32;

    public long Send(OutgoingMessage message) =>
        (message.Flags & MessageFlags.OutOfBand) != 0 ? -Errno.EOPNOTSUPP
        : Socket.IsStream ? SendBytes(message)
        : Socket.Type == SocketType.SequencedPacket && Socket.Stage != SocketStage.Connected ? -Errno.ENOTCONN
        : SendPacket(message);

    private long SendBytes(OutgoingMessage message)
    {
        if (message.To.Length != 0)
            return Socket.Stage == SocketStage.Connected ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
        if (Socket.Peer == 0)
            return -Errno.ENOTCONN;
        long done = Request.Progress is long before ? before : 0, length = message.Bytes.Length;
        bool begins = Request.Reason == WakeReason.Start;
        if (Socket.SendShut && begins)
            return Break(message, done);
        while (done < length)
        {
            SocketState socket = Socket;
            if (Machine.Sockets.TakeError(Number) is var error && error != 0)
                return done > 0 ? done : -error;

            // Who waits for room while the other side stops reading gets no signal.
            if (socket.SendShut)
                return done > 0 ? done : -Errno.EPIPE;
            if (socket.Charged >= socket.Options.SendBuffer)
                return WaitForRoom(message, done);
            byte[] bytes = new byte[(int)Math.Min(length - done, Math.Min(socket.Options.SendBuffer / 2 - RoomForStructures, SocketBufferSize.LargestOfStream))];
            if (message.Bytes.Take(done, bytes) < bytes.Length)
                return done > 0 ? done : -Errno.EFAULT;
            if (Machine.Sockets.Find(socket.Peer) is not { ReceiveShut: false } peer)
                return Break(message, done);
            Deliver(message, bytes, SocketBufferSize.OfStream(bytes.Length), peer, isFirst: done == 0);
            done += bytes.Length;
        }

        return done;
    }

    private long SendPacket(OutgoingMessage message)
    {
        UnixAddress? to = null;
        bool isAddressed = message.To.Length != 0 && Socket.Type == SocketType.Datagram;
        if (isAddressed && new SocketNames(Machine).Read(message.To.Address, message.To.Length, out to) is var refused && refused != 0)
            return refused;
        if (!isAddressed && Socket.Peer == 0)
            return -Errno.ENOTCONN;
        if (Socket.Options.PassesCredentials && Socket.Name is null && Socket.Type == SocketType.Datagram)
            Machine.Sockets.NameAutomatically(Number);
        if (message.Bytes.Length > Socket.Options.SendBuffer - RoomForHeader)
            return -Errno.EMSGSIZE;
        if (Machine.Sockets.TakeError(Number) is var error && error != 0)
            return -error;
        if (Socket.SendShut)
            return -Errno.EPIPE;
        if (Socket.Charged >= Socket.Options.SendBuffer)
            return WaitForRoom(message, 0);
        byte[] bytes = new byte[(int)message.Bytes.Length];
        if (message.Bytes.Take(0, bytes) < bytes.Length)
            return -Errno.EFAULT;
        long problem = 0;
        SocketState? target = to is not null ? new SocketNames(Machine).Resolve(to, Socket.Type, out problem) : FindPeer(out problem);
        if (target is null)
            return problem;
        if (target.Peer != 0 && target.Peer != Number)
            return -Errno.EPERM;
        if (target.ReceiveShut)
            return -Errno.EPIPE;
        if (target.Peer != Number && target.IsQueueFull)
            return Wait(ReadinessKeys.Room(target.Number), "room for a datagram from", Socket.Options.SendTimeout, IsNonBlocking(message.Flags));
        Deliver(message, bytes, SocketBufferSize.OfDatagram(bytes.Length), target, isFirst: true);
        return bytes.Length;
    }

    /// <summary>The socket that this one is connected to. One that is gone is found out once, and then forgotten.</summary>
    private SocketState? FindPeer(out long error)
    {
        error = 0;
        if (Machine.Sockets.Find(Socket.Peer) is { } peer)
            return peer;
        error = -Errno.ECONNREFUSED;
        if (Socket.Type == SocketType.Datagram)
            Machine.Sockets.Associate(Number, null);
        else
            error = -Errno.EPIPE;
        return null;
    }

    private void Deliver(OutgoingMessage message, byte[] bytes, int charge, SocketState target, bool isFirst)
    {
        bool isAsked = Socket.Options.PassesCredentials || target.Options.PassesCredentials || !target.IsAccepted;
        Machine.Sockets.Deliver(
            new SocketMessage(bytes, Number, charge)
            {
                From = Socket.Name,
                Rights = isFirst ? message.Rights : [],
                Credentials = message.Credentials ?? (isAsked ? SocketCredentials.Of(Machine.Process) : null),
            },
            target.Number);
    }

    private long WaitForRoom(OutgoingMessage message, long done) =>
        Wait(ReadinessKeys.Output(Number), "room in", Socket.Options.SendTimeout, IsNonBlocking(message.Flags), done, done);

    /// <summary>Nobody reads any more: SIGPIPE, unless bytes were sent before or the call asks for none.</summary>
    private long Break(OutgoingMessage message, long done) =>
        done > 0 ? done : (message.Flags & MessageFlags.NoSignal) != 0 ? -Errno.EPIPE : Request.BreakPipe();
}
