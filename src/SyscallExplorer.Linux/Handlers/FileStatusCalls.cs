using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>What programs learn about files: stat in all its shapes, access, readlink, getcwd.</summary>
internal sealed class FileStatusCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int AtWorkingDirectory = -100;
    private const int NoFollow = 0x100;
    private const int NoAutomount = 0x800;
    private const int EmptyPath = 0x1000;
    private const int StatFlags = NoFollow | NoAutomount | EmptyPath;

    private delegate CStructure Shape(FileStatus status, bool compat);

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("newstat", a => OfName(a, AtWorkingDirectory, a[0], a[1], 0, FileStatus.Stat)),
        ("newlstat", a => OfName(a, AtWorkingDirectory, a[0], a[1], NoFollow, FileStatus.Stat)),
        ("newfstat", a => OfDescriptor(a, a.Int(0), a[1], FileStatus.Stat)),
        ("newfstatat", a => OfName(a, a.Int(0), a[1], a[2], a.Int(3), FileStatus.Stat)),
        ("ia32_stat64", a => OfName(a, AtWorkingDirectory, a[0], a[1], 0, FileStatus.Stat64)),
        ("ia32_lstat64", a => OfName(a, AtWorkingDirectory, a[0], a[1], NoFollow, FileStatus.Stat64)),
        ("ia32_fstat64", a => OfDescriptor(a, a.Int(0), a[1], FileStatus.Stat64)),
        ("ia32_fstatat64", a => OfName(a, a.Int(0), a[1], a[2], a.Int(3), FileStatus.Stat64)),
        ("statx", ExtendedStat),
        ("access", a => Access(AtWorkingDirectory, a[0], a.Int(1), 0)),
        ("faccessat", a => Access(a.Int(0), a[1], a.Int(2), 0)),
        ("faccessat2", a => Access(a.Int(0), a[1], a.Int(2), a.Int(3))),
        ("readlink", a => ReadLink(AtWorkingDirectory, a[0], a[1], a.Int(2))),
        ("readlinkat", a => ReadLink(a.Int(0), a[1], a[2], a.Int(3))),
        ("getcwd", WorkingDirectory),
    ];

    private long OfName(SyscallArguments arguments, int directory, ulong name, ulong buffer, int flags, Shape shape)
    {
        if ((flags & ~StatFlags) != 0)
            return -Errno.EINVAL;
        if ((flags & EmptyPath) != 0 && Memory.TryReadString(name, 1) is { Length: 0 } && directory != AtWorkingDirectory)
            return OfDescriptor(arguments, directory, buffer, shape);
        if (StatusOf(directory, name, flags, out long error) is not { } status)
            return error;
        return Give(buffer, shape(status, arguments.IsCompat).Bytes);
    }

    private long OfDescriptor(SyscallArguments arguments, int descriptor, ulong buffer, Shape shape) =>
        Machine.Files.Find(descriptor) is { } file ? Give(buffer, shape(FileStatus.Of(Machine, file), arguments.IsCompat).Bytes) : -Errno.EBADF;

    private FileStatus? StatusOf(int directory, ulong name, int flags, out long error)
    {
        if (FileNode.Find(Machine, directory, name, out error, follow: (flags & NoFollow) == 0) is not { } node)
        {
            if (error == -Errno.ENOENT && (flags & EmptyPath) != 0 && directory == AtWorkingDirectory)
                return FileStatus.Of(Machine, FileNode.At(Machine, "/"));
            return null;
        }

        error = node.Kind switch { FileNodeKind.Missing => -Errno.ENOENT, FileNodeKind.NotInDirectory => -Errno.ENOTDIR, _ => 0 };
        return error == 0 ? FileStatus.Of(Machine, node) : null;
    }

    private long ExtendedStat(SyscallArguments arguments)
    {
        const int syncModes = 0x6000;
        const ulong reserved = 0x8000_0000;
        int flags = arguments.Int(2);
        if ((arguments[3] & reserved) != 0 || (flags & syncModes) == syncModes)
            return -Errno.EINVAL;
        return OfName(arguments, arguments.Int(0), arguments[1], arguments[4], flags & ~syncModes, (status, _) => FileStatus.StatX(status));
    }

    private long Access(int directory, ulong name, int mode, int flags)
    {
        const int execute = 1, all = 7;
        const int effectiveIds = 0x200;
        if ((mode & ~all) != 0 || (flags & ~(effectiveIds | NoFollow | EmptyPath)) != 0)
            return -Errno.EINVAL;
        if (StatusOf(directory, name, flags & NoFollow, out long error) is not { } status)
            return error;
        return (mode & execute) != 0 && (status.Mode & 0x49) == 0 ? -Errno.EACCES : 0;
    }

    private long ReadLink(int directory, ulong name, ulong buffer, int size)
    {
        if (size <= 0)
            return -Errno.EINVAL;
        if (FileNode.Find(Machine, directory, name, out long error, follow: false) is not { } node)
            return error;
        if (node.Kind != FileNodeKind.SymbolicLink)
            return node.Kind switch { FileNodeKind.Missing => -Errno.ENOENT, FileNodeKind.NotInDirectory => -Errno.ENOTDIR, _ => -Errno.EINVAL };
        byte[] target = Encoding.UTF8.GetBytes(Memory.Map.Executable);
        int count = Math.Min(size, target.Length);
        return Memory.TryWrite(buffer, target.AsSpan(0, count)) ? count : -Errno.EFAULT;
    }

    /// <summary>The root is the working directory.</summary>
    private long WorkingDirectory(SyscallArguments arguments)
    {
        ReadOnlySpan<byte> root = "/\0"u8;
        if (arguments[1] < (ulong)root.Length)
            return -Errno.ERANGE;
        return Memory.TryWrite(arguments[0], root) ? root.Length : -Errno.EFAULT;
    }
}
