namespace SyscallExplorer.Machine;

/// <summary>A file of timing figures is malformed. The message names the file and the key, and says what would be right.</summary>
public sealed class TimingDataException : Exception
{
    /// <summary>Makes the exception with its sentence.</summary>
    /// <param name="message">What is wrong, where, and what would be right.</param>
    public TimingDataException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its sentence and its cause.</summary>
    /// <param name="message">What is wrong, where, and what would be right.</param>
    /// <param name="innerException">The cause.</param>
    public TimingDataException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
