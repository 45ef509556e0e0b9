namespace SyscallExplorer.Linux;

/// <summary>Sets of signals as the kernel keeps them: signal 1 in bit 0. man 7 signal.</summary>
internal static class SignalSets
{
    /// <summary>The first real-time signal, of which any number may wait.</summary>
    public const int FirstRealTime = 32;

    public const ulong Continue = 1ul << (SignalNumbers.SIGCONT - 1);

    /// <summary>SIGKILL and SIGSTOP, which nobody can block, ignore or handle.</summary>
    public const ulong Unblockable = (1ul << (SignalNumbers.SIGKILL - 1)) | (1ul << (SignalNumbers.SIGSTOP - 1));

    /// <summary>Signals whose default is to stop the process.</summary>
    public static ulong Stop { get; } = Of(SignalNumbers.SIGSTOP, SignalNumbers.SIGTSTP, SignalNumbers.SIGTTIN, SignalNumbers.SIGTTOU);

    /// <summary>Signals that an instruction of the thread itself caused, which go before all others.</summary>
    public static ulong Synchronous { get; } = Of(
        SignalNumbers.SIGSEGV, SignalNumbers.SIGBUS, SignalNumbers.SIGILL, SignalNumbers.SIGTRAP, SignalNumbers.SIGFPE, SignalNumbers.SIGSYS);

    /// <summary>Signals whose default is nothing.</summary>
    public static ulong IgnoredByDefault { get; } = Of(SignalNumbers.SIGCONT, SignalNumbers.SIGCHLD, SignalNumbers.SIGWINCH, SignalNumbers.SIGURG);

    /// <summary>Signals whose default writes a core file.</summary>
    public static ulong CoreDump { get; } = Of(
        SignalNumbers.SIGQUIT, SignalNumbers.SIGILL, SignalNumbers.SIGTRAP, SignalNumbers.SIGABRT, SignalNumbers.SIGFPE, SignalNumbers.SIGSEGV,
        SignalNumbers.SIGBUS, SignalNumbers.SIGSYS, SignalNumbers.SIGXCPU, SignalNumbers.SIGXFSZ);

    public static ulong Bit(int signal) => 1ul << (signal - 1);

    public static ulong Of(params int[] signals) => signals.Aggregate(0ul, (set, signal) => set | Bit(signal));

    public static bool Has(this ulong set, int signal) => (set & Bit(signal)) != 0;
}
