namespace SyscallExplorer.Linux;

/// <summary>Error numbers of execve that no other call of the kit has.</summary>
internal static class ExecErrno
{
    /// <summary>Input or output error: a file ends where the kernel must read on.</summary>
    public const int EIO = 5;

    /// <summary>Argument list too long.</summary>
    public const int E2BIG = 7;

    /// <summary>Exec format error.</summary>
    public const int ENOEXEC = 8;

    /// <summary>Too many levels, here of scripts that are run by scripts.</summary>
    public const int ELOOP = 40;

    /// <summary>Value too large: an offset that a mapping cannot have.</summary>
    public const int EOVERFLOW = 75;

    /// <summary>The interpreter is corrupted.</summary>
    public const int ELIBBAD = 80;
}
