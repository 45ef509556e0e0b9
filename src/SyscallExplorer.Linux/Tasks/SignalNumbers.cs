namespace SyscallExplorer.Linux;

/// <summary>Signals that exceptions raise.</summary>
public static class SignalNumbers
{
    /// <summary>Illegal instruction.</summary>
    public const int SIGILL = 4;

    /// <summary>Trace or breakpoint trap.</summary>
    public const int SIGTRAP = 5;

    /// <summary>Bus error.</summary>
    public const int SIGBUS = 7;

    /// <summary>Arithmetic exception.</summary>
    public const int SIGFPE = 8;

    /// <summary>Invalid memory reference.</summary>
    public const int SIGSEGV = 11;

    /// <summary>Such as SIGSEGV for 11.</summary>
    public static string Name(int signal) => signal switch
    {
        SIGILL => nameof(SIGILL),
        SIGTRAP => nameof(SIGTRAP),
        SIGBUS => nameof(SIGBUS),
        SIGFPE => nameof(SIGFPE),
        SIGSEGV => nameof(SIGSEGV),
        _ => $"signal {signal}",
    };
}
