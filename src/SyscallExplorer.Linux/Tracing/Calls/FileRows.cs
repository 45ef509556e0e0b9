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

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("open") { Choose = text => Opening([Path, s_openFlags], text.UInt(1)) },
        new("openat") { Choose = text => Opening([Directory, Path, s_openFlags], text.UInt(2)) },
        new("openat2", Directory, Path, HowToOpen, Size),
        new("creat", Path, Mode),
        new("stat", Path, FileStatusArguments.Stat),
        new("lstat", Path, FileStatusArguments.Stat),
        new("newfstatat", Directory, Path, FileStatusArguments.Stat, s_at),
        new("statx", Directory, Path, FileStatusArguments.StatxFlags, Flags(FileWords.StatxMask), FileStatusArguments.Statx),
        new("statfs", Path, FileStatusArguments.FileSystem),
        new("access", Path, s_access),
        new("faccessat", Directory, Path, s_access),
        new("faccessat2", Directory, Path, s_access, Flags(FileWords.AtAccess)),
        new("truncate", Path, Long),
        new("getcwd", OutputPath, Size),
        new("chdir", Path),
        new("chroot", Path),
        new("pivot_root", Path, Path),
        new("rename", Path, Path),
        new("renameat", Directory, Path, Directory, Path),
        new("renameat2", Directory, Path, Directory, Path, Flags(FileWords.Rename)),
        new("mkdir", Path, Mode),
        new("mkdirat", Directory, Path, Mode),
        new("rmdir", Path),
        new("link", Path, Path),
        new("linkat", Directory, Path, Directory, Path, s_at),
        new("unlink", Path),
        new("unlinkat", Directory, Path, s_at),
        new("symlink", Path, Path),
        new("symlinkat", Path, Directory, Path),
        new("readlink", Path, Output, Size),
        new("readlinkat", Directory, Path, Output, Size),
        new("chmod", Path, Mode),
        new("fchmodat", Directory, Path, Mode),
        new("chown", Path, User, User),
        new("lchown", Path, User, User),
        new("fchownat", Directory, Path, User, User, s_at),
        new("umask", Mode) { Result = Results.Octal },
        new("utime", Path, TimeArguments.ModificationTimes),
        new("utimes", Path, TimeArguments.ValPair),
        new("futimesat", Directory, Path, TimeArguments.ValPair),
        new("utimensat", Directory, Path, TimeArguments.SpecPair(wide: false), s_at),
        new("mknod") { Choose = text => Node([Path, s_nodeMode], (ushort)text[1]) },
        new("mknodat") { Choose = text => Node([Directory, Path, s_nodeMode], (ushort)text[2]) },
        new("uselib", Path),
        new("acct", Path),
        new("ustat", Device, Address),
        new("mount", Path, Path, Name, WordFlags(FileWords.Mount), Address),
        new("umount2", Path, Flags(FileWords.Unmount)),
        new("setxattr", Path, Name, Input(3), Size, Flags(FileWords.ExtendedAttribute)),
        new("lsetxattr", Path, Name, Input(3), Size, Flags(FileWords.ExtendedAttribute)),
        new("fsetxattr", Int, Name, Input(3), Size, Flags(FileWords.ExtendedAttribute)),
        new("getxattr", Path, Name, Output, Size),
        new("lgetxattr", Path, Name, Output, Size),
        new("fgetxattr", Int, Name, Output, Size),
        new("listxattr", Path, Output, Size),
        new("llistxattr", Path, Output, Size),
        new("flistxattr", Int, Output, Size),
        new("removexattr", Path, Name),
        new("lremovexattr", Path, Name),
        new("fremovexattr", Int, Name),
        new("inotify_init"),
        new("inotify_init1", Flags(FileWords.Inotify)),
        new("inotify_add_watch", Int, Path, Flags(FileWords.InotifyEvents)),
        new("inotify_rm_watch", Int, Int),
        new("memfd_create", Name, Flags(FileWords.MemoryFile)),
        new("fanotify_mark", Int, Hexadecimal32, Hexadecimal, Directory, Path),
    ];

    private static ArgumentKind HowToOpen { get; } = ArgumentKind.InStructure(_ => 24, (text, how) =>
    {
        ulong flags = how.UInt64(), mode = how.UInt64(), resolve = how.UInt64();
        text.Write($"{{flags={FileWords.OpenFlags(flags)}");
        if (MakesFile((uint)flags))
            text.Write(", mode=").Octal(mode);
        text.Write($", resolve={FileWords.Resolve.Format(resolve)}}}");
    });

    private static ImmutableArray<ArgumentKind> Opening(ImmutableArray<ArgumentKind> arguments, uint flags) => MakesFile(flags) ? arguments.Add(Mode) : arguments;

    private static ImmutableArray<ArgumentKind> Node(ImmutableArray<ArgumentKind> arguments, uint mode)
    {
        const uint types = 0xf000, character = 0x2000, block = 0x6000;
        return (mode & types) is character or block ? arguments.Add(Device) : arguments;
    }

    private static bool MakesFile(uint flags)
    {
        const uint create = 0x40, unnamed = 0x400000;
        return (flags & (create | unnamed)) != 0;
    }
}
