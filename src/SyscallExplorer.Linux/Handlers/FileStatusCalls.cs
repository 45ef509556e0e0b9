namespace SyscallExplorer.Linux;

/// <summary>What programs learn about files: stat in all its shapes, access, readlink.</summary>
internal sealed class FileStatusCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    private const int Here = AtFlags.WorkingDirectory;
    private const int StatFlags = AtFlags.NoFollow | AtFlags.NoAutomount | AtFlags.EmptyPath;

    private delegate CStructure Shape(FileStatus status, bool compat);

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("newstat", a => OfName(a, Here, a[0], a[1], 0, StatusShapes.Stat)),
        ("newlstat", a => OfName(a, Here, a[0], a[1], AtFlags.NoFollow, StatusShapes.Stat)),
        ("newfstat", a => OfDescriptor(a, a.Int(0), a[1], StatusShapes.Stat)),
        ("newfstatat", a => OfName(a, a.Int(0), a[1], a[2], a.Int(3), StatusShapes.Stat)),
        ("ia32_stat64", a => OfName(a, Here, a[0], a[1], 0, StatusShapes.Stat64)),
        ("ia32_lstat64", a => OfName(a, Here, a[0], a[1], AtFlags.NoFollow, StatusShapes.Stat64)),
        ("ia32_fstat64", a => OfDescriptor(a, a.Int(0), a[1], StatusShapes.Stat64)),
        ("ia32_fstatat64", a => OfName(a, a.Int(0), a[1], a[2], a.Int(3), StatusShapes.Stat64)),
        ("stat", a => OfName(a, Here, a[0], a[1], 0, StatusShapes.OldStat)),
        ("lstat", a => OfName(a, Here, a[0], a[1], AtFlags.NoFollow, StatusShapes.OldStat)),
        ("fstat", a => OfDescriptor(a, a.Int(0), a[1], StatusShapes.OldStat)),
        ("statx", ExtendedStat),
        ("access", a => Access(Here, a[0], a.Int(1), 0)),
        ("faccessat", a => Access(a.Int(0), a[1], a.Int(2), 0)),
        ("faccessat2", a => Access(a.Int(0), a[1], a.Int(2), a.Int(3))),
        ("readlink", a => ReadLink(Here, a[0], a[1], a.Int(2))),
        ("readlinkat", a => ReadLink(a.Int(0), a[1], a[2], a.Int(3))),
    ];

    private long OfName(SyscallArguments arguments, int directory, ulong name, ulong buffer, int flags, Shape shape)
    {
        if ((flags & ~StatFlags) != 0)
            return -Errno.EINVAL;
        if (Locate(directory, name, flags, out long error) is not { } location)
            return error;
        return Tell(arguments, Vfs.StatusOf(location.Node), buffer, shape);
    }

    private long OfDescriptor(SyscallArguments arguments, int descriptor, ulong buffer, Shape shape) =>
        Machine.Files.Find(descriptor) is { } file ? Tell(arguments, file.Operations.Status(Machine, file.Object), buffer, shape) : -Errno.EBADF;

    /// <summary>Structures whose size has 31 bits cannot tell of a larger file.</summary>
    private long Tell(SyscallArguments arguments, FileStatus? status, ulong buffer, Shape shape) =>
        status is null ? -Errno.ENOENT
        : status.Size > int.MaxValue && (shape == StatusShapes.OldStat || (arguments.IsCompat && shape == StatusShapes.Stat)) ? -Errno.EOVERFLOW
        : Give(buffer, shape(status, arguments.IsCompat).Bytes);

    private long ExtendedStat(SyscallArguments arguments)
    {
        const int syncModes = 0x6000;
        const ulong reserved = 0x8000_0000;
        int flags = arguments.Int(2);
        if ((arguments[3] & reserved) != 0 || (flags & syncModes) == syncModes)
            return -Errno.EINVAL;
        int asked = arguments.Int(3);
        return OfName(arguments, arguments.Int(0), arguments[1], arguments[4], flags & ~syncModes, (status, compat) => StatusShapes.StatX(status, compat, asked));
    }

    private long Access(int directory, ulong name, int mode, int flags)
    {
        const int all = Octal.Read | Octal.Write | Octal.Execute;
        if ((mode & ~all) != 0 || (flags & ~(AtFlags.EffectiveIds | AtFlags.NoFollow | AtFlags.EmptyPath)) != 0)
            return -Errno.EINVAL;
        if (Locate(directory, name, flags & (AtFlags.NoFollow | AtFlags.EmptyPath), out long error) is not { } location)
            return error;
        if (Vfs.StatusOf(location.Node) is not { } status)
            return -Errno.ENOENT;
        if ((mode & Octal.Write) != 0 && Vfs.IsReadOnly(location.Node) && status.Type is (FileType.Regular or FileType.Directory or FileType.SymbolicLink))
            return -Errno.EROFS;
        return Credentials.Program.May(status, mode) ? 0 : -Errno.EACCES;
    }

    private long ReadLink(int directory, ulong name, ulong buffer, int size)
    {
        if (size <= 0)
            return -Errno.EINVAL;
        VfsLocation? location = Locate(directory, name, AtFlags.NoFollow | AtFlags.EmptyPath, out long error);
        bool isEmpty = Memory.TryReadString(name, 1) is { Length: 0 };
        if (location is null || Vfs.SystemOf(location.Node)?.TargetOf(location.Node) is not { } target)
            return location is null ? error : isEmpty ? -Errno.ENOENT : -Errno.EINVAL;
        byte[] bytes = PathNames.BytesOf(target);
        int count = Math.Min(size, bytes.Length);
        return Memory.TryWrite(buffer, bytes.AsSpan(0, count)) ? count : -Errno.EFAULT;
    }
}
