using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>What works on descriptors: positions, duplicates, flags, lengths.</summary>
internal sealed class DescriptorCalls(LinuxMachine machine, LockCalls locks) : NamedFileCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("lseek", a => Seek(a.Int(0), a.IsCompat ? a.Int(1) : (long)a[1], a.Int(2)) is var place && a.IsCompat && place > int.MaxValue ? -Errno.EOVERFLOW : place),
        ("llseek", LongSeek),
        ("dup", a => Machine.Files.Find(a.Int(0)) is null ? -Errno.EBADF : Machine.Files.Duplicate(a.Int(0), closeOnExec: false)),
        ("dup2", a => a.Int(0) == a.Int(1) && Machine.Files.Find(a.Int(0)) is not null ? a.Int(1) : DuplicateTo(a.Int(0), a.Int(1), closeOnExec: false)),
        ("dup3", DuplicateWithFlags),
        ("fcntl", Control),
        ("ioctl", DeviceControl),
        ("ftruncate", a => Truncate(a.Int(0), a.IsCompat ? a.Int(1) : (long)a[1])),
        ("ia32_ftruncate64", a => Truncate(a.Int(0), Joined(a, 1))),
        ("fallocate", a => Allocate(a.Int(0), a.Int(1), (long)a[2], (long)a[3])),
        ("ia32_fallocate", a => Allocate(a.Int(0), a.Int(1), Joined(a, 2), Joined(a, 4))),
        ("fsync", a => Synchronise(a.Int(0))),
        ("fdatasync", a => Synchronise(a.Int(0))),
        ("fadvise64", a => Advise(a.Int(0), a.Int(3))),
        ("ia32_fadvise64", a => Advise(a.Int(0), a.Int(4))),
        ("ia32_fadvise64_64", a => Advise(a.Int(0), a.Int(5))),
        ("readahead", a => ReadAhead(a.Int(0))),
        ("ia32_readahead", a => ReadAhead(a.Int(0))),
    ];

    private long Seek(int descriptor, long offset, int whence)
    {
        if (Request(descriptor) is not { } request)
            return -Errno.EBADF;
        return (uint)whence > (uint)SeekFrom.Hole ? -Errno.EINVAL : request.File.Operations.Seek(request, offset, (SeekFrom)whence);
    }

    private long LongSeek(SyscallArguments arguments)
    {
        long position = Seek(arguments.Int(0), (long)((arguments[1] << 32) | (uint)arguments[2]), arguments.Int(4));
        return position < 0 ? position : Give(arguments[3], BitConverter.GetBytes(position));
    }

    private long DuplicateTo(int descriptor, int target, bool closeOnExec)
    {
        if (Machine.Files.Find(descriptor) is null || (uint)target >= (uint)Machine.Files.Limit)
            return -Errno.EBADF;
        Machine.Files.DuplicateTo(descriptor, target, closeOnExec);
        return target;
    }

    private long DuplicateWithFlags(SyscallArguments arguments)
    {
        int flags = arguments.Int(2);
        return (flags & ~OpenFlags.CloseOnExec) != 0 || arguments.Int(0) == arguments.Int(1)
            ? -Errno.EINVAL
            : DuplicateTo(arguments.Int(0), arguments.Int(1), (flags & OpenFlags.CloseOnExec) != 0);
    }

    private long Control(SyscallArguments arguments)
    {
        const int duplicate = 0, getFlags = 1, setFlags = 2, getStatus = 3, setStatus = 4, duplicateCloseOnExec = 1030;
        const int setOwner = 8, getOwner = 9, setSignal = 10, getSignal = 11, getLease = 1025;
        const int setPipeSize = 1031, getPipeSize = 1032;
        const int closeOnExec = 1, unlocked = 2;
        int descriptor = arguments.Int(0), argument = arguments.Int(2);
        if (Machine.Files.Find(descriptor) is not { } file)
            return -Errno.EBADF;
        switch (arguments.Int(1))
        {
            case duplicate or duplicateCloseOnExec:
                return (uint)argument >= (uint)Machine.Files.Limit
                    ? -Errno.EINVAL
                    : Machine.Files.Duplicate(descriptor, arguments.Int(1) == duplicateCloseOnExec, argument);
            case getFlags:
                return Machine.Files.Descriptors[descriptor].CloseOnExec ? closeOnExec : 0;
            case setFlags:
                Machine.Files.SetCloseOnExec(descriptor, (argument & closeOnExec) != 0);
                return 0;
            case getStatus:
                return file.Flags;
            case not getStatus when file.Object is PathOnly:
                return -Errno.EBADF;
            case setStatus:
                Machine.Files.Update(descriptor, file with { Flags = (file.Flags & ~OpenFlags.Changeable) | (argument & OpenFlags.Changeable) });
                return 0;
            case var command when LockCalls.Serves(command):
                return locks.Record(arguments);
            case getOwner or getSignal or setOwner or setSignal:
                return 0;
            case getLease:
                return unlocked;
            case setPipeSize:
                return file.Object is PipeEnd changed ? Machine.Pipes.Resize(changed.Pipe, (uint)argument) : -Errno.EBADF;
            case getPipeSize:
                return file.Object is PipeEnd end ? Machine.Pipes[end.Pipe].Slots * (long)PipeBuffer.Size : -Errno.EBADF;
            case var command:
                long result = file.Operations.FileControl(new FileRequest(Machine, descriptor, Machine.Files.Descriptors[descriptor].File, file), command, arguments[2]);
                if (result == -Errno.EINVAL)
                    Machine.CountMissing($"fcntl({command})");
                return result;
        }
    }

    /// <summary>What works on every file; the rest is the file's own business.</summary>
    private long DeviceControl(SyscallArguments arguments)
    {
        const uint nonBlocking = 0x5421, asynchronous = 0x5452, noCloseOnExec = 0x5450, closeOnExec = 0x5451;
        int descriptor = arguments.Int(0);
        if (Request(descriptor) is not { } request)
            return -Errno.EBADF;
        Span<byte> word = stackalloc byte[4];
        uint command = (uint)arguments[1];
        switch (command)
        {
            case noCloseOnExec or closeOnExec:
                Machine.Files.SetCloseOnExec(descriptor, command == closeOnExec);
                return 0;
            case nonBlocking or asynchronous:
                if (!Memory.TryRead(arguments[2], word))
                    return -Errno.EFAULT;
                int flag = command == nonBlocking ? OpenFlags.NonBlocking : OpenFlags.Asynchronous;
                int flags = BinaryPrimitives.ReadInt32LittleEndian(word) != 0 ? request.File.Flags | flag : request.File.Flags & ~flag;
                Machine.Files.Update(descriptor, request.File with { Flags = flags });
                return 0;
            default:
                return request.File.Operations.Control(request, command, arguments[2]);
        }
    }

    private long Truncate(int descriptor, long length)
    {
        if (length < 0)
            return -Errno.EINVAL;
        if (Request(descriptor) is not { } request)
            return -Errno.EBADF;
        return request.File.MayWrite ? request.File.Operations.Truncate(request, length) : -Errno.EINVAL;
    }

    private long Allocate(int descriptor, int mode, long offset, long length)
    {
        const int keepSize = 1, punchHole = 2;
        if (offset < 0 || length <= 0)
            return -Errno.EINVAL;
        if ((mode & ~(keepSize | punchHole)) != 0 || mode == punchHole)
            return -Errno.EOPNOTSUPP;
        if (FindFile(descriptor) is not { MayWrite: true } file)
            return -Errno.EBADF;
        if (file.Object is not RegularFile regular)
            return file.Operations.HasPositions ? -Errno.ENODEV : -Errno.ESPIPE;
        return (mode & punchHole) != 0 ? Vfs.PunchHole(regular.Place.Node, offset, length) : Vfs.Allocate(regular.Place.Node, offset, length, (mode & keepSize) != 0);
    }

    private long Synchronise(int descriptor) => Request(descriptor) is { } request ? request.File.Operations.Synchronise(request) : -Errno.EBADF;

    /// <summary>Advice changes nothing where files are in memory.</summary>
    private long Advise(int descriptor, int advice)
    {
        const int last = 5;
        if (FindFile(descriptor) is not { } file)
            return -Errno.EBADF;
        return !file.Operations.HasPositions ? -Errno.ESPIPE : (uint)advice > last ? -Errno.EINVAL : 0;
    }

    private long ReadAhead(int descriptor) =>
        FindFile(descriptor) is not { MayRead: true } file ? -Errno.EBADF : file.Object is RegularFile ? 0 : -Errno.EINVAL;
}
