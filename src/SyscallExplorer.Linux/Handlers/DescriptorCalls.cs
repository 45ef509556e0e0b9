using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>What works on descriptors: positions, duplicates, flags, lengths.</summary>
internal sealed class DescriptorCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const long MaxFileSize = 64L << 20;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("lseek", a => Seek(a.Int(0), a.IsCompat ? a.Int(1) : (long)a[1], a.Int(2))),
        ("llseek", LongSeek),
        ("dup", a => Machine.Files.Find(a.Int(0)) is null ? -Errno.EBADF : Machine.Files.Duplicate(a.Int(0), closeOnExec: false)),
        ("dup2", a => a.Int(0) == a.Int(1) && Machine.Files.Find(a.Int(0)) is not null ? a.Int(1) : DuplicateTo(a.Int(0), a.Int(1), closeOnExec: false)),
        ("dup3", DuplicateWithFlags),
        ("fcntl", Control),
        ("ioctl", DeviceControl),
        ("ftruncate", a => Truncate(a.Int(0), a.IsCompat ? a.Int(1) : (long)a[1])),
        ("ia32_ftruncate64", a => Truncate(a.Int(0), (long)(a[1] | (a[2] << 32)))),
        ("fsync", a => Machine.Files.Find(a.Int(0)) is not { } file ? -Errno.EBADF : file.IsRegular ? 0 : -Errno.EINVAL),
        ("fadvise64", a => Advise(a.Int(0), a.Int(3))),
        ("ia32_fadvise64", a => Advise(a.Int(0), a.Int(4))),
        ("ia32_fadvise64_64", a => Advise(a.Int(0), a.Int(5))),
    ];

    private long Seek(int descriptor, long offset, int whence)
    {
        const int fromStart = 0, fromHere = 1, fromEnd = 2;
        if (Machine.Files.Find(descriptor) is not { } file)
            return -Errno.EBADF;
        if (file.IsPipe)
            return -Errno.ESPIPE;
        if (file.IsDevice)
            return 0;
        long? start = whence switch { fromStart => 0, fromHere => file.Offset, fromEnd => LengthOf(file), _ => null };
        if (start is not { } from || from + offset < 0 || (offset > 0 && from + offset < offset))
            return -Errno.EINVAL;
        Machine.Files.Update(descriptor, file with { Offset = from + offset });
        return from + offset;
    }

    private long LongSeek(SyscallArguments arguments)
    {
        long position = Seek(arguments.Int(0), (long)((arguments[1] << 32) | (uint)arguments[2]), arguments.Int(4));
        if (position < 0)
            return position;
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, position);
        return Give(arguments[3], bytes);
    }

    private long LengthOf(OpenFile file) => State.Files.GetValueOrDefault(file.Path, FileContent.Empty).Length;

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
        const int closeOnExec = 1;
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
                return file.Flags | (Memory.Map.Bitness == 64 && file.IsRegular ? OpenFlags.LargeFile : 0);
            case setStatus:
                Machine.Files.Update(descriptor, file with { Flags = (file.Flags & ~OpenFlags.Changeable) | (argument & OpenFlags.Changeable) });
                return 0;
            default:
                Machine.CountMissing($"fcntl({arguments.Int(1)})");
                return -Errno.EINVAL;
        }
    }

    /// <summary>No descriptor leads to a terminal, so that whatever asks for one gets -ENOTTY.</summary>
    private long DeviceControl(SyscallArguments arguments)
    {
        const int bytesThere = 0x541B, nonBlocking = 0x5421, noCloseOnExec = 0x5450, closeOnExec = 0x5451;
        int descriptor = arguments.Int(0);
        if (Machine.Files.Find(descriptor) is not { } file)
            return -Errno.EBADF;
        Span<byte> word = stackalloc byte[4];
        switch (arguments.Int(1))
        {
            case noCloseOnExec or closeOnExec:
                Machine.Files.SetCloseOnExec(descriptor, arguments.Int(1) == closeOnExec);
                return 0;
            case nonBlocking:
                if (!Memory.TryRead(arguments[2], word))
                    return -Errno.EFAULT;
                int flags = BinaryPrimitives.ReadInt32LittleEndian(word) != 0 ? file.Flags | OpenFlags.NonBlocking : file.Flags & ~OpenFlags.NonBlocking;
                Machine.Files.Update(descriptor, file with { Flags = flags });
                return 0;
            case bytesThere when !file.IsDevice:
                long length = file.Path == OpenFile.StandardInput ? Machine.TakeInput().Length : file.IsPipe ? 0 : LengthOf(file);
                BinaryPrimitives.WriteInt32LittleEndian(word, (int)Math.Max(0, length - file.Offset));
                return Give(arguments[2], word);
            default:
                return -Errno.ENOTTY;
        }
    }

    private long Truncate(int descriptor, long length)
    {
        if (length < 0)
            return -Errno.EINVAL;
        if (Machine.Files.Find(descriptor) is not { } file)
            return -Errno.EBADF;
        if (!file.MayWrite || !file.IsRegular)
            return -Errno.EINVAL;
        if (length > MaxFileSize)
            return -Errno.EFBIG;
        State = State with { Files = State.Files.SetItem(file.Path, State.Files.GetValueOrDefault(file.Path, FileContent.Empty).WithLength(length)) };
        return 0;
    }

    /// <summary>Advice changes nothing where files are in memory.</summary>
    private long Advise(int descriptor, int advice)
    {
        const int last = 5;
        if (Machine.Files.Find(descriptor) is not { } file)
            return -Errno.EBADF;
        return file.IsPipe ? -Errno.ESPIPE : (uint)advice > last ? -Errno.EINVAL : 0;
    }
}
