namespace SyscallExplorer.Linux;

/// <summary>Signals of x86. arch/x86/include/uapi/asm/signal.h.</summary>
public static class SignalNumbers
{
    /// <summary>Illegal instruction.</summary>
    public const int SIGILL = 4;

    /// <summary>Trace or breakpoint trap.</summary>
    public const int SIGTRAP = 5;

    /// <summary>abort.</summary>
    public const int SIGABRT = 6;

    /// <summary>Bus error.</summary>
    public const int SIGBUS = 7;

    /// <summary>Arithmetic exception.</summary>
    public const int SIGFPE = 8;

    /// <summary>Ends a program, whatever it wants.</summary>
    public const int SIGKILL = 9;

    /// <summary>Invalid memory reference.</summary>
    public const int SIGSEGV = 11;

    /// <summary>A write that nobody will read.</summary>
    public const int SIGPIPE = 13;

    /// <summary>A child ended.</summary>
    public const int SIGCHLD = 17;

    /// <summary>Goes on after a stop.</summary>
    public const int SIGCONT = 18;

    /// <summary>Stops a program, whatever it wants.</summary>
    public const int SIGSTOP = 19;

    /// <summary>The last signal that has a number.</summary>
    public const int Last = 64;

    internal const ulong Unblockable = (1ul << (SIGKILL - 1)) | (1ul << (SIGSTOP - 1));

    private static readonly string[] s_names =
    [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
        "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    /// <summary>Such as SIGSEGV for 11.</summary>
    public static string Name(int signal) => signal >= 1 && signal <= s_names.Length ? "SIG" + s_names[signal - 1] : $"signal {signal}";

    /// <summary>What happens where the program has set nothing. man 7 signal.</summary>
    internal static SignalEffect DefaultEffect(int signal)
    {
        const int terminalStop = 20, terminalInput = 21, terminalOutput = 22, urgent = 23, windowSize = 28;
        return signal switch
        {
            SIGCHLD or SIGCONT or urgent or windowSize => SignalEffect.Ignore,
            SIGSTOP or terminalStop or terminalInput or terminalOutput => SignalEffect.Stop,
            _ => SignalEffect.Terminate,
        };
    }
}

/// <summary>What a signal does by itself.</summary>
internal enum SignalEffect
{
    Ignore,
    Stop,
    Terminate,
}
