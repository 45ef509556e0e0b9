using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>Times and timers. A structure is of the word size, or wide: of 64-bit members whatever the word size.</summary>
internal static class TimeArguments
{
    /// <summary><c>struct timespec</c>.</summary>
    public static ArgumentKind Timespec(bool wide) => InStructure(text => Size(text, wide), (text, time) => text.Write(Spec(time, wide)));

    /// <summary>An input that stands behind an output and is read at entry all the same.</summary>
    public static ArgumentKind Early(ArgumentKind kind) => AtExit((text, slot) => text.Write(text.Noted.GetValueOrDefault(slot, ""))) with
    {
        Note = (text, slot) => text.Aside(kind, slot),
    };

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
    public static ArgumentKind ValPair { get; } = InStructure(text => 2 * Size(text, false), (text, times) => text.Write($"[{DatedVal(times)}, {DatedVal(times)}]"));

    /// <summary><c>struct utimbuf</c>.</summary>
    public static ArgumentKind ModificationTimes { get; } =
        InStructure(text => 2 * text.WordSize, (text, times) => text.Write($"{{actime={Dated(times.SignedWord())}, modtime={Dated(times.SignedWord())}}}"));

    /// <summary>Seconds that the call fills in.</summary>
    public static ArgumentKind OutSeconds { get; } = OutStructure(text => text.WordSize, (text, time) => text.Write($"[{Dated(time.SignedWord())}]"));

    /// <summary>Seconds that the call reads.</summary>
    public static ArgumentKind Seconds { get; } = InStructure(text => text.WordSize, (text, time) => text.Write($"[{Dated(time.SignedWord())}]"));

    /// <summary><c>struct tms</c>.</summary>
    public static ArgumentKind OutTimes { get; } = OutStructure(text => 4 * text.WordSize, (text, times) => text
        .Write($"{{tms_utime={Ticks(times)}, tms_stime={Ticks(times)}, tms_cutime={Ticks(times)}, tms_cstime={Ticks(times)}}}"));

    /// <summary>Such as <c>{tv_sec=1, tv_nsec=0}</c>.</summary>
    public static string Spec(StructureReader time, bool wide) => $"{{tv_sec={time.Signed(wide)}, tv_nsec={Unsigned(time, wide)}}}";

    /// <summary>Such as <c>{tv_sec=1, tv_usec=0}</c>.</summary>
    public static string Val(StructureReader time) => $"{{tv_sec={time.SignedWord()}, tv_usec={time.Word()}}}";

    /// <summary>Bytes of a time.</summary>
    public static int Size(CallText text, bool wide) => wide ? 16 : 2 * text.WordSize;

    private static string Ticks(StructureReader times) => SignalInformation.Ticks((ulong)times.SignedWord());

    private static ulong Unsigned(StructureReader time, bool wide) => wide ? time.UInt64() : time.Word();

    private static string UserSpec(StructureReader time, bool wide)
    {
        const long now = 0x3fffffff, omit = 0x3ffffffe;
        const int nanosecondDigits = 9;
        long seconds = time.Signed(wide), nanoseconds = (long)Unsigned(time, wide);
        return nanoseconds switch
        {
            now => "UTIME_NOW",
            omit => "UTIME_OMIT",
            _ => $"{{tv_sec={seconds}, tv_nsec={(ulong)nanoseconds}}}{Calendar.Comment(seconds, nanoseconds, nanosecondDigits)}",
        };
    }

    private static string Dated(long seconds) => seconds + Calendar.Comment(seconds, 0, 0);

    private static string DatedVal(StructureReader time)
    {
        const int microsecondDigits = 6;
        long seconds = time.SignedWord();
        ulong microseconds = time.Word();
        return $"{{tv_sec={seconds}, tv_usec={microseconds}}}{Calendar.Comment(seconds, (long)microseconds, microsecondDigits)}";
    }

    private static string IntervalText(StructureReader timer) => $"{{it_interval={Val(timer)}, it_value={Val(timer)}}}";

    private static string IntervalText(StructureReader timer, bool wide) => $"{{it_interval={Spec(timer, wide)}, it_value={Spec(timer, wide)}}}";
}
