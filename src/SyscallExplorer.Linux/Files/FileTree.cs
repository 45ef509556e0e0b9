using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// A tree of files in memory, immutable. Its methods keep it sound: link counts, parents, no directory within itself. Rights are not its
/// business. What would break a rule gives null and a negative error number.
/// </summary>
internal sealed record FileTree
{
    public const long RootNumber = 2;
    private const int MaxLinks = 65_000;

    private FileTree(ImmutableDictionary<long, Inode> inodes, long next, long room) => (Inodes, Next, Room) = (inodes, next, room);

    private ImmutableDictionary<long, Inode> Inodes { get; init; }

    private long Next { get; init; }

    /// <summary>Bytes that all files take.</summary>
    public long Room { get; private init; }

    /// <summary>How many files there are, the unlinked ones included that somebody still uses.</summary>
    public int Count => Inodes.Count;

    /// <summary>Files without a name.</summary>
    public ImmutableSortedSet<long> Orphans { get; private init; } = [];

    public Inode Root => Inodes[RootNumber];

    /// <summary>A tree of an empty root.</summary>
    public static FileTree Create(int mode, int uid, int gid, long now)
    {
        var root = new Inode(RootNumber, FileType.Directory | mode, uid, gid, 2, FileTimes.At(now), DirectoryBody.Empty(RootNumber));
        return new FileTree(ImmutableDictionary<long, Inode>.Empty.Add(RootNumber, root), RootNumber + 1, root.Room);
    }

    public Inode? Find(long number) => Inodes.GetValueOrDefault(number);

    /// <summary>The inode of a name in a directory.</summary>
    public Inode? Find(long directory, string name) =>
        Find(directory)?.Body is DirectoryBody body && body.Entries.TryGetValue(name, out long number) ? Inodes[number] : null;

    /// <summary>A name under which an inode can be reached from a directory; null for the root and for what has none.</summary>
    public string? NameIn(long directory, long number) =>
        Find(directory)?.Body is DirectoryBody body ? body.Entries.FirstOrDefault(entry => entry.Value == number).Key : null;

    /// <summary>The directories that hold names of an inode.</summary>
    public IEnumerable<long> DirectoriesOf(long number) =>
        Inodes.Values.Where(inode => inode.Body is DirectoryBody body && body.Entries.ContainsValue(number)).Select(inode => inode.Number).Order();

    /// <summary>Adds a new file under a name.</summary>
    public FileTree? Add(long directory, string name, Inode attributes, long now, out int error)
    {
        error = CheckFree(directory, name);
        if (error != 0)
            return null;
        var inode = attributes with
        {
            Number = Next,
            Links = attributes.IsDirectory ? 2 : 1,
            Times = FileTimes.At(now),
            Body = attributes.IsDirectory ? DirectoryBody.Empty(directory) : attributes.Body,
        };
        FileTree tree = this with { Inodes = Inodes.Add(Next, inode), Next = Next + 1, Room = Room + inode.Room };
        return tree.Enter(directory, name, inode, now);
    }

    /// <summary>Adds a new file without a name.</summary>
    public FileTree AddOrphan(Inode attributes, long now, out Inode added)
    {
        added = attributes with { Number = Next, Links = 0, Times = FileTimes.At(now), IsLinkable = true };
        return this with { Inodes = Inodes.Add(Next, added), Next = Next + 1, Room = Room + added.Room, Orphans = Orphans.Add(Next) };
    }

    /// <summary>Gives a file another name.</summary>
    public FileTree? Link(long number, long directory, string name, long now, out int error)
    {
        error = CheckFree(directory, name);
        Inode inode = Inodes[number];
        if (error == 0 && inode.IsDirectory)
            error = -Errno.EPERM;
        if (error == 0 && inode is { Links: 0, IsLinkable: false })
            error = -Errno.ENOENT;
        if (error == 0 && inode.Links >= MaxLinks)
            error = -Errno.EMLINK;
        if (error != 0)
            return null;
        FileTree tree = Replace(inode with { Links = inode.Links + 1, Times = inode.Times with { Change = now } });
        return (tree with { Orphans = Orphans.Remove(number) }).Enter(directory, name, inode, now);
    }

    /// <summary>Takes a name from a file. What has none left stays as an orphan until <see cref="Forget"/>.</summary>
    public FileTree? Unlink(long directory, string name, long now, out int error)
    {
        Inode? inode = Find(directory, name);
        error = inode is null ? -Errno.ENOENT : inode.IsDirectory ? -Errno.EISDIR : 0;
        return error == 0 && inode is not null ? Leave(directory, name, inode, now).Drop(inode.Number, 1, now) : null;
    }

    /// <summary>Removes an empty directory.</summary>
    public FileTree? RemoveDirectory(long directory, string name, long now, out int error)
    {
        Inode? inode = Find(directory, name);
        error = inode?.Body switch { null => -Errno.ENOENT, DirectoryBody { Entries.Count: > 0 } => -Errno.ENOTEMPTY, DirectoryBody => 0, _ => -Errno.ENOTDIR };
        return error == 0 && inode is not null ? Leave(directory, name, inode, now).Drop(inode.Number, 2, now) : null;
    }

    /// <summary>Moves a name; what stands at the target is replaced.</summary>
    public FileTree? Rename(long from, string oldName, long to, string newName, long now, out int error)
    {
        Inode? moved = Find(from, oldName), replaced = Find(to, newName);
        error = CheckMove(moved, replaced, to);
        if (error != 0 || moved is null || moved.Number == replaced?.Number)
            return error == 0 ? this : null;
        FileTree tree = this;
        if (replaced is not null)
            tree = tree.Leave(to, newName, replaced, now).Drop(replaced.Number, replaced.IsDirectory ? 2 : 1, now);
        return tree.Leave(from, oldName, moved, now).Enter(to, newName, moved, now).Moved(moved.Number, to, now);
    }

    /// <summary>Exchanges two names.</summary>
    public FileTree? Exchange(long one, string oneName, long other, string otherName, long now, out int error)
    {
        Inode? first = Find(one, oneName), second = Find(other, otherName);
        error = first is null || second is null ? -Errno.ENOENT
            : (first.IsDirectory && IsWithin(other, first.Number)) || (second.IsDirectory && IsWithin(one, second.Number)) ? -Errno.EINVAL : 0;
        if (error != 0 || first is null || second is null || first.Number == second.Number)
            return error == 0 ? this : null;
        return Leave(one, oneName, first, now).Leave(other, otherName, second, now).Enter(other, otherName, first, now).Enter(one, oneName, second, now)
            .Moved(first.Number, other, now).Moved(second.Number, one, now);
    }

    /// <summary>Changes a file's attributes or content.</summary>
    public FileTree Replace(Inode inode) => this with { Inodes = Inodes.SetItem(inode.Number, inode), Room = Room + inode.Room - Inodes[inode.Number].Room };

    /// <summary>Drops a file that has no name and that nobody uses any more.</summary>
    public FileTree Forget(long number) =>
        Orphans.Contains(number) ? this with { Inodes = Inodes.Remove(number), Orphans = Orphans.Remove(number), Room = Room - Inodes[number].Room } : this;

    /// <summary>Whether a directory is another or lies below it.</summary>
    public bool IsWithin(long directory, long above)
    {
        while (directory != above)
        {
            if (directory == RootNumber || Find(directory)?.Body is not DirectoryBody body)
                return false;
            directory = body.Parent;
        }

        return true;
    }

    private int CheckFree(long directory, string name) =>
        Find(directory)?.Body is not DirectoryBody body ? -Errno.ENOTDIR
        : Inodes[directory].Links == 0 ? -Errno.ENOENT
        : body.Entries.ContainsKey(name) ? -Errno.EEXIST : 0;

    private int CheckMove(Inode? moved, Inode? replaced, long to)
    {
        if (moved is null || Inodes[to].Links == 0)
            return -Errno.ENOENT;
        if (moved.IsDirectory && IsWithin(to, moved.Number))
            return -Errno.EINVAL;
        if (replaced is null || moved.Number == replaced.Number)
            return 0;
        if (moved.IsDirectory != replaced.IsDirectory)
            return moved.IsDirectory ? -Errno.ENOTDIR : -Errno.EISDIR;
        return replaced.Body is DirectoryBody { Entries.Count: > 0 } ? -Errno.ENOTEMPTY : 0;
    }

    /// <summary>Writes a name into a directory; a directory's <c>..</c> is a link to its parent.</summary>
    private FileTree Enter(long directory, string name, Inode inode, long now) =>
        Changed(directory, body => body with { Entries = body.Entries.SetItem(name, inode.Number) }, inode.IsDirectory ? 1 : 0, now);

    private FileTree Leave(long directory, string name, Inode inode, long now) =>
        Changed(directory, body => body with { Entries = body.Entries.Remove(name) }, inode.IsDirectory ? -1 : 0, now);

    private FileTree Changed(long directory, Func<DirectoryBody, DirectoryBody> change, int links, long now)
    {
        Inode inode = Inodes[directory];
        return inode.Body is DirectoryBody body
            ? Replace(inode with { Body = change(body), Links = inode.Links + links, Times = inode.Times with { Modification = now, Change = now } })
            : this;
    }

    private FileTree Drop(long number, int links, long now)
    {
        Inode inode = Inodes[number];
        inode = inode with { Links = Math.Max(0, inode.Links - links), Times = inode.Times with { Change = now } };
        FileTree tree = Replace(inode);
        return inode.Links == 0 ? tree with { Orphans = Orphans.Add(number) } : tree;
    }

    private FileTree Moved(long number, long parent, long now)
    {
        Inode inode = Inodes[number];
        InodeBody body = inode.Body is DirectoryBody directory ? directory with { Parent = parent } : inode.Body;
        return Replace(inode with { Body = body, Times = inode.Times with { Change = now } });
    }
}
