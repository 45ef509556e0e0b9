namespace SyscallExplorer.Linux;

/// <summary>open: what it finds, makes, refuses and cuts off.</summary>
internal sealed partial class VirtualFileSystem
{
    /// <summary>Opens or makes a file, as openat2 does.</summary>
    /// <param name="start">Where a relative path starts.</param>
    /// <param name="path">The path.</param>
    /// <param name="flags">O_ flags.</param>
    /// <param name="mode">The permissions of a new file, before the mask.</param>
    /// <param name="rules">How names may be followed.</param>
    /// <param name="error">0, or a negative error number with a result of null.</param>
    public FileObject? Open(VfsNode start, string path, int flags, int mode, ResolveRules rules, out int error)
    {
        const int exclusively = OpenFlags.Create | OpenFlags.Exclusive;
        if ((flags & OpenFlags.Path) != 0)
            flags &= OpenFlags.KeptByPath;
        bool isExclusive = (flags & exclusively) == exclusively, follow = (flags & OpenFlags.NoFollow) == 0 && !isExclusive;
        if (new PathWalk(this, Credentials.Program, rules).Find(start, path, follow ? LastPart.Followed : LastPart.NotFollowed, out error) is not { } found)
            return null;
        if ((flags & OpenFlags.Nameless) != 0)
            return OpenNameless(found, flags, mode, out error);
        if (found.Location is { } location)
        {
            error = isExclusive ? -Errno.EEXIST : (flags & OpenFlags.Create) != 0 && found.EndsInSlash ? -Errno.EISDIR : 0;
            return error == 0 ? OpenExisting(location, flags, out error) : null;
        }

        error = (flags & OpenFlags.Create) == 0 ? -Errno.ENOENT : found.EndsInSlash ? -Errno.EISDIR : 0;
        Inode attributes = NewFile(FileType.Regular, mode, new RegularBody(FileContent.Empty));
        return error == 0 && Add(found, attributes, out error) is { } added
            ? new RegularFile(new VfsLocation(added, found.Parent, found.Name))
            : null;
    }

    /// <summary>Opens what is there, with the program's rights.</summary>
    public FileObject? OpenExisting(VfsLocation location, int flags, out int error)
    {
        error = StatusOf(location.Node) is { } status ? CheckOpen(status, location.Node, flags) : -Errno.ENOENT;
        if (error != 0 || StatusOf(location.Node) is not { } known)
            return null;
        if ((flags & OpenFlags.Path) != 0)
            return new PathOnly(location);
        if ((flags & OpenFlags.Truncate) != 0 && known.IsRegular && SystemOf(location.Node) is { } written and not SyntheticFileSystem)
            error = written.SetContent(location.Node, FileContent.Empty);
        return error == 0 ? OpenKind(location, known, flags, out error) : null;
    }

    private FileObject? OpenKind(VfsLocation location, FileStatus status, int flags, out int error)
    {
        if (location.Node is ObjectNode { Object: { } file })
            return file.Operations.Reopen(file, flags, out error);
        error = -Errno.ENXIO;
        if (SystemOf(location.Node) is not { } system)
            return null;
        if (system is MemoryFileSystem && status.Type == FileType.CharacterDevice)
            return OpenDevice(location, status.Represents, out error);
        if (system is MemoryFileSystem && status.Type == FileType.Fifo)
        {
            error = 0;
            return new PipeEnd(machine.Pipes.OfFifo(location.Node)) { Place = location };
        }

        if (system is MemoryFileSystem && !status.IsDirectory && !status.IsRegular)
            return null;
        return system.Open(location, status, out error);
    }

    private FileObject? OpenDevice(VfsLocation location, DeviceNumber number, out int error)
    {
        DeviceNumber[] memoryDevices = [DeviceNumber.Null, DeviceNumber.Zero, DeviceNumber.Full, DeviceNumber.Random, DeviceNumber.UnseededRandom];
        bool isTerminal = number == DeviceNumber.ControllingTerminal || number == DeviceNumber.FirstPseudoTerminal;
        error = memoryDevices.Contains(number) || (isTerminal && machine.State.Terminal is not null) ? 0 : isTerminal ? -Errno.ENXIO : -Errno.ENODEV;
        return error != 0 ? null : isTerminal ? new StandardStream(StandardStreamKind.Terminal) { Place = location } : new DeviceFile(location, number);
    }

    private FileObject? OpenNameless(PathLookup found, int flags, int mode, out int error)
    {
        error = 0;
        if (found.Node is not { } directory || StatusOf(directory) is not { } status)
            error = -Errno.ENOENT;
        else if (!status.IsDirectory)
            error = -Errno.ENOTDIR;
        else
            error = CheckChange(directory, status);
        if (error != 0 || found.Node is null || SystemOf(found.Node) is not { } system)
            return null;
        Inode attributes = NewFile(FileType.Regular, mode, new RegularBody(FileContent.Empty));
        return system.AddNameless(attributes, out error) is { } added ? new RegularFile(new VfsLocation(added, found.Node, "#" + (added as MemoryNode)?.Inode)) : null;
    }

    /// <summary>The checks of open in Linux' order: kind, then file system, then permissions, then ownership.</summary>
    private int CheckOpen(FileStatus status, VfsNode node, int flags)
    {
        if ((flags & OpenFlags.Create) != 0 && status.IsDirectory)
            return -Errno.EISDIR;
        if ((flags & OpenFlags.Directory) != 0 && !status.IsDirectory)
            return -Errno.ENOTDIR;
        if ((flags & OpenFlags.Path) != 0)
            return 0;
        int wanted = (flags & OpenFlags.AccessMode) switch
        {
            OpenFlags.ReadOnly => Octal.Read,
            OpenFlags.WriteOnly => Octal.Write,
            _ => Octal.Read | Octal.Write,
        };
        wanted |= (flags & OpenFlags.Truncate) != 0 ? Octal.Write : 0;
        bool writes = (wanted & Octal.Write) != 0;
        if (status.IsSymbolicLink)
            return -Errno.ELOOP;
        if (status.IsDirectory && writes)
            return -Errno.EISDIR;
        if (writes && status.IsRegular && IsReadOnly(node))
            return -Errno.EROFS;
        if (!Credentials.Program.May(status, wanted))
            return -Errno.EACCES;
        return (flags & OpenFlags.NoAccessTime) != 0 && !Credentials.Program.Owns(status) ? -Errno.EPERM : 0;
    }
}
