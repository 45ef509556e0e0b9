namespace SyscallExplorer.Linux;

/// <summary>The other ends of a program's standard streams, outside the machine. Bytes go through as they are.</summary>
public interface IProgramStreams
{
    /// <summary>All of standard input. It is asked for once, when the program first looks; what it returns is an input of the run.</summary>
    byte[] ReadInput();

    /// <summary>Takes what the program wrote to standard output.</summary>
    /// <returns>False when nobody reads it any more: the program then gets SIGPIPE and EPIPE.</returns>
    bool TryWriteOutput(ReadOnlySpan<byte> bytes);

    /// <summary>Takes what the program wrote to standard error.</summary>
    /// <returns>False when nobody reads it any more: the program then gets SIGPIPE and EPIPE.</returns>
    bool TryWriteError(ReadOnlySpan<byte> bytes);
}
