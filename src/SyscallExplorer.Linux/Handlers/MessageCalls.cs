using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Sending and receiving through sockets, in all shapes. man 2 send, recv, sendmmsg, recvmmsg.</summary>
internal sealed class MessageCalls(LinuxMachine machine) : SocketCallFamily(machine)
{
    private const int MaxVectors = 1024;
    private const int MaxAddress = 128;

    private long Now => new EmulatedTime(Machine).SinceBoot;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("sendto", a => Send(a.Int(0), a[1], a[2], a.Int(3), a[4], a.Int(5))),
        ("recvfrom", a => Receive(a.Int(0), a[1], a[2], a.Int(3), a[4], a[5])),
        ("sendmsg", a => SendMessage(a.Int(0), a[1], a.Int(2), a.IsCompat)),
        ("recvmsg", a => ReceiveMessage(a.Int(0), a[1], a.Int(2), a.IsCompat)),
        ("sendmmsg", a => SendMessages(a.Int(0), a[1], (uint)a[2], a.Int(3), a.IsCompat)),
        ("recvmmsg", a => ReceiveMessages(a.Int(0), a[1], (uint)a[2], a.Int(3), new TimeOut(a[4], TimeOut.Wide), a.IsCompat)),
        ("recvmmsg_time32", a => ReceiveMessages(a.Int(0), a[1], (uint)a[2], a.Int(3), new TimeOut(a[4], TimeOut.Narrow), a.IsCompat)),
    ];

    public long Send(int descriptor, ulong buffer, ulong length, int flags, ulong address, int addressLength)
    {
        if (Find(descriptor, out FileRequest request, out SocketState? socket) is var error && socket is null)
            return error;
        var message = new OutgoingMessage(new UserBuffer(Memory, buffer, length), flags) { To = (address, address == 0 ? 0 : addressLength) };
        return CheckAddress(message) is var refused && refused != 0 ? refused : new SocketSender(request).Send(message);
    }

    public long Receive(int descriptor, ulong buffer, ulong length, int flags, ulong address, ulong addressLength)
    {
        if (Find(descriptor, out FileRequest request, out SocketState? socket) is var error && socket is null)
            return error;
        IncomingMessage message = new SocketReceiver(request).Receive(new UserBuffer(Memory, buffer, length), flags);
        foreach (int file in message.Result == Blocked ? [] : message.Rights)
            Machine.Files.Release(file);
        if (message.Result < 0 || address == 0)
            return message.Result;
        long told = message.From is null ? TellNone(addressLength) : new SocketNames(Machine).Tell(message.From, address, addressLength);
        return told < 0 ? told : message.Result;
    }

    public long SendMessage(int descriptor, ulong header, int flags, bool compat)
    {
        if (Find(descriptor, out FileRequest request, out SocketState? socket) is var error && socket is null)
            return error;
        if (ReadHeader(header, compat, out error) is not { } given)
            return error;
        if (ReadVectors(compat ? 4 : 8, given.Vectors, given.VectorCount, out error) is not { } parts)
            return error;
        var message = new OutgoingMessage(new UserBuffer(Memory, parts), flags)
        {
            To = (given.Name, given.Name == 0 ? 0 : given.NameLength > MaxAddress ? MaxAddress : given.NameLength),
        };
        error = CheckAddress(message);
        if (error != 0)
            return error;
        if (new MessageAttachments(Machine, compat).Read(message, given.Control, given.ControlLength, out error) is not { } whole)
            return error;
        return new SocketSender(request).Send(whole);
    }

    private MessageHeader? ReadHeader(ulong address, bool compat, out long error)
    {
        MessageHeader? header = MessageHeader.Read(Memory, address, compat);
        error = header is null ? -Errno.EFAULT : header.VectorCount > MaxVectors ? -Errno.EMSGSIZE : 0;
        return error == 0 ? header : null;
    }

    public long ReceiveMessage(int descriptor, ulong header, int flags, bool compat)
    {
        if (Find(descriptor, out FileRequest request, out SocketState? socket) is var error && socket is null)
            return error;
        if (ReadHeader(header, compat, out error) is not { } given)
            return error;
        if (given.Name != 0 && given.NameLength < 0)
            return -Errno.EINVAL;
        if (ReadVectors(compat ? 4 : 8, given.Vectors, given.VectorCount, out error) is not { } parts)
            return error;
        IncomingMessage message = new SocketReceiver(request).Receive(new UserBuffer(Memory, parts), flags);
        if (message.Result < 0)
            return message.Result;
        bool asks = Machine.Sockets.Find(socket.Number) is { Options.PassesCredentials: true };
        bool closes = (flags & MessageFlags.CloseOnExec) != 0;
        ulong used = new MessageAttachments(Machine, compat).Tell(message, given.Control, given.ControlLength, asks && message.IsThere, closes, out bool isCut);
        int told = message.Flags | (isCut ? MessageFlags.ControlTruncated : 0) | (flags & MessageFlags.CloseOnExec);
        byte[] from = message.From is null ? [] : UnixAddress.BytesOf(message.From);
        bool hasTold = given.Name == 0 || Memory.TryWrite(given.Name, from.AsSpan(0, Math.Min(from.Length, given.NameLength)));
        hasTold &= MessageHeader.TryTell(Memory, header, compat, given.Name == 0 ? null : from.Length, used, told);
        return hasTold ? message.Result : -Errno.EFAULT;
    }

    /// <summary>Several messages, until one cannot be sent; that is told only when it was the first.</summary>
    public long SendMessages(int descriptor, ulong headers, uint count, int flags, bool compat)
    {
        if (Find(descriptor, out _, out SocketState? socket) is var error && socket is null)
            return error;
        return Repeat(headers, Math.Min(count, MaxVectors), compat, (address, _) => SendMessage(descriptor, address, flags, compat), () => false, end: null, out _);
    }

    /// <summary>Several messages, until none is there or the time is over. The time is looked at when a message has come, and at no other time.</summary>
    public long ReceiveMessages(int descriptor, ulong headers, uint count, int flags, TimeOut timeOut, bool compat)
    {
        if (Find(descriptor, out _, out SocketState? socket) is var error && socket is null)
            return error;
        long? end = (Waited?.Progress as SeveralMessages)?.End;
        if (Waited is null && timeOut.Address != 0)
        {
            error = new TimespecReader(Memory).Read(timeOut.Address, timeOut.Word, compat, out long nanoseconds);
            if (error != 0)
                return error;
            end = TimespecReader.Add(Now, nanoseconds);
        }

        bool forOne = (flags & MessageFlags.WaitForOne) != 0;
        if (Waited is null && Machine.Sockets.TakeError(socket.Number) is var problem && problem != 0)
            return -problem;
        long received = Repeat(
            headers,
            count,
            compat,
            (address, done) => ReceiveMessage(descriptor, address, (flags & ~MessageFlags.WaitForOne) | (forOne && done > 0 ? MessageFlags.DontWait : 0), compat),
            () => end is { } time && Now >= time,
            end,
            out long failure);
        if (failure is not (0 or -Errno.EAGAIN or -Errno.EINTR or -Errno.ERESTARTSYS))
            Machine.Sockets.Set(Machine.Sockets[socket.Number] with { Error = (int)-failure });
        return received > 0 && end is { } until && !TellRemainder(timeOut, until, compat) ? -Errno.EFAULT : received;
    }

    /// <summary>Makes a call for each of several messages.</summary>
    /// <param name="headers">Where they are.</param>
    /// <param name="count">How many.</param>
    /// <param name="compat">Whether they are a 32-bit program's.</param>
    /// <param name="call">The call for the message at an address, by how many went before.</param>
    /// <param name="isOver">Whether no more are wanted, asked behind each.</param>
    /// <param name="end">When that will be, which the wait has to remember.</param>
    /// <param name="failure">The error that a message ended in after others, which the result does not tell; else 0.</param>
    /// <returns>How many messages, or an error of the first.</returns>
    private long Repeat(ulong headers, uint count, bool compat, Func<ulong, int, long> call, Func<bool> isOver, long? end, out long failure)
    {
        failure = 0;
        int done = 0;
        if (Waited?.Progress is SeveralMessages before)
        {
            done = before.Done;
            SetProgress(before.OfOne);
        }

        while (done < count)
        {
            ulong address = headers + (ulong)(done * MessageHeader.SizeOfCounted(compat));
            long result = call(address, done);
            if (result == Blocked)
            {
                SetProgress(new SeveralMessages(done, end, Waited?.Progress));
                return Blocked;
            }

            if (result >= 0)
                result = Math.Min(result, Give(address + (ulong)MessageHeader.SizeOf(compat), BitConverter.GetBytes((int)result)));
            if (result < 0)
            {
                failure = done > 0 ? result : 0;
                return done > 0 ? done : result;
            }

            done++;
            BeginNext();
            if (isOver())
                break;
        }

        return done;
    }

    /// <summary>The wait for one message says nothing about the next one, but that a signal is there.</summary>
    private void BeginNext()
    {
        if (Waited is { } wait)
            Task = Task with { Wait = wait with { Progress = null, Deadline = null }, Reason = Reason == WakeReason.Interrupted ? WakeReason.Interrupted : WakeReason.Woken };
    }

    /// <summary>Tells what is left of the time for several messages.</summary>
    private bool TellRemainder(TimeOut timeOut, long end, bool compat)
    {
        long left = Math.Max(0, end - Now), seconds = left / EmulatedTime.NanosecondsPerSecond, rest = left % EmulatedTime.NanosecondsPerSecond;
        var time = new CStructure(compat);
        time = timeOut.Word == TimeOut.Wide ? time.Int64(seconds).Int64(rest) : time.Int32((int)seconds).Int32((int)rest);
        return Memory.TryWrite(timeOut.Address, time.Bytes);
    }

    /// <summary>Addresses that cannot be read or have the wrong length are refused whatever the socket does with them.</summary>
    private long CheckAddress(OutgoingMessage message)
    {
        new SocketNames(Machine).ReadBytes(message.To.Address, message.To.Length, out long error);
        return error;
    }

    /// <summary>A sender without a name has no address at all here.</summary>
    private long TellNone(ulong length)
    {
        Span<byte> word = stackalloc byte[4];
        return !Memory.TryRead(length, word) ? -Errno.EFAULT
            : BinaryPrimitives.ReadInt32LittleEndian(word) < 0 ? -Errno.EINVAL
            : Give(length, [0, 0, 0, 0]);
    }

    /// <summary>Where a call for several messages stands.</summary>
    private sealed record SeveralMessages(int Done, long? End, object? OfOne);
}
