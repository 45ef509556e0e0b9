namespace SyscallExplorer.Linux;

/// <summary>What changes names and attributes, each with the checks that Linux makes, in its order.</summary>
internal sealed partial class VirtualFileSystem
{
    private const int ChangeDirectory = Octal.Write | Octal.Execute;

    /// <summary>Whether a file lies where nothing can be written.</summary>
    public bool IsReadOnly(VfsNode node) => SystemOf(node) is { Refusal: -Errno.EROFS };

    /// <summary>Attributes for a new file of the program's, less what its mask takes.</summary>
    public Inode NewFile(int type, int mode, InodeBody body) =>
        new(0, type | (mode & Octal.Changeable & ~machine.CurrentFileSystem.Mask), Credentials.Program.Uid, Credentials.Program.Gid, 0, default, body);

    /// <summary>mkdir, mknod and symlink: makes what a looked-up name does not have yet.</summary>
    public int Make(PathLookup found, Inode attributes)
    {
        int error = CheckNew(found, attributes.IsDirectory);
        if (error == 0)
            Add(found, attributes, out error);
        return error;
    }

    /// <summary>link.</summary>
    public int Link(VfsNode node, PathLookup found)
    {
        int error = CheckNew(found, isDirectory: false);
        if (error != 0)
            return error;
        if (node.Mount != found.Parent.Mount)
            return -Errno.EXDEV;
        if (StatusOf(node) is { IsDirectory: true })
            return -Errno.EPERM;
        error = StatusOf(found.Parent) is { } directory ? CheckChange(found.Parent, directory) : -Errno.ENOENT;
        return error != 0 ? error : SystemOf(node)?.Link(node, found.Parent, found.Name) ?? -Errno.EXDEV;
    }

    /// <summary>unlink.</summary>
    public int Unlink(PathLookup found)
    {
        if (!found.IsOrdinary)
            return -Errno.EISDIR;
        int error = CheckRemoval(found);
        if (error == 0 && found.Node is { } node && StatusOf(node) is { } status && (status.IsDirectory || found.EndsInSlash))
            error = status.IsDirectory ? -Errno.EISDIR : -Errno.ENOTDIR;
        return error != 0 ? error : SystemOf(found.Parent)?.Unlink(found.Parent, found.Name) ?? -Errno.EPERM;
    }

    /// <summary>rmdir.</summary>
    public int RemoveDirectory(PathLookup found)
    {
        if (!found.IsOrdinary)
            return found.Name switch { ".." => -Errno.ENOTEMPTY, "." => -Errno.EINVAL, _ => -Errno.EBUSY };
        int error = CheckRemoval(found);
        if (error == 0 && found.Node is { } node)
            error = StatusOf(node) is not { IsDirectory: true } ? -Errno.ENOTDIR : HoldsMount(found.Parent, found.Name, node) ? -Errno.EBUSY : 0;
        return error != 0 ? error : SystemOf(found.Parent)?.RemoveDirectory(found.Parent, found.Name) ?? -Errno.EPERM;
    }

    /// <summary>rename, with RENAME_NOREPLACE or RENAME_EXCHANGE.</summary>
    public int Rename(PathLookup from, PathLookup to, bool noReplace, bool exchange)
    {
        if (from.Parent.Mount != to.Parent.Mount)
            return -Errno.EXDEV;
        if (!from.IsOrdinary || !to.IsOrdinary)
            return !from.IsOrdinary || !noReplace ? -Errno.EBUSY : -Errno.EEXIST;
        if (SystemOf(from.Parent) is not { } system)
            return -Errno.EXDEV;
        if (system.Refusal == -Errno.EROFS)
            return -Errno.EROFS;
        if (from.Node is not { } moved || StatusOf(moved) is not { } status || (exchange && to.Node is null))
            return -Errno.ENOENT;
        if (noReplace && to.Node is not null)
            return -Errno.EEXIST;
        if (!status.IsDirectory && (from.EndsInSlash || (to.EndsInSlash && !exchange)))
            return -Errno.ENOTDIR;
        if (to.Node is { } target && IsAbove(target, from.Parent))
            return exchange ? -Errno.EINVAL : -Errno.ENOTEMPTY;
        if (status.IsDirectory && IsAbove(moved, to.Parent))
            return -Errno.EINVAL;
        int error = CheckMove(from, to, status);
        return error != 0 ? error : system.Rename(from.Parent, from.Name, to.Parent, to.Name, exchange);
    }

    /// <summary>chmod.</summary>
    public int SetMode(VfsNode node, int mode)
    {
        if (CheckAttributes(node, out FileStatus? status) is var error && error != 0)
            return error;
        if (status is null || SystemOf(node) is not { } system)
            return -Errno.EPERM;
        if (!Credentials.Program.Owns(status))
            return -Errno.EPERM;
        int kept = status.Gid == Credentials.Program.Gid ? Octal.Changeable : Octal.Changeable & ~Octal.SetGroup;
        return system.SetAttributes(node, status with { Mode = (status.Mode & FileType.Mask) | (mode & kept), Times = status.Times with { Change = Now } });
    }

    /// <summary>chown: a user without privileges may only give a file of its own to a group of its own.</summary>
    /// <param name="node">Which file.</param>
    /// <param name="uid">The new owner, or -1.</param>
    /// <param name="gid">The new group, or -1.</param>
    public int SetOwner(VfsNode node, int uid, int gid)
    {
        const int executeByGroup = 8;
        if (CheckAttributes(node, out FileStatus? status) is var error && error != 0)
            return error;
        if (status is null || SystemOf(node) is not { } system)
            return -Errno.EPERM;
        bool owns = Credentials.Program.Owns(status);
        if ((uid != -1 && !(owns && uid == status.Uid)) || (gid != -1 && !(owns && (gid == status.Gid || gid == Credentials.Program.Gid))))
            return -Errno.EPERM;
        int taken = status.IsDirectory ? 0 : Octal.SetUser | ((status.Mode & executeByGroup) != 0 ? Octal.SetGroup : 0);
        return system.SetAttributes(node, status with { Gid = gid == -1 ? status.Gid : gid, Mode = status.Mode & ~taken, Times = status.Times with { Change = Now } });
    }

    /// <summary>utimensat.</summary>
    /// <param name="node">Which file.</param>
    /// <param name="access">Nanoseconds since 1970; null leaves the time as it is.</param>
    /// <param name="modification">Nanoseconds since 1970; null leaves the time as it is.</param>
    /// <param name="isNow">Whether both are the present, which everybody may set who may write.</param>
    public int SetTimes(VfsNode node, long? access, long? modification, bool isNow)
    {
        if (access is null && modification is null)
            return 0;
        if (CheckAttributes(node, out FileStatus? status) is var error && error != 0)
            return error;
        if (status is null || SystemOf(node) is not { } system)
            return -Errno.EPERM;
        if (!Credentials.Program.Owns(status))
        {
            if (!isNow)
                return -Errno.EPERM;
            if (!Credentials.Program.May(status, Octal.Write))
                return -Errno.EACCES;
        }

        var times = status.Times with { Access = access ?? status.Times.Access, Modification = modification ?? status.Times.Modification, Change = Now };
        return system.SetAttributes(node, status with { Times = times });
    }

    /// <summary>truncate, by a name.</summary>
    public long Truncate(VfsNode node, long length)
    {
        if (StatusOf(node) is not { } status)
            return -Errno.ENOENT;
        if (!status.IsRegular)
            return status.IsDirectory ? -Errno.EISDIR : -Errno.EINVAL;
        if (IsReadOnly(node))
            return -Errno.EROFS;
        return Credentials.Program.May(status, Octal.Write) ? SetLength(node, length) : -Errno.EACCES;
    }

    /// <summary>ftruncate, of a file that was opened for writing.</summary>
    public long SetLength(VfsNode node, long length)
    {
        if (SystemOf(node) is not { } system || system.ContentOf(node, out int error) is not { } content)
            return -Errno.EINVAL;
        return length > SizeLimit && length > content.Length ? -Errno.EFBIG : system.SetContent(node, content.WithLength(length));
    }

    private long Now => new EmulatedTime(machine).WallClock;

    private VfsNode? Add(PathLookup found, Inode attributes, out int error)
    {
        error = IsMade(found.Parent) ? -Errno.ENOENT : StatusOf(found.Parent) is { } directory ? CheckChange(found.Parent, directory) : -Errno.ENOENT;
        if (error != 0 || StatusOf(found.Parent) is not { } parent || SystemOf(found.Parent) is not { } system)
            return null;
        if ((parent.Mode & Octal.SetGroup) != 0)
            attributes = attributes with { Gid = parent.Gid, Mode = attributes.Mode | (attributes.IsDirectory ? Octal.SetGroup : 0) };
        return system.Add(found.Parent, found.Name, attributes, out error);
    }

    /// <summary>In /proc a name that is not there cannot be made: the look-up itself fails.</summary>
    private bool IsMade(VfsNode directory) => SystemOf(directory) is SyntheticFileSystem;

    /// <summary>A name that is to be made must be free, and only a directory's may end in a slash.</summary>
    private int CheckNew(PathLookup found, bool isDirectory) =>
        !found.IsOrdinary || found.Node is not null ? -Errno.EEXIST
        : (found.EndsInSlash && !isDirectory) || IsMade(found.Parent) ? -Errno.ENOENT
        : IsReadOnly(found.Parent) ? -Errno.EROFS : 0;

    private int CheckChange(VfsNode node, FileStatus directory) =>
        IsReadOnly(node) ? -Errno.EROFS : Credentials.Program.May(directory, ChangeDirectory) ? 0 : -Errno.EACCES;

    private int CheckRemoval(PathLookup found)
    {
        if (IsReadOnly(found.Parent))
            return -Errno.EROFS;
        return found.Node is { } node ? CheckDelete(found.Parent, node) : -Errno.ENOENT;
    }

    /// <summary>In a sticky directory only the owner of a name's file, or of the directory, may take it away.</summary>
    private int CheckDelete(VfsNode parent, VfsNode node)
    {
        if (StatusOf(parent) is not { } directory || StatusOf(node) is not { } status)
            return -Errno.ENOENT;
        if (!Credentials.Program.May(directory, ChangeDirectory))
            return -Errno.EACCES;
        return (directory.Mode & Octal.Sticky) != 0 && !Credentials.Program.Owns(status) && !Credentials.Program.Owns(directory) ? -Errno.EPERM : 0;
    }

    private int CheckMove(PathLookup from, PathLookup to, FileStatus moved)
    {
        if (from.Node is not { } node || StatusOf(to.Parent) is not { } target)
            return -Errno.ENOENT;
        int error = CheckDelete(from.Parent, node);
        if (error == 0)
            error = to.Node is { } replaced ? CheckDelete(to.Parent, replaced) : CheckChange(to.Parent, target);
        if (error == 0 && (HoldsMount(from.Parent, from.Name, node) || (to.Node is { } covered && HoldsMount(to.Parent, to.Name, covered))))
            error = -Errno.EBUSY;

        // A directory that gets another parent is written to: its .. changes.
        if (error == 0 && moved.IsDirectory && from.Parent != to.Parent && !Credentials.Program.May(moved, Octal.Write))
            error = -Errno.EACCES;
        return error;
    }

    private int CheckAttributes(VfsNode node, out FileStatus? status)
    {
        status = StatusOf(node);
        return status is null ? -Errno.ENOENT : IsReadOnly(node) ? -Errno.EROFS : 0;
    }

    private bool HoldsMount(VfsNode parent, string name, VfsNode node) => Mounts.Find(parent, name) is not null || Mounts.In(node).Any();

    private bool IsAbove(VfsNode node, VfsNode directory)
    {
        for (int depth = 0; depth < PathNames.PathMax; depth++)
        {
            if (node == directory)
                return true;
            VfsNode parent = ParentOf(directory);
            if (parent == directory)
                return false;
            directory = parent;
        }

        return false;
    }
}
