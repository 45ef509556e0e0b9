namespace SyscallExplorer.Linux;

/// <summary>Names of flags and values of calls on files.</summary>
internal static class FileWords
{
    private const ulong AccessMode = 3;

    private static readonly string[] s_accessModes = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"];

    public static FlagNames Open { get; } = new("O_???",
        ("O_CREAT", 0x40), ("O_EXCL", 0x80), ("O_NOCTTY", 0x100), ("O_TRUNC", 0x200), ("O_APPEND", 0x400), ("O_NONBLOCK", 0x800),
        ("O_SYNC", 0x101000), ("__O_SYNC", 0x100000), ("O_DSYNC", 0x1000), ("O_DIRECT", 0x4000), ("O_LARGEFILE", 0x8000), ("O_NOFOLLOW", 0x20000),
        ("O_NOATIME", 0x40000), ("O_CLOEXEC", 0x80000), ("O_PATH", 0x200000), ("O_TMPFILE", 0x410000), ("__O_TMPFILE", 0x400000),
        ("O_DIRECTORY", 0x10000), ("FASYNC", 0x2000));

    public static FlagNames At { get; } = new("AT_???",
        ("AT_SYMLINK_NOFOLLOW", 0x100), ("AT_REMOVEDIR", 0x200), ("AT_SYMLINK_FOLLOW", 0x400), ("AT_NO_AUTOMOUNT", 0x800), ("AT_EMPTY_PATH", 0x1000),
        ("AT_RECURSIVE", 0x8000));

    public static FlagNames AtAccess { get; } = new("AT_???", ("AT_SYMLINK_NOFOLLOW", 0x100), ("AT_EACCESS", 0x200), ("AT_EMPTY_PATH", 0x1000));

    public static FlagNames StatxSync { get; } =
        new("AT_STATX_???", ("AT_STATX_SYNC_AS_STAT", 0), ("AT_STATX_FORCE_SYNC", 0x2000), ("AT_STATX_DONT_SYNC", 0x4000));

    public static FlagNames SwapOn { get; } = new("SWAP_FLAG_???",
        ("SWAP_FLAG_PREFER", 0x8000), ("SWAP_FLAG_DISCARD", 0x10000), ("SWAP_FLAG_DISCARD_ONCE", 0x20000), ("SWAP_FLAG_DISCARD_PAGES", 0x40000));

    public static FlagNames StatxMask { get; } = new("STATX_???",
        ("STATX_ALL", 0xfff), ("STATX_BASIC_STATS", 0x7ff), ("STATX_TYPE", 1), ("STATX_MODE", 2), ("STATX_NLINK", 4), ("STATX_UID", 8),
        ("STATX_GID", 0x10), ("STATX_ATIME", 0x20), ("STATX_MTIME", 0x40), ("STATX_CTIME", 0x80), ("STATX_INO", 0x100), ("STATX_SIZE", 0x200),
        ("STATX_BLOCKS", 0x400), ("STATX_BTIME", 0x800), ("STATX_MNT_ID", 0x1000), ("STATX_DIOALIGN", 0x2000));

    public static FlagNames StatxAttributes { get; } = new("STATX_ATTR_???",
        ("STATX_ATTR_COMPRESSED", 4), ("STATX_ATTR_IMMUTABLE", 0x10), ("STATX_ATTR_APPEND", 0x20), ("STATX_ATTR_NODUMP", 0x40),
        ("STATX_ATTR_ENCRYPTED", 0x800), ("STATX_ATTR_AUTOMOUNT", 0x1000), ("STATX_ATTR_MOUNT_ROOT", 0x2000), ("STATX_ATTR_VERITY", 0x100000),
        ("STATX_ATTR_DAX", 0x200000));

    public static FlagNames Access { get; } = new("?_OK", ("F_OK", 0), ("R_OK", 4), ("W_OK", 2), ("X_OK", 1));

    public static ValueNames Whence { get; } = ValueNames.From(0, "SEEK_???", "SEEK_SET", "SEEK_CUR", "SEEK_END", "SEEK_DATA", "SEEK_HOLE");

    public static ValueNames FileTypes { get; } = ValueNames.Of("S_IF???",
        ("S_IFIFO", 0x1000), ("S_IFCHR", 0x2000), ("S_IFDIR", 0x4000), ("S_IFBLK", 0x6000), ("S_IFREG", 0x8000), ("S_IFLNK", 0xa000),
        ("S_IFSOCK", 0xc000));

    public static ValueNames Fcntl { get; } = ValueNames
        .From(0, "F_???", "F_DUPFD", "F_GETFD", "F_SETFD", "F_GETFL", "F_SETFL", "F_GETLK", "F_SETLK", "F_SETLKW", "F_SETOWN", "F_GETOWN", "F_SETSIG", "F_GETSIG",
            "F_GETLK64", "F_SETLK64", "F_SETLKW64", "F_SETOWN_EX", "F_GETOWN_EX", "F_GETOWNER_UIDS")
        .With(("F_OFD_GETLK", 36), ("F_OFD_SETLK", 37), ("F_OFD_SETLKW", 38), ("F_SETLEASE", 1024), ("F_GETLEASE", 1025), ("F_NOTIFY", 1026), ("F_CANCELLK", 1029),
            ("F_DUPFD_CLOEXEC", 1030), ("F_SETPIPE_SZ", 1031), ("F_GETPIPE_SZ", 1032), ("F_ADD_SEALS", 1033), ("F_GET_SEALS", 1034),
            ("F_GET_RW_HINT", 1035), ("F_SET_RW_HINT", 1036), ("F_GET_FILE_RW_HINT", 1037), ("F_SET_FILE_RW_HINT", 1038));

    public static FlagNames DescriptorFlags { get; } = new("FD_???", ("FD_CLOEXEC", 1));

    public static ValueNames LockTypes { get; } = ValueNames.Of("F_???", ("F_RDLCK", 0), ("F_WRLCK", 1), ("F_UNLCK", 2), ("F_EXLCK", 4), ("F_SHLCK", 8));

    public static ValueNames Owners { get; } = ValueNames.From(0, "F_OWNER_???", "F_OWNER_TID", "F_OWNER_PID", "F_OWNER_PGRP");

    public static FlagNames Seals { get; } = new("F_SEAL_???",
        ("F_SEAL_SEAL", 1), ("F_SEAL_SHRINK", 2), ("F_SEAL_GROW", 4), ("F_SEAL_WRITE", 8), ("F_SEAL_FUTURE_WRITE", 0x10));

    public static FlagNames Notify { get; } = new("DN_???",
        ("DN_ACCESS", 1), ("DN_MODIFY", 2), ("DN_CREATE", 4), ("DN_DELETE", 8), ("DN_RENAME", 0x10), ("DN_ATTRIB", 0x20),
        ("DN_MULTISHOT", 0x80000000));

    public static FlagNames Flock { get; } = new("LOCK_???",
        ("LOCK_SH", 1), ("LOCK_EX", 2), ("LOCK_NB", 4), ("LOCK_UN", 8), ("LOCK_MAND", 32), ("LOCK_RW", 192), ("LOCK_READ", 64), ("LOCK_WRITE", 128));

    public static ValueNames Advice { get; } = ValueNames.From(0, "POSIX_FADV_???",
        "POSIX_FADV_NORMAL", "POSIX_FADV_RANDOM", "POSIX_FADV_SEQUENTIAL", "POSIX_FADV_WILLNEED", "POSIX_FADV_DONTNEED", "POSIX_FADV_NOREUSE");

    public static FlagNames Allocation { get; } = new("FALLOC_FL_???",
        ("FALLOC_FL_KEEP_SIZE", 1), ("FALLOC_FL_PUNCH_HOLE", 2), ("FALLOC_FL_NO_HIDE_STALE", 4), ("FALLOC_FL_COLLAPSE_RANGE", 8),
        ("FALLOC_FL_ZERO_RANGE", 0x10), ("FALLOC_FL_INSERT_RANGE", 0x20), ("FALLOC_FL_UNSHARE_RANGE", 0x40));

    public static FlagNames Rename { get; } = new("RENAME_??", ("RENAME_NOREPLACE", 1), ("RENAME_EXCHANGE", 2), ("RENAME_WHITEOUT", 4));

    public static FlagNames ReadWrite { get; } = new("RWF_???", ("RWF_HIPRI", 1), ("RWF_DSYNC", 2), ("RWF_SYNC", 4), ("RWF_NOWAIT", 8), ("RWF_APPEND", 0x10));

    public static FlagNames Splice { get; } = new("SPLICE_F_???", ("SPLICE_F_MOVE", 1), ("SPLICE_F_NONBLOCK", 2), ("SPLICE_F_MORE", 4), ("SPLICE_F_GIFT", 8));

    public static FlagNames SyncRange { get; } = new("SYNC_FILE_RANGE_???",
        ("SYNC_FILE_RANGE_WAIT_BEFORE", 1), ("SYNC_FILE_RANGE_WRITE", 2), ("SYNC_FILE_RANGE_WAIT_AFTER", 4));

    public static FlagNames EventDescriptor { get; } = new("EFD_???", ("EFD_SEMAPHORE", 1), ("EFD_CLOEXEC", 0x80000), ("EFD_NONBLOCK", 0x800));

    public static FlagNames SignalDescriptor { get; } = new("SFD_???", ("SFD_CLOEXEC", 0x80000), ("SFD_NONBLOCK", 0x800));

    public static FlagNames TimerDescriptor { get; } = new("TFD_???",
        ("TFD_TIMER_ABSTIME", 1), ("TFD_TIMER_CANCEL_ON_SET", 2), ("TFD_CLOEXEC", 0x80000), ("TFD_NONBLOCK", 0x800));

    public static FlagNames Inotify { get; } = new("IN_???", ("IN_NONBLOCK", 0x800), ("IN_CLOEXEC", 0x80000));

    public static FlagNames InotifyEvents { get; } = new("IN_???",
        ("IN_ACCESS", 1), ("IN_MODIFY", 2), ("IN_ATTRIB", 4), ("IN_CLOSE_WRITE", 8), ("IN_CLOSE_NOWRITE", 0x10), ("IN_OPEN", 0x20),
        ("IN_MOVED_FROM", 0x40), ("IN_MOVED_TO", 0x80), ("IN_CREATE", 0x100), ("IN_DELETE", 0x200), ("IN_DELETE_SELF", 0x400),
        ("IN_MOVE_SELF", 0x800), ("IN_UNMOUNT", 0x2000), ("IN_Q_OVERFLOW", 0x4000), ("IN_IGNORED", 0x8000), ("IN_ONLYDIR", 0x1000000),
        ("IN_DONT_FOLLOW", 0x2000000), ("IN_EXCL_UNLINK", 0x4000000), ("IN_MASK_CREATE", 0x10000000), ("IN_MASK_ADD", 0x20000000),
        ("IN_ISDIR", 0x40000000), ("IN_ONESHOT", 0x80000000));

    public static FlagNames Poll { get; } = new("POLL???",
        ("POLLIN", 1), ("POLLPRI", 2), ("POLLOUT", 4), ("POLLERR", 8), ("POLLHUP", 0x10), ("POLLNVAL", 0x20), ("POLLRDNORM", 0x40),
        ("POLLRDBAND", 0x80), ("POLLWRNORM", 0x100), ("POLLWRBAND", 0x200), ("POLLMSG", 0x400), ("POLLREMOVE", 0x1000), ("POLLRDHUP", 0x2000),
        ("POLL_BUSY_LOOP", 0x8000));

    public static FlagNames EpollEvents { get; } = new("EPOLL???",
        ("EPOLLIN", 1), ("EPOLLPRI", 2), ("EPOLLOUT", 4), ("EPOLLERR", 8), ("EPOLLHUP", 0x10), ("EPOLLNVAL", 0x20), ("EPOLLRDNORM", 0x40),
        ("EPOLLRDBAND", 0x80), ("EPOLLWRNORM", 0x100), ("EPOLLWRBAND", 0x200), ("EPOLLMSG", 0x400), ("EPOLLRDHUP", 0x2000),
        ("EPOLLEXCLUSIVE", 0x10000000), ("EPOLLWAKEUP", 0x20000000), ("EPOLLONESHOT", 0x40000000), ("EPOLLET", 0x80000000));

    public static ValueNames EpollOperations { get; } = ValueNames.From(1, "EPOLL_CTL_???", "EPOLL_CTL_ADD", "EPOLL_CTL_DEL", "EPOLL_CTL_MOD");

    public static FlagNames EpollCreate { get; } = new("EPOLL_???", ("EPOLL_CLOEXEC", 0x80000));

    public static FlagNames MemoryFile { get; } = new("MFD_???", ("MFD_CLOEXEC", 1), ("MFD_ALLOW_SEALING", 2), ("MFD_HUGETLB", 4));

    public static FlagNames Mount { get; } = new("MS_???",
        ("MS_RDONLY", 1), ("MS_NOSUID", 2), ("MS_NODEV", 4), ("MS_NOEXEC", 8), ("MS_SYNCHRONOUS", 0x10), ("MS_REMOUNT", 0x20), ("MS_MANDLOCK", 0x40),
        ("MS_DIRSYNC", 0x80), ("MS_NOSYMFOLLOW", 0x100), ("MS_NOATIME", 0x400), ("MS_NODIRATIME", 0x800), ("MS_BIND", 0x1000), ("MS_MOVE", 0x2000),
        ("MS_REC", 0x4000), ("MS_SILENT", 0x8000), ("MS_POSIXACL", 0x10000), ("MS_UNBINDABLE", 0x20000), ("MS_PRIVATE", 0x40000),
        ("MS_SLAVE", 0x80000), ("MS_SHARED", 0x100000), ("MS_RELATIME", 0x200000), ("MS_KERNMOUNT", 0x400000), ("MS_I_VERSION", 0x800000),
        ("MS_STRICTATIME", 0x1000000), ("MS_LAZYTIME", 0x2000000), ("MS_SUBMOUNT", 0x4000000), ("MS_NOREMOTELOCK", 0x8000000),
        ("MS_NOSEC", 0x10000000), ("MS_BORN", 0x20000000), ("MS_ACTIVE", 0x40000000), ("MS_NOUSER", 0x80000000));

    public static FlagNames Unmount { get; } = new("MNT_???", ("MNT_FORCE", 1), ("MNT_DETACH", 2), ("MNT_EXPIRE", 4), ("UMOUNT_NOFOLLOW", 8));

    public static FlagNames ExtendedAttribute { get; } = new("XATTR_???", ("XATTR_CREATE", 1), ("XATTR_REPLACE", 2));

    public static FlagNames CloseRange { get; } = new("CLOSE_RANGE_???", ("CLOSE_RANGE_UNSHARE", 2), ("CLOSE_RANGE_CLOEXEC", 4));

    public static FlagNames Resolve { get; } = new("RESOLVE_???",
        ("RESOLVE_NO_XDEV", 1), ("RESOLVE_NO_MAGICLINKS", 2), ("RESOLVE_NO_SYMLINKS", 4), ("RESOLVE_BENEATH", 8), ("RESOLVE_IN_ROOT", 0x10),
        ("RESOLVE_CACHED", 0x20));

    public static ValueNames FileSystems { get; } = ValueNames.Of("???_MAGIC",
        ("TMPFS_MAGIC", 0x01021994), ("PROC_SUPER_MAGIC", 0x9fa0), ("EXT2_SUPER_MAGIC", 0xef53), ("SYSFS_MAGIC", 0x62656572),
        ("RAMFS_MAGIC", 0x858458f6), ("PIPEFS_MAGIC", 0x50495045), ("SOCKFS_MAGIC", 0x534f434b), ("DEVPTS_SUPER_MAGIC", 0x1cd1),
        ("OVERLAYFS_SUPER_MAGIC", 0x794c7630), ("XFS_SUPER_MAGIC", 0x58465342), ("BTRFS_SUPER_MAGIC", 0x9123683e), ("CGROUP_SUPER_MAGIC", 0x27e0eb),
        ("CGROUP2_SUPER_MAGIC", 0x63677270), ("ANON_INODE_FS_MAGIC", 0x09041934), ("NFS_SUPER_MAGIC", 0x6969), ("ISOFS_SUPER_MAGIC", 0x9660),
        ("SQUASHFS_MAGIC", 0x73717368), ("FUSE_SUPER_MAGIC", 0x65735546), ("MSDOS_SUPER_MAGIC", 0x4d44));

    public static FlagNames FileSystemFlags { get; } = new("ST_???",
        ("ST_VALID", 0x20), ("ST_RDONLY", 1), ("ST_NOSUID", 2), ("ST_NODEV", 4), ("ST_NOEXEC", 8), ("ST_SYNCHRONOUS", 0x10), ("ST_MANDLOCK", 0x40),
        ("ST_NOATIME", 0x400), ("ST_NODIRATIME", 0x800), ("ST_RELATIME", 0x1000), ("ST_NOSYMFOLLOW", 0x2000));

    /// <summary>Flags of a memory file, with the size of huge pages as a power of two.</summary>
    public static string MemoryFileFlags(uint value)
    {
        const int hugeShift = 26;
        uint huge = value >> hugeShift, flags = value & ((1u << hugeShift) - 1);
        string named = flags == 0 && huge != 0 ? "" : MemoryFile.Format(flags);
        return huge == 0 ? named : $"{named}{(named.Length > 0 ? "|" : "")}{huge}<<MFD_HUGE_SHIFT";
    }

    /// <summary>Such as <c>O_WRONLY|O_CREAT</c>.</summary>
    public static string OpenFlags(ulong value) => s_accessModes[value & AccessMode] + Open.FormatFurther(value & ~AccessMode);
}
