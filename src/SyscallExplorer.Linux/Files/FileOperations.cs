namespace SyscallExplorer.Linux;

/// <summary>A call on an open file.</summary>
/// <param name="Machine">Where.</param>
/// <param name="Descriptor">By which descriptor.</param>
/// <param name="File">The open file.</param>
internal readonly record struct FileRequest(LinuxMachine Machine, int Descriptor, OpenFile File)
{
    /// <summary>O_NONBLOCK: a call that would wait returns -EAGAIN instead.</summary>
    public bool IsNonBlocking => (File.Flags & OpenFlags.NonBlocking) != 0;

    /// <summary>Moves the position of the open file.</summary>
    public void MoveTo(long offset) => Machine.Files.Update(Descriptor, File with { Offset = offset });
}

/// <summary>
/// What the calls on descriptors do with one kind of file. What a kind does not override it does not have, and the answer is the one that
/// Linux gives for a file without that operation. Results are a call's: a count, or a negative error number, or whatever a call that
/// blocks returns, which callers pass on as it is.
/// </summary>
internal abstract class FileOperations
{
    /// <summary>Whether the file has positions: without them pread and lseek are -ESPIPE.</summary>
    public virtual bool HasPositions => false;

    /// <summary>Copies bytes to the program: from a position, or from the open file's, which then moves.</summary>
    public virtual long Read(FileRequest request, TransferBuffer destination, long? position) => -Errno.EINVAL;

    /// <summary>Takes bytes from the program: to a position, or to the open file's, which then moves.</summary>
    public virtual long Write(FileRequest request, TransferBuffer source, long? position) => -Errno.EINVAL;

    /// <summary>lseek.</summary>
    public virtual long Seek(FileRequest request, long offset, SeekFrom whence) => -Errno.ESPIPE;

    /// <summary>The names of a directory.</summary>
    public virtual long ReadDirectory(FileRequest request, DirectoryEntryWriter writer) => -Errno.ENOTDIR;

    /// <summary>Which of the events of <see cref="PollEvents"/> hold now.</summary>
    public virtual int Poll(LinuxMachine machine, OpenFile file) => PollEvents.AlwaysReady;

    /// <summary>ioctl, but for what works on every file.</summary>
    public virtual long Control(FileRequest request, uint command, ulong argument) => -Errno.ENOTTY;

    /// <summary>Commands of fcntl that only this kind of file knows, such as F_GETPIPE_SZ.</summary>
    public virtual long FileControl(FileRequest request, int command, ulong argument) => -Errno.EINVAL;

    /// <summary>What fstat tells; null when the file is gone.</summary>
    public virtual FileStatus? Status(LinuxMachine machine, FileObject file) =>
        file.Location is { } location ? machine.Vfs.SystemOf(location.Node)?.StatusOf(location.Node) : null;

    /// <summary>ftruncate.</summary>
    public virtual long Truncate(FileRequest request, long length) => -Errno.EINVAL;

    /// <summary>fsync and its relatives.</summary>
    public virtual long Synchronise(FileRequest request) => -Errno.EINVAL;

    /// <summary>What opening /proc/self/fd/N gives for a file without a name; null with an error.</summary>
    public virtual FileObject? Reopen(FileObject file, int flags, out int error)
    {
        error = -Errno.ENXIO;
        return null;
    }

    /// <summary>The name that /proc/self/fd shows.</summary>
    public virtual string Describe(LinuxMachine machine, FileObject file) => file.Location is { } location ? machine.Vfs.PathOf(location) : "anon_inode:[file]";

    /// <summary>Called once when the last descriptor of an open file is closed.</summary>
    public virtual void Released(LinuxMachine machine, OpenFile file)
    {
    }
}

/// <summary>lseek's whence. include/uapi/linux/fs.h.</summary>
internal enum SeekFrom
{
    Start,
    Here,
    End,
    Data,
    Hole,
}

/// <summary>Events of poll. include/uapi/asm-generic/poll.h.</summary>
internal static class PollEvents
{
    public const int Input = 0x001;
    public const int Priority = 0x002;
    public const int Output = 0x004;
    public const int Error = 0x008;
    public const int HungUp = 0x010;
    public const int Invalid = 0x020;
    public const int NormalRead = 0x040;
    public const int NormalWrite = 0x100;
    public const int AlwaysReady = Input | Output | NormalRead | NormalWrite;

    /// <summary>Those that are told without being asked for.</summary>
    public const int AlwaysTold = Error | HungUp | Invalid;
}
