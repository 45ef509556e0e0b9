using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;

namespace SyscallExplorer.Linux;

/// <summary>Calls on clocks and timers.</summary>
internal static class TimeRows
{
    private const int Absolute = 1;

    private static readonly ArgumentKind s_clock = Value(TimeWords.Clocks);

    private static ArgumentKind TimerNumber { get; } = VectorArguments.OutInt;

    /// <summary><c>struct sigevent</c>.</summary>
    private static ArgumentKind Event { get; } = ArgumentKind.InStructure(_ => 64, (text, item) =>
    {
        const int signalled = 0, thread = 2, threadNumber = 4;
        int integer = item.Int32();
        ulong value = item.At(0).Word();
        int signal = item.Int32(), kind = item.Int32();
        text.Write("{");
        if (value != 0)
            text.Write($"sigev_value={{sival_int={integer}, sival_ptr=").Address(value).Write("}, ");
        text.Write($"sigev_signo={(kind is signalled or thread or threadNumber ? SignalWords.Name(signal) : $"{(uint)signal}")}");
        text.Write($", sigev_notify={SignalWords.EventKinds.Format((uint)kind)}");
        if (kind == threadNumber)
            text.Write($", sigev_notify_thread_id={item.Int32()}");
        else if (kind == thread)
            text.Write(", sigev_notify_function=").Address(item.Word()).Write(", sigev_notify_attributes=").Address(item.Word());
        text.Write("}");
    });

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("time", TimeArguments.OutSeconds),
        new("times", TimeArguments.OutTimes),
        new("gettimeofday", TimeArguments.OutTimeval, TimeArguments.OutZone),
        new("settimeofday", TimeArguments.Timeval, TimeArguments.Zone),
        new("clock_gettime", s_clock, TimeArguments.OutTimespec(wide: false)),
        new("clock_settime", s_clock, TimeArguments.Timespec(wide: false)),
        new("clock_getres", s_clock, TimeArguments.OutTimespec(wide: false)),
        new("nanosleep", TimeArguments.Timespec(wide: false), TimeArguments.Remaining(wide: false)),
        new("clock_nanosleep", s_clock, Flags(TimeWords.Timer), TimeArguments.Timespec(wide: false), TimeArguments.Remaining(wide: false, UntilTime)),
        new("alarm", UInt),
        new("getitimer", Value(TimeWords.Intervals), TimeArguments.OutInterval),
        new("setitimer", Value(TimeWords.Intervals), TimeArguments.Interval, TimeArguments.OutInterval),
        new("timer_create", s_clock, Event, TimerNumber),
        new("timer_settime", Int, Flags(TimeWords.Timer), TimeArguments.IntervalSpec(wide: false), TimeArguments.OutIntervalSpec(wide: false)),
        new("timer_gettime", Int, TimeArguments.OutIntervalSpec(wide: false)),
        new("timer_getoverrun", Int),
        new("timer_delete", Int),
        new("timerfd_create", s_clock, Flags(FileWords.TimerDescriptor)),
        new("timerfd_settime", Int, Flags(FileWords.TimerDescriptor), TimeArguments.IntervalSpec(wide: false), TimeArguments.OutIntervalSpec(wide: false)),
        new("timerfd_gettime", Int, TimeArguments.OutIntervalSpec(wide: false)),
    ];

    /// <summary>A wait until a time leaves nothing over.</summary>
    public static bool UntilTime(CallText text) => (text.Int(1) & Absolute) != 0;
}
