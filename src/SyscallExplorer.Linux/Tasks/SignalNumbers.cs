namespace SyscallExplorer.Linux;

/// <summary>Signals of x86. arch/x86/include/uapi/asm/signal.h.</summary>
public static class SignalNumbers
{
    /// <summary>The terminal is gone.</summary>
    public const int SIGHUP = 1;

    /// <summary>The terminal's interrupt key.</summary>
    public const int SIGINT = 2;

    /// <summary>The terminal's quit key.</summary>
    public const int SIGQUIT = 3;

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

    /// <summary>The program's own.</summary>
    public const int SIGUSR1 = 10;

    /// <summary>The program's own too.</summary>
    public const int SIGUSR2 = 12;

    /// <summary>A write that nobody will read.</summary>
    public const int SIGPIPE = 13;

    /// <summary>alarm.</summary>
    public const int SIGALRM = 14;

    /// <summary>The polite way to end a program.</summary>
    public const int SIGTERM = 15;

    /// <summary>A child ended.</summary>
    public const int SIGCHLD = 17;

    /// <summary>Goes on after a stop.</summary>
    public const int SIGCONT = 18;

    /// <summary>Stops a program, whatever it wants.</summary>
    public const int SIGSTOP = 19;

    /// <summary>The terminal's stop key.</summary>
    public const int SIGTSTP = 20;

    /// <summary>A background process reads from its terminal.</summary>
    public const int SIGTTIN = 21;

    /// <summary>A background process writes to its terminal.</summary>
    public const int SIGTTOU = 22;

    /// <summary>Urgent data on a socket.</summary>
    public const int SIGURG = 23;

    /// <summary>A limit of processor time.</summary>
    public const int SIGXCPU = 24;

    /// <summary>ITIMER_VIRTUAL ran out.</summary>
    public const int SIGVTALRM = 26;

    /// <summary>ITIMER_PROF ran out.</summary>
    public const int SIGPROF = 27;

    /// <summary>A limit of a file's size.</summary>
    public const int SIGXFSZ = 25;

    /// <summary>The terminal's window changed.</summary>
    public const int SIGWINCH = 28;

    /// <summary>A descriptor is ready; also called SIGPOLL.</summary>
    public const int SIGIO = 29;

    /// <summary>A system call that a filter refuses.</summary>
    public const int SIGSYS = 31;

    /// <summary>The last signal that has a number.</summary>
    public const int Last = 64;

    private static readonly string[] s_names =
    [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
        "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    /// <summary>Such as SIGSEGV for 11.</summary>
    public static string Name(int signal) => signal >= 1 && signal <= s_names.Length ? "SIG" + s_names[signal - 1] : $"signal {signal}";
}
