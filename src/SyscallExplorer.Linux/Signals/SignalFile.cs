namespace SyscallExplorer.Linux;

/// <summary>What signalfd opens: reading it takes signals of a set. man 2 signalfd.</summary>
/// <param name="Mask">The set.</param>
internal sealed record SignalFile(ulong Mask) : FileObject
{
    public override FileOperations Operations => SignalFileOperations.Instance;

    /// <summary>What those wait for who wait for a signal of a task or of those who share its handlers.</summary>
    public static WaitKey KeyOf(TaskState task) => new(WaitKind.Signal, (ulong)task.Handlers);
}

/// <summary>Reads signals of the reader, whoever opened the file.</summary>
internal sealed class SignalFileOperations : FileOperations
{
    public static SignalFileOperations Instance { get; } = new();

    public override long Read(FileRequest request, TransferBuffer destination, long? position)
    {
        LinuxMachine machine = request.Machine;
        if (position is not null)
            return -Errno.ESPIPE;
        if (request.File.Object is not SignalFile file || destination.Length < SignalFileRecord.Size)
            return -Errno.EINVAL;
        int done = 0;
        while (done + SignalFileRecord.Size <= destination.Length && machine.Signals.Dequeue(~file.Mask) is { } info)
        {
            if (destination.Put(done, SignalFileRecord.Of(info)) < SignalFileRecord.Size)
                return done > 0 ? done : -Errno.EFAULT;
            done += SignalFileRecord.Size;
        }

        if (done > 0)
            return done;
        return request.IsNonBlocking ? -Errno.EAGAIN : machine.Tasks.Block(new Wait([SignalFile.KeyOf(machine.Task)], "a signal in signalfd"));
    }

    public override int Poll(LinuxMachine machine, OpenFile file) =>
        file.Object is SignalFile signals && ((machine.Task.Signals.Pending | machine.Process.Signals.Pending) & signals.Mask) != 0 ? PollEvents.Input : 0;

    public override System.Collections.Immutable.ImmutableArray<WaitKey> WaitKeys(LinuxMachine machine, OpenFile file, int events) => [SignalFile.KeyOf(machine.Task)];

    public override string Describe(LinuxMachine machine, FileObject file) => "anon_inode:[signalfd]";
}
