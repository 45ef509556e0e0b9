namespace SyscallExplorer.Linux;

/// <summary>A file system of made entries, such as /proc.</summary>
internal sealed class SyntheticFileSystem(LinuxMachine machine, Mount mount, SyntheticDirectory root) : FileSystem(machine, mount)
{
    public override FileSystemStatistics Statistics { get; } = new(FileSystemStatistics.Synthetic, 0, 0, 0, 0, IsReadOnly: false);

    /// <summary>No file can be made or removed by name.</summary>
    public override int Refusal => -Errno.EPERM;

    public override FileStatus? StatusOf(VfsNode node)
    {
        if (EntryOf(node) is not { } entry)
            return null;
        int type = entry switch { SyntheticDirectory => FileType.Directory, SyntheticLink => FileType.SymbolicLink, _ => FileType.Regular };
        int links = entry is SyntheticDirectory directory ? 2 + directory.Names(Machine).Count(name => directory.Find(Machine, name) is SyntheticDirectory) : 1;
        long now = new EmulatedTime(Machine).WallClock;
        return new FileStatus(Mount.Device, NumberOf(PathOf(node)), type | entry.Permissions, links, entry.Owner, entry.Owner, 0, FileTimes.At(now));
    }

    public override VfsNode? Find(VfsNode directory, string name, out int error)
    {
        VfsNode? found = EntryOf(directory) is SyntheticDirectory entry && entry.Find(Machine, name) is not null
            ? new SyntheticNode(Mount.Number, PathNames.Join(PathOf(directory), name))
            : null;
        error = found is null ? -Errno.ENOENT : 0;
        return found;
    }

    public override VfsNode ParentOf(VfsNode directory) => new SyntheticNode(Mount.Number, PathNames.Split(PathOf(directory)).Directory);

    public override string? NameOf(VfsNode directory) => PathNames.Split(PathOf(directory)).Name;

    public override IReadOnlyList<DirectoryEntry>? List(VfsNode directory, out int error)
    {
        error = 0;
        if (EntryOf(directory) is SyntheticDirectory entry)
            return [.. entry.Names(Machine).Order(StringComparer.Ordinal).Select(name => Describe(entry, PathOf(directory), name))];
        error = -Errno.ENOENT;
        return null;
    }

    public override string? TargetOf(VfsNode link) => EntryOf(link) is SyntheticLink entry ? entry.Target(Machine) : null;

    public override VfsLocation? DestinationOf(VfsNode link) => EntryOf(link) is SyntheticLink { Destination: { } destination } ? destination(Machine) : null;

    /// <summary>A file's bytes are made now.</summary>
    public override FileObject? Open(VfsLocation location, FileStatus status, out int error)
    {
        error = 0;
        switch (EntryOf(location.Node))
        {
            case SyntheticDirectory:
                return new DirectoryFile(location);
            case SyntheticFile file:
                return new SyntheticContent(location, FileContent.Of(file.Content(Machine)));
            case ProcessMemoryEntry entry when Machine.Tasks.Find(entry.Task) is { IsAlive: true } task:
                return new ProcessMemoryFile(location, task.Map);
            default:
                error = -Errno.ENOENT;
                return null;
        }
    }

    public override FileContent? ContentOf(VfsNode node, out int error)
    {
        FileContent? content = EntryOf(node) is SyntheticFile file ? FileContent.Of(file.Content(Machine)) : null;
        error = content is null ? -Errno.EINVAL : 0;
        return content;
    }

    /// <summary>Hands over what is written to an entry.</summary>
    public long Write(VfsNode node, byte[] bytes) => EntryOf(node) is SyntheticFile { Taken: { } taken } ? taken(Machine, bytes) : -Errno.EIO;

    /// <summary>No entry can be made by a name.</summary>
    public override VfsNode? Add(VfsNode directory, string name, Inode attributes, out int error)
    {
        error = -Errno.ENOENT;
        return null;
    }

    /// <summary>Entries keep their attributes, and setting them to what they are is no error.</summary>
    public override int SetAttributes(VfsNode node, FileStatus status) =>
        StatusOf(node) is { } now && now.Mode == status.Mode && now.Uid == status.Uid && now.Gid == status.Gid ? 0 : -Errno.EPERM;

    private static string PathOf(VfsNode node) => node is SyntheticNode synthetic ? synthetic.Path : "";

    private long NumberOf(string path) => PathNames.NumberOf($"{Mount.Number}:{path}");

    private DirectoryEntry Describe(SyntheticDirectory directory, string path, string name)
    {
        int type = directory.Find(Machine, name) switch { SyntheticDirectory => FileType.Directory, SyntheticLink => FileType.SymbolicLink, _ => FileType.Regular };
        return new DirectoryEntry(name, NumberOf(PathNames.Join(path, name)), type);
    }

    private SyntheticEntry? EntryOf(VfsNode node)
    {
        SyntheticEntry? entry = root;
        foreach (string name in PathOf(node).Split('/', StringSplitOptions.RemoveEmptyEntries))
            entry = entry is SyntheticDirectory directory ? directory.Find(Machine, name) : null;
        return entry;
    }
}
