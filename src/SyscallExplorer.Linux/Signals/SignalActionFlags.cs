namespace SyscallExplorer.Linux;

/// <summary>Flags of sigaction. man 2 sigaction; arch/x86/include/uapi/asm/signal.h.</summary>
internal static class SignalActionFlags
{
    /// <summary>SA_NOCLDSTOP: no SIGCHLD for children that stop or go on.</summary>
    public const ulong NoChildStop = 1;

    /// <summary>SA_NOCLDWAIT: children leave no zombie.</summary>
    public const ulong NoChildWait = 2;

    /// <summary>SA_SIGINFO: the handler takes three arguments.</summary>
    public const ulong SignalInfo = 4;

    /// <summary>SA_EXPOSE_TAGBITS: means nothing on x86.</summary>
    public const ulong ExposeTagBits = 0x800;

    /// <summary>SA_RESTORER: the program says where handlers return to.</summary>
    public const ulong Restorer = 0x0400_0000;

    /// <summary>SA_ONSTACK: the handler runs on the alternate stack.</summary>
    public const ulong OnStack = 0x0800_0000;

    /// <summary>SA_RESTART: interrupted calls start again.</summary>
    public const ulong Restart = 0x1000_0000;

    /// <summary>SA_NODEFER: the signal is not blocked while its handler runs.</summary>
    public const ulong NoDefer = 0x4000_0000;

    /// <summary>SA_RESETHAND: the disposition is back at its default when the handler begins.</summary>
    public const ulong ResetHandler = 0x8000_0000;
}
