using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A call on an open file.</summary>
/// <param name="Machine">Where.</param>
/// <param name="Descriptor">By which descriptor.</param>
/// <param name="Number">The number of the open file.</param>
/// <param name="File">The open file.</param>
internal readonly record struct FileRequest(LinuxMachine Machine, int Descriptor, int Number, OpenFile File)
{
    /// <summary>O_NONBLOCK: a call that would wait returns -EAGAIN instead.</summary>
    public bool IsNonBlocking => (File.Flags & OpenFlags.NonBlocking) != 0;

    /// <summary>What a call that waits has done so far; null when it begins.</summary>
    public object? Progress => Machine.Task.Wait?.Progress;

    /// <summary>Why the call is asked.</summary>
    public WakeReason Reason => Machine.Task.Wait is null ? WakeReason.Start : Machine.Task.Reason;

    /// <summary>Moves the position of the open file.</summary>
    public void MoveTo(long offset) => Update(File with { Offset = offset });

    /// <summary>Changes the open file.</summary>
    public void Update(OpenFile file) => Machine.Files.Change(Number, file);

    /// <summary>Puts the caller to sleep; the file stays open until the call ends, whatever becomes of its descriptor.</summary>
    /// <returns>What the operation returns then.</returns>
    public long Block(Wait wait) => Machine.Tasks.Block(wait with { Files = wait.Files.Add(new HeldFile(Descriptor, Number)) });

    /// <summary>A write that nobody will ever read: SIGPIPE, and -EPIPE unless some of it was written before.</summary>
    public long BreakPipe(long done = 0)
    {
        Machine.Signals.Send(Machine.Task, SignalNumbers.SIGPIPE);
        return done > 0 ? done : -Errno.EPIPE;
    }
}

/// <summary>
/// What the calls on descriptors do with one kind of file. What a kind does not override it does not have, and the answer is the one that
/// Linux gives for a file without that operation. Results are a call's: a count, or a negative error number, or whatever a call that
/// blocks returns, which callers pass on as it is.
/// </summary>
/// <remarks>
/// A kind of file that somebody can wait for, such as a counter, a timer or a queue:
/// <list type="number">
/// <item>Keep what changes in a dictionary of <see cref="KernelState"/> by an object number (<see cref="KernelState.NextObject"/>), and that number in
/// the <see cref="FileObject"/>.</item>
/// <item>Override <see cref="Poll"/>, and <see cref="WaitKeys"/> with <see cref="ReadinessKeys.For"/> and the number.</item>
/// <item>Where nothing can be read, return -EAGAIN if <see cref="FileRequest.IsNonBlocking"/>, else
/// <c>request.Block(new Wait([ReadinessKeys.Input(number)], "what it waits for"))</c>. The operation is asked again from its beginning;
/// <see cref="FileRequest.Progress"/> is what it left in <see cref="Wait.Progress"/>.</item>
/// <item>Whatever makes it readable or writable calls <c>machine.Tasks.Wake</c> with that key: readers, poll, select and epoll all hear of it.</item>
/// <item>Override <see cref="Released"/> to forget the state.</item>
/// </list>
/// </remarks>
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

    /// <summary>Whether epoll takes it: files that are always ready tell of nothing.</summary>
    public virtual bool TellsOfReadiness(OpenFile file) => true;

    /// <summary>What tells of a change of <see cref="Poll"/>, for those who ask for some events; nothing where it never changes.</summary>
    public virtual ImmutableArray<WaitKey> WaitKeys(LinuxMachine machine, OpenFile file, int events) => [];

    /// <summary>ioctl, but for what works on every file.</summary>
    public virtual long Control(FileRequest request, uint command, ulong argument) => -Errno.ENOTTY;

    /// <summary>Commands of fcntl that only this kind of file knows, such as F_GETPIPE_SZ.</summary>
    public virtual long FileControl(FileRequest request, int command, ulong argument) => -Errno.EINVAL;

    /// <summary>What fstat tells; null when the file is gone.</summary>
    public virtual FileStatus? Status(LinuxMachine machine, FileObject file) =>
        file.Location is { } location ? machine.Vfs.SystemOf(location.Node)?.StatusOf(location.Node) : AnonymousInode.StatusOn(machine);

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
    public const int BandRead = 0x080;
    public const int NormalWrite = 0x100;
    public const int BandWrite = 0x200;
    public const int ReadHungUp = 0x2000;
    public const int AlwaysReady = Input | Output | NormalRead | NormalWrite;

    /// <summary>Those that are told without being asked for.</summary>
    public const int AlwaysTold = Error | HungUp | Invalid;
}
