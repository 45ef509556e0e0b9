namespace SyscallExplorer.Linux;

/// <summary>The inode that all files share that have neither a name nor an inode of their own: eventfd, epoll, signalfd and their like.</summary>
internal static class AnonymousInode
{
    private const int FileSystemMinor = 14;
    private const int Number = 1024;
    private const int ReadWriteByOwnerOnly = 0x180;

    /// <summary>What fstat tells of it: it has permissions and no kind.</summary>
    public static FileStatus StatusOn(LinuxMachine machine)
    {
        var times = FileTimes.At(machine.Kernel.ReleaseTime * EmulatedTime.NanosecondsPerSecond);
        return new FileStatus(new DeviceNumber(0, FileSystemMinor), Number, ReadWriteByOwnerOnly, 1, 0, 0, 0, times);
    }
}
