namespace SyscallExplorer.Linux;

/// <summary>What is about whole file systems: statfs, sync, mount, and files that are in none.</summary>
internal sealed class FileSystemCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    private const int Here = AtFlags.WorkingDirectory;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("statfs", a => Locate(Here, a[0], 0, out long error) is { } location ? Give(a[1], Shape(location.Node, a.IsCompat).Bytes) : error),
        ("fstatfs", a => Machine.Files.Find(a.Int(0)) is { } file ? Give(a[1], Shape(LocationOf(file).Node, a.IsCompat).Bytes) : -Errno.EBADF),
        ("statfs64", a => Locate(Here, a[0], 0, out long error) is { } location ? Give64(a, location.Node) : error),
        ("fstatfs64", a => Machine.Files.Find(a.Int(0)) is { } file ? Give64(a, LocationOf(file).Node) : -Errno.EBADF),
        ("ustat", _ => -Errno.EINVAL),
        ("sync", _ => 0),
        ("syncfs", a => FindFile(a.Int(0)) is null ? -Errno.EBADF : 0),
        ("sync_file_range", a => SynchroniseRange(a.Int(0), (long)a[1], (long)a[2], a.Int(3))),
        ("ia32_sync_file_range", a => SynchroniseRange(a.Int(0), Joined(a, 1), Joined(a, 3), a.Int(5))),
        ("mount", a => MayMount(a[1])),
        ("umount", a => MayMount(a[0])),
        ("oldumount", a => MayMount(a[0])),
        ("pivot_root", _ => -Errno.EPERM),
        ("memfd_create", a => MakeNameless(a[0], a.Int(1))),
        ("name_to_handle_at", _ => -Errno.EOPNOTSUPP),
        ("open_by_handle_at", _ => -Errno.EPERM),
    ];

    /// <summary><c>struct statfs</c>, of words of the program.</summary>
    private CStructure Shape(VfsNode node, bool compat)
    {
        (FileSystemStatistics s, DeviceNumber device) = StatisticsOf(node);
        CStructure c = new CStructure(compat).Word(s.Magic).Word(FileStatus.BlockSize).Word(s.Blocks).Word(s.FreeBlocks).Word(s.FreeBlocks).Word(s.Files).Word(s.FreeFiles)
            .Int32((int)device.Encoded).Int32(0).Word(PathNames.NameMax).Word(FileStatus.BlockSize).Word(FlagsOf(s));
        return c.Zeroes(4 * (compat ? 4 : 8));
    }

    /// <summary><c>struct statfs64</c> of 32-bit programs, which is packed.</summary>
    private long Give64(SyscallArguments arguments, VfsNode node)
    {
        const int size = 84;
        if ((uint)arguments[1] != size)
            return -Errno.EINVAL;
        (FileSystemStatistics s, DeviceNumber device) = StatisticsOf(node);
        CStructure c = new CStructure(compat: true).Int32((int)s.Magic).Int32(FileStatus.BlockSize).Int64(s.Blocks).Int64(s.FreeBlocks).Int64(s.FreeBlocks)
            .Int64(s.Files).Int64(s.FreeFiles).Int32((int)device.Encoded).Int32(0).Int32(PathNames.NameMax).Int32(FileStatus.BlockSize).Int32((int)FlagsOf(s)).Zeroes(16);
        return Give(arguments[2], c.Bytes);
    }

    private (FileSystemStatistics Statistics, DeviceNumber Device) StatisticsOf(VfsNode node) =>
        Vfs.SystemOf(node) is { } system
            ? (system.Statistics, State.Mounts[node.Mount].Device)
            : (new FileSystemStatistics(FileSystemStatistics.Pipe, 0, 0, 0, 0, IsReadOnly: false), Vfs.StatusOf(node)?.Device ?? default);

    private static long FlagsOf(FileSystemStatistics statistics)
    {
        const int readOnly = 1, valid = 0x20, relativeAccessTime = 0x1000;
        return valid | relativeAccessTime | (statistics.IsReadOnly ? readOnly : 0);
    }

    private long SynchroniseRange(int descriptor, long offset, long length, int flags)
    {
        const int known = 7;
        if (FindFile(descriptor) is not { } file)
            return -Errno.EBADF;
        if ((flags & ~known) != 0 || offset < 0 || length < 0 || offset > long.MaxValue - length)
            return -Errno.EINVAL;
        return file.Object is RegularFile or DirectoryFile ? 0 : -Errno.ESPIPE;
    }

    /// <summary>Only privileged users mount; a name that cannot be read is found first.</summary>
    private long MayMount(ulong name) => ReadPath(name, out long error) is null ? error : -Errno.EPERM;

    /// <summary>A file in memory that has no name in any directory.</summary>
    private long MakeNameless(ulong name, int flags)
    {
        const int closeOnExec = 1, allowSealing = 2, maxName = 249;
        if ((flags & ~(closeOnExec | allowSealing)) != 0)
            return -Errno.EINVAL;
        if (Memory.TryReadString(name, maxName + 1) is not { } raw)
            return -Errno.EFAULT;
        if (raw.Length > maxName)
            return -Errno.EINVAL;
        if (Machine.Files.IsFull)
            return -Errno.EMFILE;
        var system = new MemoryFileSystem(Machine, State.Mounts[0]);
        Inode attributes = Vfs.NewFile(FileType.Regular, Octal.Permissions, new RegularBody(FileContent.Empty)) with { Mode = FileType.Regular | Octal.Permissions };
        if (system.AddNameless(attributes, out int error) is not { } node)
            return error;
        var place = new VfsLocation(node, Vfs.Root, "memfd:" + PathNames.OfBytes(raw));
        return Machine.Files.Open(new OpenFile(new RegularFile(place), 0, OpenFlags.ReadWrite | OpenFlags.LargeFile), (flags & closeOnExec) != 0);
    }
}
