using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;
using static SyscallExplorer.Linux.Texts;

namespace SyscallExplorer.Linux;

/// <summary>Calls on files by their names.</summary>
internal static class FileRows
{
    private static readonly ArgumentKind s_openFlags = Formula(flags => FileWords.OpenFlags(flags));
    private static readonly ArgumentKind s_at = Flags(FileWords.At);
    private static readonly ArgumentKind s_access = Flags(FileWords.Access);
    private static readonly ArgumentKind s_nodeMode = FileStatusArguments.NodeMode;

    private static ArgumentKind HowToOpen { get; } = ArgumentKind.In((text, slot) =>
    {
        const ulong known = 24;
        if (text[slot + 1] < known || text.Structure(text[slot], (int)known) is not { } how)
        {
            text.Address(text[slot]);
            return;
        }

        ulong flags = how.UInt64(), mode = how.UInt64(), resolve = how.UInt64();
        text.Write($"{{flags={FileWords.OpenFlags(flags)}");
        if (mode != 0 || MakesFile((uint)flags))
            text.Write(", mode=").Octal(mode);
        text.Write($", resolve={FileWords.Resolve.Format(resolve)}}}");
    });

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("open") { Choose = text => Opening([PathName, s_openFlags], text.UInt(1)) },
        new("openat") { Choose = text => Opening([StartDirectory, PathName, s_openFlags], text.UInt(2)) },
        new("openat2", StartDirectory, PathName, HowToOpen, Size),
        new("creat", PathName, Mode),
        new("stat", PathName, FileStatusArguments.Stat),
        new("lstat", PathName, FileStatusArguments.Stat),
        new("newfstatat", StartDirectory, PathName, FileStatusArguments.Stat, s_at),
        new("statx", StartDirectory, PathName, FileStatusArguments.StatxFlags, Flags(FileWords.StatxMask), FileStatusArguments.Statx),
        new("statfs", PathName, FileStatusArguments.FileSystem),
        new("access", PathName, s_access),
        new("faccessat", StartDirectory, PathName, s_access),
        new("faccessat2", StartDirectory, PathName, s_access, Flags(FileWords.AtAccess)),
        new("truncate", PathName, Size),
        new("getcwd", OutputPath, Size),
        new("chdir", PathName),
        new("chroot", PathName),
        new("pivot_root", PathName, PathName),
        new("rename", PathName, PathName),
        new("renameat", StartDirectory, PathName, StartDirectory, PathName),
        new("renameat2", StartDirectory, PathName, StartDirectory, PathName, Flags(FileWords.Rename)),
        new("mkdir", PathName, Mode),
        new("mkdirat", StartDirectory, PathName, Mode),
        new("rmdir", PathName),
        new("link", PathName, PathName),
        new("linkat", StartDirectory, PathName, StartDirectory, PathName, s_at),
        new("unlink", PathName),
        new("unlinkat", StartDirectory, PathName, s_at),
        new("symlink", PathName, PathName),
        new("symlinkat", PathName, StartDirectory, PathName),
        new("readlink", PathName, Output, Size),
        new("readlinkat", StartDirectory, PathName, Output, Size),
        new("chmod", PathName, Mode),
        new("fchmodat", StartDirectory, PathName, Mode),
        new("chown", PathName, User, User),
        new("lchown", PathName, User, User),
        new("fchownat", StartDirectory, PathName, User, User, s_at),
        new("umask", Mode) { Result = Results.Octal },
        new("utime", PathName, TimeArguments.ModificationTimes),
        new("utimes", PathName, TimeArguments.ValPair),
        new("futimesat", StartDirectory, PathName, TimeArguments.ValPair),
        new("utimensat", StartDirectory, PathName, TimeArguments.SpecPair(wide: false), s_at),
        new("mknod") { Choose = text => Node([PathName, s_nodeMode], (ushort)text[1]) },
        new("mknodat") { Choose = text => Node([StartDirectory, PathName, s_nodeMode], (ushort)text[2]) },
        new("uselib", PathName),
        new("acct", PathName),
        new("ustat", Device, Address),
        new("mount") { Choose = Mounting },
        new("umount2", PathName, Flags(FileWords.Unmount)),
        new("setxattr", PathName, Name, Attribute(3), Size, Flags(FileWords.ExtendedAttribute)),
        new("lsetxattr", PathName, Name, Attribute(3), Size, Flags(FileWords.ExtendedAttribute)),
        new("fsetxattr", Int, Name, Attribute(3), Size, Flags(FileWords.ExtendedAttribute)),
        new("getxattr", PathName, Name, Output, Size),
        new("lgetxattr", PathName, Name, Output, Size),
        new("fgetxattr", Int, Name, Output, Size),
        new("listxattr", PathName, OutAttribute, Size),
        new("llistxattr", PathName, OutAttribute, Size),
        new("flistxattr", Int, OutAttribute, Size),
        new("removexattr", PathName, Name),
        new("lremovexattr", PathName, Name),
        new("fremovexattr", Int, Name),
        new("inotify_init"),
        new("inotify_init1", Flags(FileWords.Inotify)),
        new("inotify_add_watch", Int, PathName, Flags(FileWords.InotifyEvents)),
        new("inotify_rm_watch", Int, Int),
        new("memfd_create", Name, Formula(FileWords.MemoryFileFlags)),
    ];

    private static ImmutableArray<ArgumentKind> Opening(ImmutableArray<ArgumentKind> arguments, uint flags) => MakesFile(flags) ? arguments.Add(Mode) : arguments;

    private static ImmutableArray<ArgumentKind> Node(ImmutableArray<ArgumentKind> arguments, uint mode)
    {
        const uint types = 0xf000, character = 0x2000, block = 0x6000;
        return (mode & types) is character or block ? arguments.Add(Device) : arguments;
    }

    private static ImmutableArray<ArgumentKind> Mounting(CallText text)
    {
        const ulong remount = 0x20, bind = 0x1000, move = 0x2000, propagation = 0x1e0000;
        bool typeCounts = (text[3] & (remount | bind | move | propagation)) == 0, dataCounts = (text[3] & remount) != 0 || (text[3] & (bind | move | propagation)) == 0;
        return [PathName, PathName, typeCounts ? Name : Address, WordFlags(FileWords.Mount), dataCounts ? Name : Address];
    }

    private static bool MakesFile(uint flags)
    {
        const uint create = 0x40, unnamed = 0x400000;
        return (flags & (create | unnamed)) != 0;
    }
}
