namespace SyscallExplorer.Linux;

/// <summary>What makes, removes and moves names, reads directories, and goes from one to another.</summary>
internal sealed class DirectoryCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    private const int Here = AtFlags.WorkingDirectory;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("mkdir", a => MakeDirectory(Here, a[0], a.Int(1))),
        ("mkdirat", a => MakeDirectory(a.Int(0), a[1], a.Int(2))),
        ("mknod", a => MakeNode(Here, a[0], a.Int(1))),
        ("mknodat", a => MakeNode(a.Int(0), a[1], a.Int(2))),
        ("symlink", a => MakeSymbolicLink(a[0], Here, a[1])),
        ("symlinkat", a => MakeSymbolicLink(a[0], a.Int(1), a[2])),
        ("link", a => Link(Here, a[0], Here, a[1], 0)),
        ("linkat", a => Link(a.Int(0), a[1], a.Int(2), a[3], a.Int(4))),
        ("unlink", a => Unlink(Here, a[0], 0)),
        ("unlinkat", a => Unlink(a.Int(0), a[1], a.Int(2))),
        ("rmdir", a => Unlink(Here, a[0], AtFlags.RemoveDirectory)),
        ("rename", a => Rename(Here, a[0], Here, a[1], 0)),
        ("renameat", a => Rename(a.Int(0), a[1], a.Int(2), a[3], 0)),
        ("renameat2", a => Rename(a.Int(0), a[1], a.Int(2), a[3], a.Int(4))),
        ("getdents", a => ReadEntries(a, DirectoryEntryFormat.Narrow)),
        ("getdents64", a => ReadEntries(a, DirectoryEntryFormat.Wide)),
        ("old_readdir", a => ReadEntries(a, DirectoryEntryFormat.Single)),
        ("getcwd", WorkingDirectory),
        ("chdir", a => Locate(Here, a[0], 0, out long error) is { } location ? ChangeDirectory(location.Node) : error),
        ("fchdir", a => Machine.Files.Find(a.Int(0)) is { } file ? ChangeDirectory(LocationOf(file).Node) : -Errno.EBADF),
        ("chroot", a => Locate(Here, a[0], 0, out long error) is { } location ? ChangeRoot(location.Node) : error),
        ("umask", Mask),
    ];

    private long MakeDirectory(int directory, ulong name, int mode) =>
        FindEntry(directory, name, out long error) is { } found
            ? Vfs.Make(found, Vfs.NewFile(FileType.Directory, mode & (Octal.Permissions | Octal.Sticky), DirectoryBody.Empty(0)))
            : error;

    /// <summary>Device files are for privileged users.</summary>
    private long MakeNode(int directory, ulong name, int mode)
    {
        int type = mode & FileType.Mask;
        if (type is not (0 or FileType.Regular or FileType.Fifo or FileType.Socket or FileType.CharacterDevice or FileType.BlockDevice))
            return type == FileType.Directory ? -Errno.EPERM : -Errno.EINVAL;
        if (FindEntry(directory, name, out long error) is not { } found)
            return error;
        if (type is FileType.CharacterDevice or FileType.BlockDevice)
            return found.IsOrdinary && found.Node is null ? Vfs.IsReadOnly(found.Parent) ? -Errno.EROFS : -Errno.EPERM : -Errno.EEXIST;
        bool isRegular = type is 0 or FileType.Regular;
        return Vfs.Make(found, Vfs.NewFile(isRegular ? FileType.Regular : type, mode, isRegular ? new RegularBody(FileContent.Empty) : new NamedOnlyBody()));
    }

    private long MakeSymbolicLink(ulong target, int directory, ulong name)
    {
        if (ReadPath(target, out long error) is not { } text)
            return error;
        if (text.Length == 0)
            return -Errno.ENOENT;
        if (FindEntry(directory, name, out error) is not { } found)
            return error;
        Inode link = Vfs.NewFile(FileType.SymbolicLink, 0, new SymbolicLinkBody(text));
        return Vfs.Make(found, link with { Mode = Octal.SymbolicLink777 });
    }

    /// <summary>AT_EMPTY_PATH, which links what a descriptor leads to, is for privileged users.</summary>
    private long Link(int oldDirectory, ulong oldName, int newDirectory, ulong newName, int flags)
    {
        if ((flags & ~(AtFlags.Follow | AtFlags.EmptyPath)) != 0)
            return -Errno.EINVAL;
        if ((flags & AtFlags.EmptyPath) != 0)
            return -Errno.ENOENT;
        if (Locate(oldDirectory, oldName, (flags & AtFlags.Follow) != 0 ? 0 : AtFlags.NoFollow, out long error) is not { } source)
            return error;
        return FindEntry(newDirectory, newName, out error) is { } found ? Vfs.Link(source.Node, found) : error;
    }

    private long Unlink(int directory, ulong name, int flags)
    {
        if ((flags & ~AtFlags.RemoveDirectory) != 0)
            return -Errno.EINVAL;
        if (FindEntry(directory, name, out long error) is not { } found)
            return error;
        return (flags & AtFlags.RemoveDirectory) != 0 ? Vfs.RemoveDirectory(found) : Vfs.Unlink(found);
    }

    private long Rename(int oldDirectory, ulong oldName, int newDirectory, ulong newName, int flags)
    {
        const int noReplace = 1, exchange = 2, whiteout = 4;
        if ((flags & ~(noReplace | exchange | whiteout)) != 0 || ((flags & exchange) != 0 && (flags & (noReplace | whiteout)) != 0))
            return -Errno.EINVAL;
        if ((flags & whiteout) != 0)
            return -Errno.EPERM;
        if (FindEntry(oldDirectory, oldName, out long error) is not { } from)
            return error;
        if (FindEntry(newDirectory, newName, out error) is not { } to)
            return error;
        return Vfs.Rename(from, to, (flags & noReplace) != 0, (flags & exchange) != 0);
    }

    private long ReadEntries(SyscallArguments arguments, DirectoryEntryFormat format)
    {
        if (Request(arguments.Int(0)) is not { } request)
            return -Errno.EBADF;
        long size = format == DirectoryEntryFormat.Single ? int.MaxValue : (uint)arguments[2];
        return request.File.Operations.ReadDirectory(request, new DirectoryEntryWriter(Memory, arguments[1], size, format, arguments.IsCompat));
    }

    private long WorkingDirectory(SyscallArguments arguments)
    {
        VfsNode directory = Machine.CurrentFileSystem.WorkingDirectory;
        if (Vfs.StatusOf(directory) is null or { Links: 0 })
            return -Errno.ENOENT;
        byte[] path = [.. PathNames.BytesOf(Vfs.PathOf(directory)), 0];
        if (path.Length > PathNames.PathMax)
            return -Errno.ENAMETOOLONG;
        if (arguments[1] < (ulong)path.Length)
            return -Errno.ERANGE;
        return Memory.TryWrite(arguments[0], path) ? path.Length : -Errno.EFAULT;
    }

    private long ChangeDirectory(VfsNode node)
    {
        if (CheckDirectory(node) is var error && error != 0)
            return error;
        Machine.CurrentFileSystem = Machine.CurrentFileSystem with { WorkingDirectory = node };
        Vfs.ForgetOrphans();
        return 0;
    }

    /// <summary>Another root is for privileged users.</summary>
    private long ChangeRoot(VfsNode node) => CheckDirectory(node) is var error && error != 0 ? error : -Errno.EPERM;

    private long CheckDirectory(VfsNode node) =>
        Vfs.StatusOf(node) is not { } status ? -Errno.ENOENT
        : !status.IsDirectory ? -Errno.ENOTDIR
        : Credentials.Program.May(status, Octal.Execute) ? 0 : -Errno.EACCES;

    private long Mask(SyscallArguments arguments)
    {
        int old = Machine.CurrentFileSystem.Mask;
        Machine.CurrentFileSystem = Machine.CurrentFileSystem with { Mask = arguments.Int(0) & Octal.Permissions };
        return old;
    }
}
