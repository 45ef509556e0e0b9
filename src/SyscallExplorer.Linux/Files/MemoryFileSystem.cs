namespace SyscallExplorer.Linux;

/// <summary>The tree in memory.</summary>
internal sealed class MemoryFileSystem(LinuxMachine machine, Mount mount) : FileSystem(machine, mount)
{
    private FileTree Tree
    {
        get => Machine.State.Tree;
        set => Machine.State = Machine.State with { Tree = value };
    }

    private long Now => new EmulatedTime(Machine).WallClock;

    public override int Refusal => 0;

    public override FileSystemStatistics Statistics
    {
        get
        {
            long limit = Machine.FileLimit, free = Math.Max(0, limit - Tree.Room);
            return new(FileSystemStatistics.Memory, limit / FileStatus.BlockSize, free / FileStatus.BlockSize,
                limit / Inode.Overhead, free / Inode.Overhead, IsReadOnly: false);
        }
    }

    public override FileStatus? StatusOf(VfsNode node)
    {
        if (InodeOf(node) is not { } inode)
            return null;
        long size = inode.Body switch
        {
            RegularBody regular => regular.Content.Length,
            SymbolicLinkBody link => link.Target.Length,
            DirectoryBody => FileStatus.BlockSize,
            _ => 0,
        };
        long allocated = inode.Body switch { RegularBody regular => regular.Content.Allocated, DirectoryBody => FileStatus.BlockSize, _ => 0 };
        return new FileStatus(Mount.Device, inode.Number, inode.Mode, inode.Links, inode.Uid, inode.Gid, size, inode.Times)
        {
            Represents = inode.Body is DeviceBody device ? device.Number : default,
            Blocks = allocated / FileStatus.Sector,
        };
    }

    public override VfsNode? Find(VfsNode directory, string name, out int error)
    {
        Inode? inode = Tree.Find(NumberOf(directory), name);
        error = inode is null ? -Errno.ENOENT : 0;
        return inode is null ? null : Node(inode.Number);
    }

    public override VfsNode ParentOf(VfsNode directory) => InodeOf(directory)?.Body is DirectoryBody body ? Node(body.Parent) : Mount.Root;

    public override string? NameOf(VfsNode directory) =>
        InodeOf(directory) is { Links: > 0, Body: DirectoryBody body } ? Tree.NameIn(body.Parent, NumberOf(directory)) : null;

    public override IReadOnlyList<DirectoryEntry>? List(VfsNode directory, out int error)
    {
        error = 0;
        if (InodeOf(directory)?.Body is DirectoryBody body)
            return [.. body.Entries.Select(entry => new DirectoryEntry(entry.Key, entry.Value, Tree.Find(entry.Value)?.Mode ?? 0))];
        error = -Errno.ENOTDIR;
        return null;
    }

    public override string? TargetOf(VfsNode link) => InodeOf(link)?.Body is SymbolicLinkBody body ? body.Target : null;

    public override int Read(VfsNode node, long offset, Span<byte> destination) =>
        InodeOf(node) is { Body: RegularBody body } inode
            ? Keep(inode, body, Machine.SharedPages.WithStores(node, body.Content, offset, destination.Length)).Read(offset, destination)
            : -Errno.EINVAL;

    public override FileContent? ContentOf(VfsNode node, out int error)
    {
        error = -Errno.EINVAL;
        if (InodeOf(node) is not { Body: RegularBody body } inode)
            return null;
        error = 0;
        return Keep(inode, body, Machine.SharedPages.WithStores(node, body.Content));
    }

    /// <summary>Moves what was stored to pages into the file.</summary>
    private FileContent Keep(Inode inode, RegularBody body, FileContent content)
    {
        if (content != body.Content)
            Tree = Tree.Replace(inode with { Body = new RegularBody(content), Times = inode.Times with { Modification = Now, Change = Now } });
        return content;
    }

    /// <summary>Writing takes away the set-user bit, and the set-group bit where the group may execute.</summary>
    public override int SetContent(VfsNode node, FileContent content)
    {
        const int executeByGroup = 8;
        if (InodeOf(node) is not { Body: RegularBody old } inode)
            return -Errno.EINVAL;
        if (content.Allocated > old.Content.Allocated && !HasRoomFor(content.Allocated - old.Content.Allocated))
            return -Errno.ENOSPC;
        int taken = Octal.SetUser | ((inode.Mode & executeByGroup) != 0 ? Octal.SetGroup : 0);
        Tree = Tree.Replace(inode with { Body = new RegularBody(content), Mode = inode.Mode & ~taken, Times = inode.Times with { Modification = Now, Change = Now } });
        Machine.SharedPages.Refresh(node, content, old.Content.Length);
        return 0;
    }

    /// <summary>As relatime does it: only when the file changed after it was last read.</summary>
    public override void Touch(VfsNode node)
    {
        if (InodeOf(node) is { } inode && (inode.Times.Access <= inode.Times.Modification || inode.Times.Access <= inode.Times.Change))
            Tree = Tree.Replace(inode with { Times = inode.Times with { Access = Now } });
    }

    public override VfsNode? Add(VfsNode directory, string name, Inode attributes, out int error)
    {
        error = HasRoomFor(attributes.Room) ? 0 : -Errno.ENOSPC;
        if (error != 0 || Tree.Add(NumberOf(directory), name, attributes, Now, out error) is not { } tree)
            return null;
        Tree = tree;
        return tree.Find(NumberOf(directory), name) is { } added ? Node(added.Number) : null;
    }

    public override VfsNode? AddNameless(Inode attributes, out int error)
    {
        error = HasRoomFor(attributes.Room) ? 0 : -Errno.ENOSPC;
        if (error != 0)
            return null;
        Tree = Tree.AddOrphan(attributes, Now, out Inode added);
        return Node(added.Number);
    }

    public override int Link(VfsNode node, VfsNode directory, string name) => Take(Tree.Link(NumberOf(node), NumberOf(directory), name, Now, out int error), error);

    public override int Unlink(VfsNode directory, string name) => Take(Tree.Unlink(NumberOf(directory), name, Now, out int error), error);

    public override int RemoveDirectory(VfsNode directory, string name) => Take(Tree.RemoveDirectory(NumberOf(directory), name, Now, out int error), error);

    public override int Rename(VfsNode from, string oldName, VfsNode to, string newName, bool exchange)
    {
        int error;
        FileTree? tree = exchange
            ? Tree.Exchange(NumberOf(from), oldName, NumberOf(to), newName, Now, out error)
            : Tree.Rename(NumberOf(from), oldName, NumberOf(to), newName, Now, out error);
        return Take(tree, error);
    }

    public override int SetAttributes(VfsNode node, FileStatus status)
    {
        if (InodeOf(node) is not { } inode)
            return -Errno.ENOENT;
        int mode = (inode.Mode & FileType.Mask) | (status.Mode & Octal.Changeable);
        Tree = Tree.Replace(inode with { Mode = mode, Uid = status.Uid, Gid = status.Gid, Times = status.Times with { Birth = inode.Times.Birth } });
        return 0;
    }

    private static long NumberOf(VfsNode node) => node is MemoryNode memory ? memory.Inode : 0;

    private Inode? InodeOf(VfsNode node) => Tree.Find(NumberOf(node));

    private MemoryNode Node(long number) => new(Mount.Number, number);

    private int Take(FileTree? tree, int error)
    {
        if (tree is null)
            return error;
        Tree = tree;
        Machine.Vfs.ForgetOrphans();
        return 0;
    }

    private bool HasRoomFor(long bytes)
    {
        if (Tree.Room + bytes <= Machine.FileLimit)
            return true;
        Machine.Vfs.ForgetOrphans();
        if (Tree.Room + bytes <= Machine.FileLimit)
            return true;
        if (Machine.State.HasProgram)
            Machine.Exceeded(LimitKind.Files);
        return false;
    }
}
