using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>What moves bytes: read and write in all their shapes, and from one file to another.</summary>
internal sealed class TransferCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    private const int Step = 1 << 16;
    private const int HighPriority = 1;
    private const int DataSync = 2;
    private const int Sync = 4;
    private const int NoWait = 8;
    private const int Append = 16;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("hosted_read", a => Read(a.Int(0), new UserBuffer(Memory, a[1], a[2]), null)),
        ("hosted_write", a => Write(a.Int(0), new UserBuffer(Memory, a[1], a[2]), null)),
        ("readv", a => Vectored(a, FileKind.MayRead, null)),
        ("writev", a => Vectored(a, FileKind.MayWrite, null)),
        ("preadv", a => At(a, FileKind.MayRead, PositionOf(a))),
        ("pwritev", a => At(a, FileKind.MayWrite, PositionOf(a))),
        ("preadv2", a => AtWithFlags(a, FileKind.MayRead)),
        ("pwritev2", a => AtWithFlags(a, FileKind.MayWrite)),
        ("pread64", a => ReadAt(a, (long)a[3])),
        ("pwrite64", a => WriteAt(a, (long)a[3])),
        ("ia32_pread64", a => ReadAt(a, Joined(a, 3))),
        ("ia32_pwrite64", a => WriteAt(a, Joined(a, 3))),
        ("sendfile", a => SendFile(a, WordSize(a))),
        ("sendfile64", a => SendFile(a, 8)),
        ("copy_file_range", CopyRange),
    ];

    private long Read(int descriptor, TransferBuffer buffer, long? position) =>
        Request(descriptor) is { File.MayRead: true } request ? request.File.Operations.Read(request, buffer, position) : -Errno.EBADF;

    private long Write(int descriptor, TransferBuffer buffer, long? position)
    {
        if (Request(descriptor) is not { File.MayWrite: true } request)
            return -Errno.EBADF;
        long result = request.File.Operations.Write(request, buffer, position);
        if (result == -Errno.EFBIG && request.File.Object is RegularFile)
            Machine.Signals.Send(Task, SignalNumbers.SIGXFSZ);
        return result;
    }

    private long ReadAt(SyscallArguments arguments, long position) =>
        CheckPosition(arguments.Int(0), position) is var error && error != 0 ? error : Read(arguments.Int(0), new UserBuffer(Memory, arguments[1], arguments[2]), position);

    private long WriteAt(SyscallArguments arguments, long position) =>
        CheckPosition(arguments.Int(0), position) is var error && error != 0 ? error : Write(arguments.Int(0), new UserBuffer(Memory, arguments[1], arguments[2]), position);

    private long CheckPosition(int descriptor, long position) =>
        position < 0 ? -Errno.EINVAL
        : FindFile(descriptor) is not { } file ? -Errno.EBADF
        : file.Operations.HasPositions ? 0 : -Errno.ESPIPE;

    private long Vectored(SyscallArguments arguments, int right, long? position)
    {
        int descriptor = arguments.Int(0);
        if (FindFile(descriptor) is not { } file || (file.Rights & right) == 0)
            return -Errno.EBADF;
        if (ReadVectors(arguments, arguments[1], arguments[2], out long error) is not { } parts)
            return error;
        var buffer = new UserBuffer(Memory, parts);
        return right == FileKind.MayRead ? Read(descriptor, buffer, position) : Write(descriptor, buffer, position);
    }

    private long At(SyscallArguments arguments, int right, long position) =>
        CheckPosition(arguments.Int(0), position) is var error && error != 0 ? error : Vectored(arguments, right, position);

    /// <summary>Position -1 means that of the open file. RWF_APPEND is the only flag that changes what happens with files in memory.</summary>
    private long AtWithFlags(SyscallArguments arguments, int right)
    {
        int flags = arguments.Int(5);
        if ((flags & ~(HighPriority | DataSync | Sync | NoWait | Append)) != 0)
            return -Errno.EOPNOTSUPP;
        long position = PositionOf(arguments);
        if (right == FileKind.MayRead && (flags & Append) != 0)
            return -Errno.EOPNOTSUPP;
        if ((flags & Append) == 0 || FindFile(arguments.Int(0)) is not { Operations.HasPositions: true } file)
            return position == -1 ? Vectored(arguments, right, null) : At(arguments, right, position);
        long end = file.Operations.Status(Machine, file.Object)?.Size ?? 0;
        long done = Vectored(arguments, right, end);
        if (done > 0 && position == -1)
            Machine.Files.Update(arguments.Int(0), file with { Offset = end + done });
        return done;
    }

    /// <summary>Two words, of which 64-bit programs need the first only.</summary>
    private static long PositionOf(SyscallArguments arguments) => arguments.IsCompat ? Joined(arguments, 3) : (long)arguments[3];

    /// <summary>From a file with bytes of its own only: Linux 5.13 has no way to splice from a pipe or a device here.</summary>
    private long SendFile(SyscallArguments arguments, int offsetSize)
    {
        int target = arguments.Int(0), source = arguments.Int(1);
        if (FindFile(source) is not { MayRead: true } input || FindFile(target) is not { MayWrite: true } output)
            return -Errno.EBADF;
        if (input.Object is not (RegularFile or SyntheticContent) || (output.Flags & OpenFlags.Append) != 0)
            return -Errno.EINVAL;
        long? position = null;
        if (arguments[2] != 0)
        {
            position = ReadOffset(arguments[2], offsetSize);
            if (position is null or < 0)
                return position is null ? -Errno.EFAULT : -Errno.EINVAL;
        }

        long done = Move(source, position ?? input.Offset, target, null, Math.Min(arguments[3], UserBuffer.MaxTransfer));
        if (done <= 0)
            return done;
        if (position is { } from)
            return WriteOffset(arguments[2], offsetSize, from + done) ? done : -Errno.EFAULT;
        Machine.Files.Update(source, (Machine.Files.Find(source) ?? input) with { Offset = input.Offset + done });
        return done;
    }

    private long CopyRange(SyscallArguments arguments)
    {
        int source = arguments.Int(0), target = arguments.Int(2);
        if (FindFile(source) is not { } input || FindFile(target) is not { } output)
            return -Errno.EBADF;
        if (arguments.Int(5) != 0)
            return -Errno.EINVAL;
        if (input.Object is DirectoryFile || output.Object is DirectoryFile)
            return -Errno.EISDIR;
        if (input.Object is not RegularFile from || output.Object is not RegularFile to)
            return -Errno.EINVAL;
        if (!input.MayRead || !output.MayWrite || (output.Flags & OpenFlags.Append) != 0)
            return -Errno.EBADF;
        long? read = arguments[1] == 0 ? input.Offset : ReadOffset(arguments[1], 8), written = arguments[3] == 0 ? output.Offset : ReadOffset(arguments[3], 8);
        if (read is not { } start || written is not { } end)
            return -Errno.EFAULT;
        ulong count = Math.Min(arguments[4], UserBuffer.MaxTransfer);
        if (start < 0 || end < 0 || (from.Place.Node == to.Place.Node && start < end + (long)count && end < start + (long)count && count > 0))
            return -Errno.EINVAL;
        long done = Move(source, start, target, end, count);
        if (done <= 0)
            return done;
        if (arguments[1] == 0)
            Machine.Files.Update(source, (Machine.Files.Find(source) ?? input) with { Offset = start + done });
        else if (!WriteOffset(arguments[1], 8, start + done))
            return -Errno.EFAULT;
        if (arguments[3] == 0)
            Machine.Files.Update(target, (Machine.Files.Find(target) ?? output) with { Offset = end + done });
        else if (!WriteOffset(arguments[3], 8, end + done))
            return -Errno.EFAULT;
        return done;
    }

    /// <summary>
    /// Moves bytes by steps, from a position of one file to a position, or to the open file's own, of another. A step that waits for room in a
    /// pipe is gone on with; a signal leaves the call with what it has done.
    /// </summary>
    private long Move(int source, long from, int target, long? to, ulong count)
    {
        long done = 0;
        if (Waited?.Progress is SeveralSteps before)
        {
            done = before.Done;
            if (Reason == WakeReason.Interrupted)
                return done + (before.OfOne is long part ? part : 0) is var all and > 0 ? all : -Errno.ERESTARTSYS;
            SetProgress(before.OfOne);
        }

        byte[] bytes = new byte[(int)Math.Min(count, Step)];
        while ((ulong)done < count)
        {
            var step = new KernelBuffer(bytes.AsSpan(0, (int)Math.Min((ulong)bytes.Length, count - (ulong)done)).ToArray());
            long read = Read(source, step, from + done);
            if (read <= 0)
                return done > 0 ? done : read;
            long written = Write(target, step.First((int)read), to + done);
            if (written == Blocked && Waited is { } wait)
            {
                Task = Task with { Wait = wait with { Progress = new SeveralSteps(done, wait.Progress), TellsOfSignals = true } };
                return Blocked;
            }

            SetProgress(null);
            if (written <= 0)
                return done > 0 ? done : written;
            done += written;
            if (written < read)
                break;
        }

        return done;
    }

    private long? ReadOffset(ulong address, int size)
    {
        Span<byte> word = stackalloc byte[8];
        word.Clear();
        if (!Memory.TryRead(address, word[..size]))
            return null;
        return size == 8 ? BinaryPrimitives.ReadInt64LittleEndian(word) : BinaryPrimitives.ReadInt32LittleEndian(word);
    }

    private bool WriteOffset(ulong address, int size, long value)
    {
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(word, value);
        return Memory.TryWrite(address, word[..size]);
    }

    /// <summary>What a call has moved that waits in one of its steps.</summary>
    /// <param name="Done">Bytes of the steps before.</param>
    /// <param name="OfOne">What the step itself keeps.</param>
    private sealed record SeveralSteps(long Done, object? OfOne);
}
