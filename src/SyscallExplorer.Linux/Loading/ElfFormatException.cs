namespace SyscallExplorer.Linux;

/// <summary>
/// A file is no program that the kernel could run: the message says what is wrong, where, and what would be right. For a program inside
/// the guest <see cref="Errno"/> is what its execve returns, unless the caller's own program was gone by then.
/// </summary>
public sealed class ElfFormatException : Exception
{
    /// <summary>An error without a sentence.</summary>
    public ElfFormatException()
    {
    }

    /// <summary>An error with its sentence.</summary>
    public ElfFormatException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its sentence and cause.</summary>
    public ElfFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal ElfFormatException(string message, int errno, bool endsProcess = false)
        : base(message)
    {
        Errno = errno;
        EndsProcess = endsProcess;
    }

    /// <summary>The error number, positive: ENOEXEC for what is no program.</summary>
    public int Errno { get; } = Linux.Errno.ENOEXEC;

    /// <summary>
    /// Whether the kernel finds out only after it has dropped the old address space: execve cannot return then, and SIGSEGV ends the
    /// process.
    /// </summary>
    public bool EndsProcess { get; }
}
