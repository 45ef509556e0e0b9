namespace SyscallExplorer.Linux;

/// <summary>
/// All files of the machine by their names: mounts, paths, and what may be done with what they lead to. Each method does for one kind of
/// call what the kernel's would; errors are negative error numbers.
/// </summary>
internal sealed partial class VirtualFileSystem(LinuxMachine machine)
{
    private const long MaxFileSize = 1L << 43;
    private const int FileSizeLimit = 1;
    private const string Deleted = " (deleted)";

    private MountTable Mounts => machine.State.Mounts;

    /// <summary>The directory that absolute names start at.</summary>
    public VfsNode Root => Mounts.Root;

    /// <summary>The end of the longest file that may be written: RLIMIT_FSIZE, or what the tree can hold.</summary>
    public long SizeLimit => (long)Math.Min(machine.Process.LimitOf(FileSizeLimit).Soft, MaxFileSize);

    /// <summary>The file system of a node; null for what is in none.</summary>
    public FileSystem? SystemOf(VfsNode node)
    {
        if (node.Mount == VfsNode.Nowhere)
            return null;
        Mount mount = Mounts[node.Mount];
        return mount.Source switch
        {
            HostSource host => new HostFileSystem(machine, mount, host.Folder),
            SyntheticSource synthetic => new SyntheticFileSystem(machine, mount, synthetic.Root),
            _ => new MemoryFileSystem(machine, mount),
        };
    }

    /// <summary>What stat tells of a file; null when it is gone.</summary>
    public FileStatus? StatusOf(VfsNode node) =>
        node is ObjectNode { Object: { } file } ? file.Operations.Status(machine, file) : SystemOf(node)?.StatusOf(node);

    /// <summary>Looks up a path of the program's.</summary>
    public PathLookup? Find(VfsNode start, string path, LastPart last, out int error) => new PathWalk(this, Credentials.Program).Find(start, path, last, out error);

    /// <summary>What a path of the owner's leads to, whatever its rights; null when nothing is there.</summary>
    public VfsLocation? FindAsOwner(string path, bool follow = true) => new PathWalk(this, Credentials.Owner).Find(Root, path, follow ? LastPart.Followed : LastPart.NotFollowed, out _)?.Location;

    /// <summary>The file of a name in a directory, or what is mounted there.</summary>
    public VfsNode? Find(VfsNode directory, string name, out int error)
    {
        error = 0;
        if (Mounts.Find(directory, name) is { } mount)
            return mount.Root;
        if (SystemOf(directory) is { } system)
            return system.Find(directory, name, out error);
        error = -Errno.ENOTDIR;
        return null;
    }

    /// <summary>The directory above one; above a mount's root is the directory that it is mounted in.</summary>
    public VfsNode ParentOf(VfsNode directory) =>
        directory.Mount == VfsNode.Nowhere ? directory
        : Mounts[directory.Mount] is { } mount && mount.Root == directory ? mount.Parent ?? directory
        : SystemOf(directory)?.ParentOf(directory) ?? directory;

    /// <summary>A directory's names with <c>.</c> and <c>..</c>, and with what is mounted there.</summary>
    public IReadOnlyList<DirectoryEntry>? List(VfsNode directory, out int error)
    {
        error = -Errno.ENOTDIR;
        if (SystemOf(directory)?.List(directory, out error) is not { } own)
            return null;
        var names = new SortedDictionary<string, DirectoryEntry>(StringComparer.Ordinal);
        foreach (DirectoryEntry entry in own)
            names[entry.Name] = entry;
        foreach (Mount mount in Mounts.In(directory))
            names[mount.Name] = Entry(mount.Name, mount.Root);
        return [Entry(".", directory), Entry("..", ParentOf(directory)), .. names.Values];
    }

    /// <summary>The path of a directory; of one that was removed, with Linux' remark.</summary>
    public string PathOf(VfsNode directory)
    {
        string path = "", remark = "";
        for (int depth = 0; directory != Root && depth < PathNames.PathMax; depth++)
        {
            if (directory.Mount == VfsNode.Nowhere)
                return path;
            Mount mount = Mounts[directory.Mount];
            string? name = mount.Root == directory ? mount.Name : SystemOf(directory)?.NameOf(directory);
            if (name is null || (mount.Root == directory && mount.Parent is null))
            {
                remark = Deleted;
                break;
            }

            path = "/" + name + path;
            directory = ParentOf(directory);
        }

        return (path.Length == 0 ? "/" : path) + remark;
    }

    /// <summary>The path of a file as it is now: by the name that it was reached by, or by another one that it has.</summary>
    public string PathOf(VfsLocation location)
    {
        if (location.Node is ObjectNode { Object: { } file })
            return file.Operations.Describe(machine, file);
        if (location.Parent is null || StatusOf(location.Node) is { IsDirectory: true })
            return PathOf(location.Node);
        if (Find(location.Parent, location.Name, out _) == location.Node)
            return PathNames.Join(PathOf(location.Parent), location.Name);
        if (location.Node is MemoryNode node && machine.State.Tree.DirectoriesOf(node.Inode).FirstOrDefault() is var directory and not 0)
            return PathNames.Join(PathOf(new MemoryNode(node.Mount, directory)), machine.State.Tree.NameIn(directory, node.Inode) ?? location.Name);
        return PathNames.Join(PathOf(location.Parent), location.Name) + Deleted;
    }

    /// <summary>A node's path as text, for messages.</summary>
    public string TextOf(VfsNode node) => PathNames.ToText(node is HostNode host
        ? PathNames.Join(PathOf(Mounts[host.Mount].Root), host.Path)
        : PathOf(node));

    private DirectoryEntry Entry(string name, VfsNode node) => new(name, StatusOf(node)?.Inode ?? 0, FileType.Directory);
}
