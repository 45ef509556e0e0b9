namespace SyscallExplorer.Linux;

/// <summary>Bits of open's flags. include/uapi/asm-generic/fcntl.h.</summary>
internal static class OpenFlags
{
    public const int AccessMode = 3;
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int Truncate = 0x200;
    public const int Append = 0x400;
    public const int Directory = 0x10000;
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

    public bool CanRead => (Flags & OpenFlags.AccessMode) != OpenFlags.WriteOnly;

    public bool CanWrite => (Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly;
}
