namespace SyscallExplorer.Linux;

/// <summary>Extended attributes, of which files have none: what may be looked for is not there, and none can be set.</summary>
internal sealed class ExtendedAttributeCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    private const int Here = AtFlags.WorkingDirectory;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("getxattr", a => OfName(a[0], follow: true, _ => Find(a[1]))),
        ("lgetxattr", a => OfName(a[0], follow: false, _ => Find(a[1]))),
        ("fgetxattr", a => OfDescriptor(a.Int(0), _ => Find(a[1]))),
        ("setxattr", a => OfName(a[0], follow: true, node => Set(a, node))),
        ("lsetxattr", a => OfName(a[0], follow: false, node => Set(a, node))),
        ("fsetxattr", a => OfDescriptor(a.Int(0), node => Set(a, node))),
        ("removexattr", a => OfName(a[0], follow: true, node => Change(node, a[1], isRemoval: true))),
        ("lremovexattr", a => OfName(a[0], follow: false, node => Change(node, a[1], isRemoval: true))),
        ("fremovexattr", a => OfDescriptor(a.Int(0), node => Change(node, a[1], isRemoval: true))),
        ("listxattr", a => OfName(a[0], follow: true, _ => 0)),
        ("llistxattr", a => OfName(a[0], follow: false, _ => 0)),
        ("flistxattr", a => OfDescriptor(a.Int(0), _ => 0)),
    ];

    private long OfName(ulong name, bool follow, Func<VfsNode, long> answer) =>
        Locate(Here, name, follow ? 0 : AtFlags.NoFollow, out long error) is { } location ? answer(location.Node) : error;

    private long OfDescriptor(int descriptor, Func<VfsNode, long> answer) => FindFile(descriptor) is { } file ? answer(LocationOf(file).Node) : -Errno.EBADF;

    /// <summary>The attribute's name space decides: those that a file system in memory has say that there is no such attribute.</summary>
    private long Find(ulong name) => ReadName(name, out long error) is not { } text ? error : IsKnown(text) ? -Errno.ENODATA : -Errno.EOPNOTSUPP;

    private long Set(SyscallArguments arguments, VfsNode node)
    {
        const int create = 1, replace = 2;
        const ulong maxSize = 65536;
        if ((arguments.Int(4) & ~(create | replace)) != 0)
            return -Errno.EINVAL;
        return arguments[3] > maxSize ? -Errno.E2BIG : Change(node, arguments[1], isRemoval: false);
    }

    /// <summary>The name spaces that exist are for privileged users, but for access lists, which only their owner may set.</summary>
    private long Change(VfsNode node, ulong name, bool isRemoval)
    {
        if (ReadName(name, out long error) is not { } text)
            return error;
        if (Vfs.IsReadOnly(node))
            return -Errno.EROFS;
        bool isList = text.StartsWith("system.posix_acl_", StringComparison.Ordinal);
        return !IsKnown(text) || (isList && !isRemoval) ? -Errno.EOPNOTSUPP : isList ? 0 : -Errno.EPERM;
    }

    private string? ReadName(ulong address, out long error)
    {
        byte[]? raw = Memory.TryReadString(address, PathNames.NameMax + 1);
        error = raw is null ? -Errno.EFAULT : raw.Length is 0 or > PathNames.NameMax ? -Errno.ERANGE : 0;
        return error == 0 ? PathNames.OfBytes(raw) : null;
    }

    private static bool IsKnown(string name) =>
        name.StartsWith("security.", StringComparison.Ordinal) || name.StartsWith("trusted.", StringComparison.Ordinal)
        || name is "system.posix_acl_access" or "system.posix_acl_default";
}
