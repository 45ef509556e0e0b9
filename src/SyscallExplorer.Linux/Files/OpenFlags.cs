namespace SyscallExplorer.Linux;

/// <summary>Bits of open's flags. include/uapi/asm-generic/fcntl.h.</summary>
internal static class OpenFlags
{
    public const int AccessMode = 3;
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NoControllingTerminal = 0x100;
    public const int Truncate = 0x200;
    public const int Append = 0x400;
    public const int NonBlocking = 0x800;
    public const int DataSync = 0x1000;
    public const int Asynchronous = 0x2000;
    public const int Direct = 0x4000;
    public const int LargeFile = 0x8000;
    public const int Directory = 0x10000;
    public const int NoFollow = 0x20000;
    public const int NoAccessTime = 0x40000;
    public const int CloseOnExec = 0x80000;
    public const int Path = 0x200000;

    /// <summary>The bit of O_TMPFILE that is its own: it comes with O_DIRECTORY.</summary>
    public const int Nameless = 0x400000;

    /// <summary>Those that say how to open and are forgotten then.</summary>
    public const int OnlyForOpening = Create | Exclusive | NoControllingTerminal | Truncate | CloseOnExec;

    /// <summary>Those that an O_PATH open keeps.</summary>
    public const int KeptByPath = Path | Directory | NoFollow;

    /// <summary>Those that F_SETFL may change.</summary>
    public const int Changeable = Append | NonBlocking | Direct | NoAccessTime | Asynchronous;

    /// <summary>All that there are, O_SYNC's own bit included: openat2 refuses others.</summary>
    public const int Known = AccessMode | OnlyForOpening | Changeable | DataSync | 0x100000 | LargeFile | Directory | NoFollow | Path | Nameless;
}
