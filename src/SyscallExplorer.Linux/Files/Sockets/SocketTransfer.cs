namespace SyscallExplorer.Linux;

/// <summary>Flags of send and recv. include/linux/socket.h.</summary>
internal static class MessageFlags
{
    public const int OutOfBand = 0x1;
    public const int Peek = 0x2;
    public const int ControlTruncated = 0x8;
    public const int Truncated = 0x20;
    public const int DontWait = 0x40;
    public const int EndOfRecord = 0x80;
    public const int WaitAll = 0x100;
    public const int NoSignal = 0x4000;
    public const int WaitForOne = 0x10000;
    public const int CloseOnExec = 0x4000_0000;
}

/// <summary>What sending and receiving have in common.</summary>
internal abstract class SocketTransfer(FileRequest request)
{
    protected FileRequest Request => request;

    protected LinuxMachine Machine => request.Machine;

    protected int Number { get; } = ((SocketFile)request.File.Object).Socket;

    /// <summary>The socket as it is now.</summary>
    protected SocketState Socket => Machine.Sockets[Number];

    protected bool IsNonBlocking(int flags) => request.IsNonBlocking || (flags & MessageFlags.DontWait) != 0;

    /// <summary>Waits, or ends with what is done: when the call may not wait, when its time is over, when a signal came.</summary>
    /// <param name="key">What ends the wait.</param>
    /// <param name="what">What it waits for.</param>
    /// <param name="timeout">The socket's limit for it in nanoseconds, or null.</param>
    /// <param name="isNonBlocking">Whether the call may not wait.</param>
    /// <param name="done">Bytes that were moved.</param>
    /// <param name="progress">What the call has done, as it wants to find it again.</param>
    protected long Wait(WaitKey key, string what, long? timeout, bool isNonBlocking, long done = 0, object? progress = null)
    {
        WakeReason reason = request.Reason;
        if (isNonBlocking || reason == WakeReason.TimedOut)
            return done > 0 ? done : -Errno.EAGAIN;
        if (reason == WakeReason.Interrupted)
            return done > 0 ? done : timeout is null ? -Errno.ERESTARTSYS : -Errno.EINTR;
        long? deadline = Machine.Task.Wait?.Deadline is { } end ? end
            : timeout is { } nanoseconds ? TimespecReader.Add(new EmulatedTime(Machine).SinceBoot, nanoseconds)
            : null;
        return request.Block(new Wait([key], $"{what} socket {request.Descriptor}") { Deadline = deadline, Progress = progress, TellsOfSignals = true });
    }
}
