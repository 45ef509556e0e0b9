namespace SyscallExplorer.Linux;

/// <summary>
/// What is told of a signal that was sent: siginfo_t without what lies beyond the 48 bytes that the kernel keeps. The four words are its union
/// as 64-bit programs see it; which members they hold follows from signal and code.
/// </summary>
/// <param name="Signal">si_signo.</param>
/// <param name="Error">si_errno.</param>
/// <param name="Code">si_code, one of <see cref="SignalCodes"/>.</param>
/// <param name="First">Bytes 16 to 23.</param>
/// <param name="Second">Bytes 24 to 31.</param>
/// <param name="Third">Bytes 32 to 39.</param>
/// <param name="Fourth">Bytes 40 to 47.</param>
internal sealed record SignalInfo(int Signal, int Error, int Code, ulong First = 0, ulong Second = 0, ulong Third = 0, ulong Fourth = 0)
{
    /// <summary>si_pid of kill, sigqueue and SIGCHLD.</summary>
    public int Process => (int)First;

    /// <summary>si_uid beside it.</summary>
    public uint User => (uint)(First >> 32);

    /// <summary>si_value of sigqueue and timers.</summary>
    public ulong Value => Second;

    /// <summary>si_timerid.</summary>
    public int TimerId => (int)First;

    /// <summary>si_sys_private of a timer.</summary>
    public int TimerGeneration => (int)Third;

    /// <summary>si_overrun.</summary>
    public int Overrun => (int)(First >> 32);

    /// <summary>si_status of a child: its exit status, or a signal.</summary>
    public int Status => (int)Second;

    /// <summary>si_utime of a child, in clock ticks.</summary>
    public long UserTime => (long)Third;

    /// <summary>si_stime of a child, in clock ticks.</summary>
    public long SystemTime => (long)Fourth;

    /// <summary>si_addr of a fault, or si_call_addr of SIGSYS.</summary>
    public ulong Address => First;

    /// <summary>si_addr_lsb: how much memory failed.</summary>
    public short AddressLeastBit => (short)Second;

    /// <summary>si_lower.</summary>
    public ulong LowerBound => Third;

    /// <summary>si_upper.</summary>
    public ulong UpperBound => Fourth;

    /// <summary>si_pkey.</summary>
    public uint ProtectionKey => (uint)Third;

    /// <summary>si_band.</summary>
    public long Band => (long)First;

    /// <summary>si_fd.</summary>
    public int Descriptor => (int)Second;

    /// <summary>si_syscall.</summary>
    public int CallNumber => (int)Second;

    /// <summary>si_arch.</summary>
    public uint Architecture => (uint)(Second >> 32);

    /// <summary>Somebody called kill, tkill or tgkill.</summary>
    public static SignalInfo FromProcess(int signal, int process, uint user, int code = SignalCodes.User) =>
        new(signal, 0, code, Pair(process, user));

    /// <summary>The kernel sent it, and there is nothing more to say.</summary>
    public static SignalInfo FromKernel(int signal) => new(signal, 0, SignalCodes.Kernel);

    /// <summary>Nothing is known of it, since there was no room to keep it.</summary>
    public static SignalInfo Forgotten(int signal) => new(signal, 0, SignalCodes.User);

    /// <summary>Somebody called sigqueue.</summary>
    public static SignalInfo Queued(int signal, int process, uint user, ulong value, int code = SignalCodes.Queue) =>
        new(signal, 0, code, Pair(process, user), value);

    /// <summary>A POSIX timer ran out.</summary>
    /// <param name="signal">Its signal.</param>
    /// <param name="timerId">Its number.</param>
    /// <param name="overrun">How often it ran out besides.</param>
    /// <param name="value">What its maker gave.</param>
    /// <param name="generation">si_sys_private, which no program sees: 0, or what the timer that repeats knows its signal by.</param>
    public static SignalInfo FromTimer(int signal, int timerId, int overrun, ulong value, int generation = 0) =>
        new(signal, 0, SignalCodes.Timer, Pair(timerId, (uint)overrun), value, (uint)generation);

    /// <summary>A child ended, stopped or went on.</summary>
    public static SignalInfo FromChild(int code, int process, uint user, int status, long userTime, long systemTime) =>
        new(SignalNumbers.SIGCHLD, 0, code, Pair(process, user), (uint)status, (ulong)userTime, (ulong)systemTime);

    /// <summary>An instruction of the thread itself.</summary>
    public static SignalInfo FromFault(int signal, int code, ulong address, short leastBit = 0) =>
        new(signal, 0, code, address, (ushort)leastBit);

    /// <summary>A descriptor became ready.</summary>
    public static SignalInfo FromDescriptor(int signal, int code, long band, int descriptor) =>
        new(signal, 0, code, (ulong)band, (uint)descriptor);

    /// <summary>A filter refused a system call.</summary>
    public static SignalInfo FromFilter(int error, ulong callAddress, int number, uint architecture) =>
        new(SignalNumbers.SIGSYS, error, SignalCodes.Seccomp, callAddress, (uint)number | ((ulong)architecture << 32));

    private static ulong Pair(int low, uint high) => (uint)low | ((ulong)high << 32);
}
