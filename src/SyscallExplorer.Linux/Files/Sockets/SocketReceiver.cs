using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What a call has received.</summary>
/// <param name="Result">The call's result: bytes, an error, or <see cref="HostedCalls.Blocked"/>.</param>
internal sealed record IncomingMessage(long Result)
{
    /// <summary>Whether a message was there, of which the other members tell.</summary>
    public bool IsThere { get; init; }

    public UnixAddress? From { get; init; }

    public SocketCredentials? Credentials { get; init; }

    /// <summary>Open files that came with it. The caller has them, and must open or release them.</summary>
    public ImmutableArray<int> Rights { get; init; } = [];

    /// <summary>What msg_flags tells: MSG_TRUNC.</summary>
    public int Flags { get; init; }
}

/// <summary>Receiving from a socket. man 2 recv, man 7 unix.</summary>
internal sealed class SocketReceiver(FileRequest request) : SocketTransfer(request)
{
    public IncomingMessage Receive(TransferBuffer destination, int flags) =>
        (flags & MessageFlags.OutOfBand) != 0 ? new(Socket.IsStream && Socket.Stage != SocketStage.Connected ? -Errno.EINVAL : -Errno.EOPNOTSUPP)
        : !Socket.IsStream ? ReceivePacket(destination, flags)
        : Socket.Stage != SocketStage.Connected ? new(-Errno.EINVAL)
        : (flags & MessageFlags.Peek) != 0 ? PeekBytes(destination, flags)
        : ReceiveBytes(destination, flags);

    /// <summary>Bytes of several messages make one, but not across files that came along, nor across senders where the program asks for them.</summary>
    private IncomingMessage ReceiveBytes(TransferBuffer destination, int flags)
    {
        IncomingMessage received = Request.Progress as IncomingMessage ?? new(0);
        long least = (flags & MessageFlags.WaitAll) != 0 ? destination.Length : Math.Min(Socket.Options.LowWater, destination.Length), target = Math.Max(least, 1);
        do
        {
            SocketState socket = Socket;
            if (socket.Queue.IsEmpty)
                return received.Result >= target ? received : AwaitBytes(received, flags);
            SocketMessage message = socket.Queue[0];
            if (IsOfAnother(received, message))
                break;
            int count = (int)Math.Min(message.Bytes.Length, destination.Length - received.Result);
            if (destination.Put(received.Result, message.Bytes.Span[..count]) < count)
                return received.Result > 0 ? received : received with { Result = -Errno.EFAULT };
            received = Joined(received, message, count);
            if (count < message.Bytes.Length)
            {
                Machine.Sockets.Set(socket with { Queue = socket.Queue.SetItem(0, message with { Bytes = message.Bytes[count..], Rights = [] }) });
                break;
            }

            Machine.Sockets.Take(Number);
            if (!message.Rights.IsEmpty)
                break;
        }
        while (received.Result < destination.Length);
        return received;
    }

    private IncomingMessage PeekBytes(TransferBuffer destination, int flags)
    {
        if (Socket.Queue.IsEmpty)
            return AwaitBytes(new(0), flags);
        IncomingMessage received = new(0);
        foreach (SocketMessage message in Socket.Queue)
        {
            if (IsOfAnother(received, message))
                break;
            int count = (int)Math.Min(message.Bytes.Length, destination.Length - received.Result);
            if (destination.Put(received.Result, message.Bytes.Span[..count]) < count)
                return received.Result > 0 ? received : received with { Result = -Errno.EFAULT };
            received = Joined(received, Copied(message), count);
            if (!message.Rights.IsEmpty || received.Result >= destination.Length)
                break;
        }

        return received;
    }

    private bool IsOfAnother(IncomingMessage received, SocketMessage message) =>
        received.IsThere && Socket.Options.PassesCredentials && received.Credentials != message.Credentials;

    private static IncomingMessage Joined(IncomingMessage received, SocketMessage message, int count) => received with
    {
        Result = received.Result + count,
        IsThere = true,
        From = received.From ?? message.From,
        Credentials = received.IsThere ? received.Credentials : message.Credentials,
        Rights = received.Rights.AddRange(message.Rights),
    };

    /// <summary>No bytes are left: an error, the end of the stream, or a wait.</summary>
    private IncomingMessage AwaitBytes(IncomingMessage received, int flags)
    {
        if (Machine.Sockets.TakeError(Number) is var error && error != 0)
            return received.Result > 0 ? received : received with { Result = -error };
        if (Socket.ReceiveShut)
            return received;
        return received with
        {
            Result = Wait(ReadinessKeys.Input(Number), "bytes from", Socket.Options.ReceiveTimeout, IsNonBlocking(flags), received.Result, received),
        };
    }

    /// <summary>One message, whose rest is lost where it is longer than the buffer.</summary>
    private IncomingMessage ReceivePacket(TransferBuffer destination, int flags)
    {
        if (Socket.Type == SocketType.SequencedPacket && Socket.Stage != SocketStage.Connected)
            return new(-Errno.ENOTCONN);
        if (Machine.Sockets.TakeError(Number) is var error && error != 0)
            return new(-error);
        if (Socket.Queue.IsEmpty)
            return new(AwaitPacket(flags));
        SocketMessage message = Socket.Queue[0];
        int count = (int)Math.Min(message.Bytes.Length, destination.Length);
        bool hasArrived = destination.Put(0, message.Bytes.Span[..count]) == count;
        if ((flags & MessageFlags.Peek) != 0)
            message = Copied(message);
        else
            Machine.Sockets.Take(Number);
        if (!hasArrived)
        {
            foreach (int file in message.Rights)
                Machine.Files.Release(file);
            return new(-Errno.EFAULT);
        }

        bool isCut = count < message.Bytes.Length;
        return new((flags & MessageFlags.Truncated) != 0 ? message.Bytes.Length : count)
        {
            IsThere = true,
            From = message.From,
            Credentials = message.Credentials,
            Rights = message.Rights,
            Flags = isCut ? MessageFlags.Truncated : 0,
        };
    }

    /// <summary>A connection that has ended reads as ended; a datagram socket only for who would wait.</summary>
    private long AwaitPacket(int flags) =>
        Socket.ReceiveShut && (Socket.Type == SocketType.SequencedPacket || !IsNonBlocking(flags))
            ? 0
            : Wait(ReadinessKeys.Input(Number), "a message from", Socket.Options.ReceiveTimeout, IsNonBlocking(flags));

    /// <summary>A message that stays in the queue: whoever looks at it gets its files all the same.</summary>
    private SocketMessage Copied(SocketMessage message)
    {
        foreach (int file in message.Rights)
            Machine.Files.Hold(file);
        return message;
    }
}
