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
    public const int Truncate = 0x200;
    public const int Append = 0x400;
    public const int NonBlocking = 0x800;
    public const int Direct = 0x4000;
    public const int LargeFile = 0x8000;
    public const int Directory = 0x10000;
    public const int NoAccessTime = 0x40000;
    public const int CloseOnExec = 0x80000;

    /// <summary>Those that say how to open and are forgotten then.</summary>
    public const int OnlyForOpening = Create | Exclusive | Truncate | 0x100 | CloseOnExec;

    /// <summary>Those that F_SETFL may change.</summary>
    public const int Changeable = Append | NonBlocking | Direct | NoAccessTime;
}

/// <summary>An open file that the host serves.</summary>
/// <param name="Path">Its name, or the name of a standard stream.</param>
/// <param name="Offset">Where the next read or write goes.</param>
/// <param name="Flags">What open was given.</param>
internal sealed record OpenFile(string Path, long Offset, int Flags)
{
    public const string StandardInput = "<stdin>";
    public const string StandardOutput = "<stdout>";
    public const string StandardError = "<stderr>";
    public const string NullDevice = "/dev/null";
    public const string ZeroDevice = "/dev/zero";

    /// <summary>A standard stream: a pipe, which has no position.</summary>
    public bool IsPipe => Path is StandardInput or StandardOutput or StandardError;

    /// <summary>/dev/null or /dev/zero.</summary>
    public bool IsDevice => Path is NullDevice or ZeroDevice;

    /// <summary>A file with bytes of its own.</summary>
    public bool IsRegular => !IsPipe && !IsDevice;

    /// <summary>Who serves it, as its word in guest memory says it.</summary>
    public int Kind => Path switch { NullDevice => FileKind.Null, ZeroDevice => FileKind.Zero, _ => FileKind.Hosted };

    public bool MayRead => (Rights & FileKind.MayRead) != 0;

    public bool MayWrite => (Rights & FileKind.MayWrite) != 0;

    /// <summary>What the descriptor may be used for, as its word in guest memory says it: the access mode 3 stands for neither.</summary>
    public int Rights => (Flags & OpenFlags.AccessMode) switch
    {
        OpenFlags.ReadOnly => FileKind.MayRead,
        OpenFlags.WriteOnly => FileKind.MayWrite,
        OpenFlags.ReadWrite => FileKind.MayRead | FileKind.MayWrite,
        _ => 0,
    };
}
