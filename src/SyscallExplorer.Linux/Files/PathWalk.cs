namespace SyscallExplorer.Linux;

/// <summary>openat2's rules for names. include/uapi/linux/openat2.h.</summary>
[Flags]
internal enum ResolveRules
{
    None = 0,
    NoCrossing = 1,
    NoMagicLinks = 2,
    NoSymbolicLinks = 4,
    Beneath = 8,
    InRoot = 16,
    Cached = 32,
}

/// <summary>What becomes of a symbolic link at the end of a path.</summary>
internal enum LastPart
{
    /// <summary>It stays, unless a slash behind it says that a directory is meant.</summary>
    NotFollowed,

    /// <summary>It is followed.</summary>
    Followed,

    /// <summary>It stays whatever is behind it: the entry itself is to be made, removed or moved.</summary>
    Entry,
}

/// <summary>A name, looked up.</summary>
/// <param name="Parent">The directory of its last part.</param>
/// <param name="Name">Its last part; empty, <c>.</c> or <c>..</c> where no name in the parent is meant.</param>
/// <param name="Node">What is there, or null.</param>
/// <param name="EndsInSlash">Whether it can mean a directory only.</param>
internal sealed record PathLookup(VfsNode Parent, string Name, VfsNode? Node, bool EndsInSlash)
{
    public bool IsOrdinary => Name is not ("" or "." or "..");

    public VfsLocation? Location => Node is null ? null : IsOrdinary ? new VfsLocation(Node, Parent, Name) : new VfsLocation(Node);
}

/// <summary>Follows a path part by part, with the rights of somebody: path_resolution(7).</summary>
internal sealed class PathWalk(VirtualFileSystem files, Credentials who, ResolveRules rules = ResolveRules.None)
{
    private const int MaxLinks = 40;
    private int _links;
    private VfsNode _start = files.Root;

    /// <summary>Looks a path up. What is missing at its very end is no error here.</summary>
    /// <param name="start">Where a relative path starts.</param>
    /// <param name="path">One character a byte.</param>
    /// <param name="last">Whether a symbolic link at the end is followed.</param>
    /// <param name="error">0 or a negative error number, with a result of null.</param>
    public PathLookup? Find(VfsNode start, string path, LastPart last, out int error)
    {
        _start = start;
        VfsNode current = start;
        if (path.Length == 0)
            return Fail(-Errno.ENOENT, out error);
        if (path[0] == '/' && Rebase(ref current) is var refused && refused != 0)
            return Fail(refused, out error);
        string rest = path;
        while (true)
        {
            rest = rest.TrimStart('/');
            if (rest.Length == 0)
            {
                error = 0;
                return new PathLookup(current, "", current, true);
            }

            int end = rest.IndexOf('/', StringComparison.Ordinal);
            string name = end < 0 ? rest : rest[..end], behind = end < 0 ? "" : rest[end..];
            bool endsInSlash = end >= 0, isLast = behind.TrimStart('/').Length == 0;
            VfsNode? next = Step(current, name, out error);
            if (error != 0 && !(isLast && error == -Errno.ENOENT && next is null))
                return null;
            if (next is null)
            {
                error = 0;
                return new PathLookup(current, name, null, endsInSlash);
            }

            if (files.StatusOf(next) is not { } status)
                return Fail(-Errno.ENOENT, out error);
            if (status.IsSymbolicLink && (!isLast || last == LastPart.Followed || (endsInSlash && last != LastPart.Entry)))
            {
                string? text = Expand(ref current, next, out VfsLocation? destination, out error);
                if (error != 0)
                    return null;
                if (text is not null)
                {
                    rest = text + behind;
                    continue;
                }

                if (destination is null)
                    return Fail(-Errno.ENOENT, out error);
                if (isLast)
                    return Check(new PathLookup(destination.Parent ?? current, destination.Parent is null ? "" : destination.Name, destination.Node, endsInSlash), out error);
                next = destination.Node;
            }
            else if (isLast)
            {
                var found = new PathLookup(current, name, next, endsInSlash);
                return last == LastPart.Entry ? found : Check(found, out error);
            }

            if (files.StatusOf(next) is not { IsDirectory: true })
                return Fail(-Errno.ENOTDIR, out error);
            current = next;
            rest = behind;
        }
    }

    private PathLookup? Check(PathLookup found, out int error)
    {
        error = found.EndsInSlash && found.Node is { } node && files.StatusOf(node) is not { IsDirectory: true } ? -Errno.ENOTDIR : 0;
        return error == 0 ? found : null;
    }

    /// <summary>One part of a path.</summary>
    private VfsNode? Step(VfsNode current, string name, out int error)
    {
        error = files.StatusOf(current) switch
        {
            null => -Errno.ENOENT,
            { IsDirectory: false } => -Errno.ENOTDIR,
            { } status when !who.May(status, Octal.Execute) => -Errno.EACCES,
            _ => name.Length > PathNames.NameMax ? -Errno.ENAMETOOLONG : 0,
        };
        if (error != 0)
        {
            // Only a missing name at the end is forgiven, never a missing directory.
            error = error == -Errno.ENOENT ? -Errno.ENOTDIR : error;
            return null;
        }

        if (name == ".")
            return current;
        VfsNode? next;
        if (name == "..")
        {
            if (current == _start && (rules & ResolveRules.InRoot) != 0)
                return current;
            if (current == _start && (rules & ResolveRules.Beneath) != 0)
            {
                error = -Errno.EXDEV;
                return null;
            }

            next = files.ParentOf(current);
        }
        else
        {
            next = files.Find(current, name, out error);
        }

        if (next is not null && next.Mount != current.Mount && (rules & ResolveRules.NoCrossing) != 0)
        {
            error = -Errno.EXDEV;
            return null;
        }

        return next;
    }

    /// <summary>What a link stands for: a text to go on with, or a destination.</summary>
    private string? Expand(ref VfsNode current, VfsNode link, out VfsLocation? destination, out int error)
    {
        destination = null;
        error = ++_links > MaxLinks || (rules & ResolveRules.NoSymbolicLinks) != 0 ? -Errno.ELOOP : 0;
        if (error != 0)
            return null;
        destination = files.SystemOf(link)?.DestinationOf(link);
        if (destination is not null)
        {
            const ResolveRules refusing = ResolveRules.NoMagicLinks | ResolveRules.Beneath | ResolveRules.InRoot;
            error = (rules & ResolveRules.NoMagicLinks) != 0 ? -Errno.ELOOP : (rules & refusing) != 0 ? -Errno.EXDEV : 0;
            return null;
        }

        string text = files.SystemOf(link)?.TargetOf(link) ?? "";
        if (text.Length == 0)
            error = -Errno.ENOENT;
        else if (text[0] == '/')
            error = Rebase(ref current);
        return error == 0 ? text : null;
    }

    /// <summary>Goes to the root, as an absolute path does.</summary>
    private int Rebase(ref VfsNode current)
    {
        if ((rules & ResolveRules.Beneath) != 0)
            return -Errno.EXDEV;
        VfsNode root = (rules & ResolveRules.InRoot) != 0 ? _start : files.Root;
        if (root.Mount != current.Mount && (rules & ResolveRules.NoCrossing) != 0)
            return -Errno.EXDEV;
        current = root;
        return 0;
    }

    private static PathLookup? Fail(int value, out int error)
    {
        error = value;
        return null;
    }
}
