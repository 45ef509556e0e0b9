using System.Numerics;

namespace SyscallExplorer.Linux;

/// <summary>Names of signals, sets of signals and what goes with them.</summary>
internal static class SignalWords
{
    private const int FirstRealTime = 32;

    public static ValueNames How { get; } = ValueNames.From(0, "SIG_???", "SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK");

    public static FlagNames ActionFlags { get; } = new("SA_???",
        ("SA_RESTORER", 0x4000000), ("SA_ONSTACK", 0x8000000), ("SA_RESTART", 0x10000000), ("SA_INTERRUPT", 0x20000000), ("SA_NODEFER", 0x40000000),
        ("SA_RESETHAND", 0x80000000), ("SA_SIGINFO", 4), ("SA_NOCLDSTOP", 1), ("SA_NOCLDWAIT", 2));

    public static FlagNames StackFlags { get; } = new("SS_???", ("SS_ONSTACK", 1), ("SS_DISABLE", 2), ("SS_AUTODISARM", 0x80000000));

    public static ValueNames EventKinds { get; } = ValueNames.From(0, "SIGEV_???", "SIGEV_SIGNAL", "SIGEV_NONE", "SIGEV_THREAD").With(("SIGEV_THREAD_ID", 4));

    /// <summary>Such as SIGSEGV, SIGRTMIN, SIGRT_1, or the number alone.</summary>
    public static string Name(long signal) => signal switch
    {
        >= 1 and < FirstRealTime => SignalNumbers.Name((int)signal),
        FirstRealTime => "SIGRTMIN",
        > FirstRealTime and <= SignalNumbers.Last => $"SIGRT_{signal - FirstRealTime}",
        _ => $"{signal}",
    };

    /// <summary>Such as <c>[INT CHLD]</c>, or <c>~[KILL]</c> where most are in it.</summary>
    public static string Set(ulong mask, int bits)
    {
        // From two thirds on, what is missing says it shorter.
        ulong all = bits >= 64 ? ulong.MaxValue : (1ul << bits) - 1;
        bool inverted = BitOperations.PopCount(mask & all) >= Math.Max(bits, 32) * 2 / 3;
        ulong named = (inverted ? ~mask : mask) & all;
        IEnumerable<string> names = Enumerable.Range(0, bits).Where(bit => (named & (1ul << bit)) != 0).Select(bit => Name(bit + 1)["SIG".Length..]);
        return $"{(inverted ? "~" : "")}[{string.Join(' ', names)}]";
    }
}
