namespace SyscallExplorer.Linux;

/// <summary>Values of si_code: why a signal came. man 2 sigaction.</summary>
internal static class SignalCodes
{
    /// <summary>SI_USER: kill.</summary>
    public const int User = 0;

    /// <summary>SI_KERNEL: the kernel, without a better word.</summary>
    public const int Kernel = 0x80;

    /// <summary>SI_QUEUE: sigqueue.</summary>
    public const int Queue = -1;

    /// <summary>SI_TIMER: a POSIX timer.</summary>
    public const int Timer = -2;

    /// <summary>SI_SIGIO: a descriptor, by a queued SIGIO.</summary>
    public const int QueuedIo = -5;

    /// <summary>SI_TKILL: tkill or tgkill.</summary>
    public const int ThreadKill = -6;

    public const int IllegalOpcode = 1;
    public const int IllegalOperand = 2;
    public const int BadStack = 8;

    public const int IntegerDivide = 1;
    public const int IntegerOverflow = 2;
    public const int FloatDivide = 3;
    public const int FloatOverflow = 4;
    public const int FloatUnderflow = 5;
    public const int FloatInexact = 6;
    public const int FloatInvalid = 7;

    /// <summary>SEGV_MAPERR: nothing is mapped there.</summary>
    public const int NotMapped = 1;

    /// <summary>SEGV_ACCERR: what is mapped forbids the access.</summary>
    public const int AccessDenied = 2;

    /// <summary>SEGV_BNDERR: MPX.</summary>
    public const int BoundsViolated = 3;

    /// <summary>SEGV_PKUERR: a protection key.</summary>
    public const int ProtectionKey = 4;

    /// <summary>BUS_ADRALN: not aligned.</summary>
    public const int Misaligned = 1;

    /// <summary>BUS_ADRERR: behind the end of a mapped file.</summary>
    public const int NoSuchAddress = 2;

    /// <summary>BUS_MCEERR_AR: memory failed and must be dealt with.</summary>
    public const int MemoryFailedNow = 4;

    /// <summary>BUS_MCEERR_AO: memory failed somewhere.</summary>
    public const int MemoryFailed = 5;

    public const int TrapBreakpoint = 1;
    public const int TrapTrace = 2;
    public const int TrapHardwareBreakpoint = 4;

    public const int ChildExited = 1;
    public const int ChildKilled = 2;
    public const int ChildDumped = 3;
    public const int ChildTrapped = 4;
    public const int ChildStopped = 5;
    public const int ChildContinued = 6;

    /// <summary>SYS_SECCOMP.</summary>
    public const int Seccomp = 1;

    /// <summary>SYS_USER_DISPATCH.</summary>
    public const int UserDispatch = 2;
}
