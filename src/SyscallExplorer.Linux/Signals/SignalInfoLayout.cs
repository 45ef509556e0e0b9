namespace SyscallExplorer.Linux;

/// <summary>Which member of siginfo_t's union is in use.</summary>
internal enum SignalInfoForm
{
    /// <summary>pid and uid.</summary>
    Kill,

    /// <summary>Timer, overruns and value.</summary>
    Timer,

    /// <summary>pid, uid and value.</summary>
    Queue,

    /// <summary>A child's end.</summary>
    Child,

    /// <summary>An address.</summary>
    Fault,

    /// <summary>An address and how much around it.</summary>
    MemoryFailure,

    /// <summary>An address and the bounds that it left.</summary>
    Bounds,

    /// <summary>An address and its protection key.</summary>
    Key,

    /// <summary>A descriptor and its events.</summary>
    Poll,

    /// <summary>A system call.</summary>
    SystemCall,
}

/// <summary>Tells the form of a siginfo_t from signal and code, as the kernel does where it must translate one.</summary>
internal static class SignalInfoLayout
{
    private const int LastPollCode = 6;

    /// <summary>Codes of the kernel's own that a signal has, from 1 on, and the form that goes with them.</summary>
    private static readonly Dictionary<int, (int LastCode, SignalInfoForm Form)> s_forms = new()
    {
        [SignalNumbers.SIGILL] = (11, SignalInfoForm.Fault),
        [SignalNumbers.SIGFPE] = (15, SignalInfoForm.Fault),
        [SignalNumbers.SIGSEGV] = (9, SignalInfoForm.Fault),
        [SignalNumbers.SIGBUS] = (5, SignalInfoForm.Fault),
        [SignalNumbers.SIGTRAP] = (6, SignalInfoForm.Fault),
        [SignalNumbers.SIGCHLD] = (6, SignalInfoForm.Child),
        [SignalNumbers.SIGIO] = (LastPollCode, SignalInfoForm.Poll),
        [SignalNumbers.SIGSYS] = (2, SignalInfoForm.SystemCall),
    };

    public static SignalInfoForm FormOf(int signal, int code)
    {
        if (code is > SignalCodes.User and < SignalCodes.Kernel)
        {
            return s_forms.TryGetValue(signal, out (int LastCode, SignalInfoForm Form) row) && code <= row.LastCode
                ? Refine(signal, code, row.Form)
                : code <= LastPollCode ? SignalInfoForm.Poll : SignalInfoForm.Kill;
        }

        return code switch
        {
            SignalCodes.Timer => SignalInfoForm.Timer,
            SignalCodes.QueuedIo => SignalInfoForm.Poll,
            < 0 => SignalInfoForm.Queue,
            _ => SignalInfoForm.Kill,
        };
    }

    private static SignalInfoForm Refine(int signal, int code, SignalInfoForm form) => (signal, code) switch
    {
        (SignalNumbers.SIGBUS, SignalCodes.MemoryFailedNow or SignalCodes.MemoryFailed) => SignalInfoForm.MemoryFailure,
        (SignalNumbers.SIGSEGV, SignalCodes.BoundsViolated) => SignalInfoForm.Bounds,
        (SignalNumbers.SIGSEGV, SignalCodes.ProtectionKey) => SignalInfoForm.Key,
        _ => form,
    };
}
