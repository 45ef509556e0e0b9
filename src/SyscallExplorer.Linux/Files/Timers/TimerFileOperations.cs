using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Reads how often a timer has gone off since it was read last.</summary>
internal sealed class TimerFileOperations : FileOperations
{
    private const int CounterSize = 8;

    public static TimerFileOperations Instance { get; } = new();

    public override long Read(FileRequest request, TransferBuffer destination, long? position)
    {
        LinuxMachine machine = request.Machine;
        if (position is not null)
            return -Errno.ESPIPE;
        if (request.File.Object is not TimerFile file || destination.Length < CounterSize)
            return -Errno.EINVAL;
        if (machine.TimerFiles[file.Number].Expirations == 0)
            return request.IsNonBlocking ? -Errno.EAGAIN : request.Block(new Wait([TimerFiles.KeyOf(file.Number)], "a timer's descriptor"));
        return destination.Put(0, BitConverter.GetBytes(machine.TimerFiles.Take(file.Number))) == CounterSize ? CounterSize : -Errno.EFAULT;
    }

    public override int Poll(LinuxMachine machine, OpenFile file) =>
        file.Object is TimerFile timer && machine.TimerFiles[timer.Number].Expirations > 0 ? PollEvents.Input : 0;

    public override ImmutableArray<WaitKey> WaitKeys(LinuxMachine machine, OpenFile file, int events) =>
        file.Object is TimerFile timer ? [TimerFiles.KeyOf(timer.Number)] : [];

    public override string Describe(LinuxMachine machine, FileObject file) => "anon_inode:[timerfd]";

    public override void Released(LinuxMachine machine, OpenFile file)
    {
        if (file.Object is TimerFile timer)
            machine.TimerFiles.Release(timer.Number);
    }
}
