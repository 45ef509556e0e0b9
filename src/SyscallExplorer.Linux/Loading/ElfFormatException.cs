namespace SyscallExplorer.Linux;

/// <summary>A file is no program that the kernel could run: the message says what is wrong, where, and what would be right.</summary>
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
}
