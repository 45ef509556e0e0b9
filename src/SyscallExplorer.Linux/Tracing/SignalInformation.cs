using System.Globalization;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>A <c>siginfo_t</c>. man 2 sigaction.</summary>
public sealed class SignalInformation
{
    private const ulong ClockTicksPerSecond = 100;

    private static readonly ValueNames s_generic = ValueNames.Of("",
        ("SI_USER", 0), ("SI_KERNEL", 0x80), ("SI_QUEUE", unchecked((uint)-1)), ("SI_TIMER", unchecked((uint)-2)), ("SI_MESGQ", unchecked((uint)-3)),
        ("SI_ASYNCIO", unchecked((uint)-4)), ("SI_SIGIO", unchecked((uint)-5)), ("SI_TKILL", unchecked((uint)-6)), ("SI_DETHREAD", unchecked((uint)-7)),
        ("SI_ASYNCNL", unchecked((uint)-60)));

    private static readonly ValueNames s_faults = ValueNames.From(1, "",
        "SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR", "SEGV_ACCADI", "SEGV_ADIDERR", "SEGV_ADIPERR", "SEGV_MTEAERR", "SEGV_MTESERR");

    private static readonly ValueNames s_busErrors = ValueNames.From(1, "", "BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO");

    private static readonly ValueNames s_illegal = ValueNames.From(1, "",
        "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG", "ILL_COPROC", "ILL_BADSTK", "ILL_BADIADDR");

    private static readonly ValueNames s_arithmetic = ValueNames
        .From(1, "", "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB").With(("FPE_CONDTRAP", 15));

    private static readonly ValueNames s_traps =
        ValueNames.From(1, "", "TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF");

    private static readonly ValueNames s_children =
        ValueNames.From(1, "", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED");

    private static readonly ValueNames s_polls = ValueNames.From(1, "", "POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP");

    private static readonly ValueNames s_calls = ValueNames.From(1, "", "SYS_SECCOMP", "SYS_USER_DISPATCH");

    private static readonly ValueNames s_architectures = ValueNames.Of("AUDIT_ARCH_???", ("AUDIT_ARCH_I386", 0x40000003), ("AUDIT_ARCH_X86_64", 0xc000003e));

    private readonly byte[] _bytes;
    private readonly bool _compat;

    private SignalInformation(byte[] bytes, bool compat)
    {
        _bytes = bytes;
        _compat = compat;
        StructureReader start = new(bytes, compat);
        Number = start.Int32();
        Error = start.Int32();
        Code = start.Int32();
    }

    /// <summary>Size of the structure, in bytes.</summary>
    public const int Size = 128;

    /// <summary>The signal.</summary>
    public int Number { get; }

    /// <summary>An error that goes with it, or 0.</summary>
    public int Error { get; }

    /// <summary>Why it was sent.</summary>
    public int Code { get; }

    /// <summary>Such as SIGSEGV.</summary>
    public string SignalName => SignalWords.Name(Number);

    /// <summary>Reads the structure.</summary>
    /// <param name="bytes">The structure in the layout of a program.</param>
    /// <param name="isCompat">In the layout of 32-bit programs.</param>
    /// <exception cref="ArgumentException">There are fewer bytes than the structure has.</exception>
    public static SignalInformation Parse(ReadOnlySpan<byte> bytes, bool isCompat) => bytes.Length >= Size
        ? new SignalInformation(bytes[..Size].ToArray(), isCompat)
        : throw new ArgumentException($"A siginfo_t has {Size} bytes, and here are {bytes.Length}.", nameof(bytes));

    /// <summary>Such as <c>{si_signo=SIGUSR1, si_code=SI_USER, si_pid=1, si_uid=0}</c>.</summary>
    public string Format()
    {
        if (Number == 0)
            return "{}";
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{{si_signo={SignalName}, si_code={CodeName()}");
        if (Error != 0)
            text.Append(CultureInfo.InvariantCulture, $", si_errno={ErrorNames.Name(Error) ?? ((uint)Error).ToString(CultureInfo.InvariantCulture)}");
        foreach ((string name, string value) in Members())
            text.Append(CultureInfo.InvariantCulture, $", {name}={value}");
        return text.Append('}').ToString();
    }

    private StructureReader Union(int offset = 0) => new StructureReader(_bytes, _compat).At((_compat ? 12 : 16) + offset);

    private string CodeName()
    {
        ulong code = (uint)Code;
        ValueNames? own = Number switch
        {
            SignalNumbers.SIGSEGV => s_faults,
            SignalNumbers.SIGBUS => s_busErrors,
            SignalNumbers.SIGILL => s_illegal,
            SignalNumbers.SIGFPE => s_arithmetic,
            SignalNumbers.SIGTRAP => s_traps,
            SignalNumbers.SIGCHLD => s_children,
            PollSignal => s_polls,
            SystemCallSignal => s_calls,
            _ => null,
        };
        return s_generic.Find(code) ?? own?.Find(code) ?? $"0x{code:x}";
    }

    private const int PollSignal = 29;
    private const int SystemCallSignal = 31;

    private IEnumerable<(string Name, string Value)> Members()
    {
        const int user = 0, timer = -2, poll = -5, threadKill = -6;
        switch (Code)
        {
            case user or threadKill:
                return Sender();
            case timer:
                return Timer();
            case poll:
                return Band();
            case < 0:
                return Sender().Concat(Value());
        }

        switch (Number)
        {
            case SignalNumbers.SIGCHLD:
                return Sender().Concat(Child());
            case SignalNumbers.SIGILL or SignalNumbers.SIGFPE or SignalNumbers.SIGSEGV or SignalNumbers.SIGBUS or SignalNumbers.SIGTRAP:
                return Fault();
            case PollSignal:
                return s_polls.Find((uint)Code) is null ? [] : Band();
            case SystemCallSignal:
                return SystemCall();
            default:
                IEnumerable<(string Name, string Value)> sender = Union().UInt64() == 0 ? [] : Sender();
                return sender.Concat(Value());
        }
    }

    private IEnumerable<(string Name, string Value)> Sender()
    {
        StructureReader members = Union();
        return [("si_pid", Text(members.Int32())), ("si_uid", members.UInt32() is var user && user == uint.MaxValue ? "-1" : Text(user))];
    }

    private IEnumerable<(string Name, string Value)> Value(bool always = false)
    {
        ulong pointer = Union(8).Word();
        return always || pointer != 0 ? [("si_int", Text(Union(8).Int32())), ("si_ptr", Address(pointer))] : [];
    }

    private IEnumerable<(string Name, string Value)> Timer()
    {
        StructureReader members = Union();
        uint identifier = members.UInt32();
        return [("si_timerid", identifier == 0 ? "0" : $"0x{identifier:x}"), ("si_overrun", Text(members.Int32())), .. Value(always: true)];
    }

    private IEnumerable<(string Name, string Value)> Band()
    {
        StructureReader members = Union();
        return [("si_band", Text(members.SignedWord())), ("si_fd", Text(members.Int32()))];
    }

    private IEnumerable<(string Name, string Value)> Child()
    {
        const int exited = 1, lastNamed = 6;
        StructureReader members = Union(8);
        int status = members.Int32();
        if (!_compat)
            members.Skip(4);
        // Every code but that of an exit tells of a signal.
        string meaning = Code is > exited and <= lastNamed ? SignalWords.Name(status) : Text(status);
        return [("si_status", meaning), ("si_utime", Ticks(members.Word())), ("si_stime", Ticks(members.Word()))];
    }

    private IEnumerable<(string Name, string Value)> Fault()
    {
        StructureReader members = Union();
        int word = _compat ? 4 : 8;
        (string Name, string Value) address = ("si_addr", Address(members.Word()));
        return (Number == SignalNumbers.SIGSEGV ? s_faults.Find((uint)Code) : Number == SignalNumbers.SIGBUS ? s_busErrors.Find((uint)Code) : null) switch
        {
            "SEGV_BNDERR" => [address, ("si_lower", Address(Union(2 * word).Word())), ("si_upper", Address(Union(3 * word).Word()))],
            "SEGV_PKUERR" => [address, ("si_pkey", Text(Union(2 * word).UInt32()))],
            "BUS_MCEERR_AR" or "BUS_MCEERR_AO" => [address, ("si_addr_lsb", $"0x{members.UInt16():x}")],
            _ => [address],
        };
    }

    private IEnumerable<(string Name, string Value)> SystemCall()
    {
        StructureReader members = Union();
        string address = Address(members.Word());
        return [("si_call_addr", address), ("si_syscall", Text(members.Int32())), ("si_arch", s_architectures.Format(members.UInt32()))];
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Address(ulong value) => value == 0 ? "NULL" : $"0x{value:x}";

    /// <summary>A time in clock ticks, such as <c>8 /* 0.08 s */</c>.</summary>
    internal static string Ticks(ulong value) =>
        value == 0 ? "0" : string.Create(CultureInfo.InvariantCulture, $"{value} /* {value / ClockTicksPerSecond}.{value % ClockTicksPerSecond:00} s */");
}
