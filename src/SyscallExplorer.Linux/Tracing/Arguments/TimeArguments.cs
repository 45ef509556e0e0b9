using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>Times and timers. A structure is of the word size, or wide: of 64-bit members whatever the word size.</summary>
internal static class TimeArguments
{
    /// <summary><c>struct timespec</c>.</summary>
    public static ArgumentKind Timespec(bool wide) => InStructure(text => Size(text, wide), (text, time) => text.Write(Spec(time, wide)));

    /// <summary><c>struct timespec</c> that the call fills in.</summary>
    public static ArgumentKind OutTimespec(bool wide) => OutStructure(text => Size(text, wide), (text, time) => text.Write(Spec(time, wide)));

    /// <summary>What is left of a wait: told when a signal has ended it.</summary>
    public static ArgumentKind Remaining(bool wide, Func<CallText, bool>? never = null) => AtExit((text, slot) =>
    {
        if (text.Failed && ErrorNames.IsRestart((int)-(text.Result ?? 0)) && never?.Invoke(text) != true && text.Structure(text[slot], Size(text, wide)) is { } time)
            text.Write(Spec(time, wide));
        else
            text.Address(text[slot]);
    });

    /// <summary><c>struct timeval</c>.</summary>
    public static ArgumentKind Timeval { get; } = InStructure(text => Size(text, false), (text, time) => text.Write(Val(time)));

    /// <summary><c>struct timeval</c> that the call fills in.</summary>
    public static ArgumentKind OutTimeval { get; } = OutStructure(text => Size(text, false), (text, time) => text.Write(Val(time)));

    /// <summary><c>struct timezone</c>.</summary>
    public static ArgumentKind OutZone { get; } =
        OutStructure(_ => 8, (text, zone) => text.Write($"{{tz_minuteswest={zone.Int32()}, tz_dsttime={zone.Int32()}}}"));

    /// <summary><c>struct timezone</c> that the call reads.</summary>
    public static ArgumentKind Zone { get; } = InStructure(_ => 8, (text, zone) => text.Write($"{{tz_minuteswest={zone.Int32()}, tz_dsttime={zone.Int32()}}}"));

    /// <summary><c>struct itimerval</c>.</summary>
    public static ArgumentKind Interval { get; } = InStructure(text => 2 * Size(text, false), (text, timer) => text.Write(IntervalText(timer)));

    /// <summary><c>struct itimerval</c> that the call fills in.</summary>
    public static ArgumentKind OutInterval { get; } = OutStructure(text => 2 * Size(text, false), (text, timer) => text.Write(IntervalText(timer)));

    /// <summary><c>struct itimerspec</c>.</summary>
    public static ArgumentKind IntervalSpec(bool wide) => InStructure(text => 2 * Size(text, wide), (text, timer) => text.Write(IntervalText(timer, wide)));

    /// <summary><c>struct itimerspec</c> that the call fills in.</summary>
    public static ArgumentKind OutIntervalSpec(bool wide) => OutStructure(text => 2 * Size(text, wide), (text, timer) => text.Write(IntervalText(timer, wide)));

    /// <summary>Two times of <c>utimensat</c>.</summary>
    public static ArgumentKind SpecPair(bool wide) => InStructure(text => 2 * Size(text, wide), (text, times) => text.Write($"[{UserSpec(times, wide)}, {UserSpec(times, wide)}]"));

    /// <summary>Two times of <c>utimes</c>.</summary>
    public static ArgumentKind ValPair { get; } = InStructure(text => 2 * Size(text, false), (text, times) => text.Write($"[{Val(times)}, {Val(times)}]"));

    /// <summary><c>struct utimbuf</c>.</summary>
    public static ArgumentKind ModificationTimes { get; } =
        InStructure(text => 2 * text.WordSize, (text, times) => text.Write($"{{actime={times.SignedWord()}, modtime={times.SignedWord()}}}"));

    /// <summary>Seconds that the call fills in.</summary>
    public static ArgumentKind OutSeconds { get; } = OutStructure(text => text.WordSize, (text, time) => text.Write($"[{time.SignedWord()}]"));

    /// <summary>Seconds that the call reads.</summary>
    public static ArgumentKind Seconds { get; } = InStructure(text => text.WordSize, (text, time) => text.Write($"[{time.SignedWord()}]"));

    /// <summary><c>struct tms</c>.</summary>
    public static ArgumentKind OutTimes { get; } = OutStructure(text => 4 * text.WordSize, (text, times) => text
        .Write($"{{tms_utime={times.SignedWord()}, tms_stime={times.SignedWord()}, tms_cutime={times.SignedWord()}, tms_cstime={times.SignedWord()}}}"));

    /// <summary>Such as <c>{tv_sec=1, tv_nsec=0}</c>.</summary>
    public static string Spec(StructureReader time, bool wide) => $"{{tv_sec={time.Signed(wide)}, tv_nsec={time.Signed(wide)}}}";

    /// <summary>Such as <c>{tv_sec=1, tv_usec=0}</c>.</summary>
    public static string Val(StructureReader time) => $"{{tv_sec={time.SignedWord()}, tv_usec={time.SignedWord()}}}";

    /// <summary>Bytes of a time.</summary>
    public static int Size(CallText text, bool wide) => wide ? 16 : 2 * text.WordSize;

    private static string UserSpec(StructureReader time, bool wide)
    {
        const long now = 0x3fffffff, omit = 0x3ffffffe;
        long seconds = time.Signed(wide), nanoseconds = time.Signed(wide);
        return nanoseconds switch
        {
            now => "UTIME_NOW",
            omit => "UTIME_OMIT",
            _ => $"{{tv_sec={seconds}, tv_nsec={nanoseconds}}}",
        };
    }

    private static string IntervalText(StructureReader timer) => $"{{it_interval={Val(timer)}, it_value={Val(timer)}}}";

    private static string IntervalText(StructureReader timer, bool wide) => $"{{it_interval={Spec(timer, wide)}, it_value={Spec(timer, wide)}}}";
}
