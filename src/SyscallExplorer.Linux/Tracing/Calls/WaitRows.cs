using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;

namespace SyscallExplorer.Linux;

/// <summary>Calls that wait for descriptors.</summary>
internal static class WaitRows
{
    private static readonly ArgumentKind s_set = PollArguments.Selected;

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("poll", PollArguments.Polled, UInt, Int) { Result = Results.Noted(Results.Decimal, text => PollArguments.PollNote(text, timeSlot: null, wide: false)) },
        PolledUntil("ppoll", wide: false),
        new("select", Int, s_set, s_set, s_set, TimeArguments.Timeval)
        {
            Result = Results.Noted(Results.Decimal, text => PollArguments.SelectNote(text, TimeArguments.Val, t => 2 * t.WordSize)),
        },
        SelectedUntil("pselect6", wide: false),
        new("epoll_create", Int),
        new("epoll_create1", Flags(FileWords.EpollCreate)),
        new("epoll_ctl", Int, Value(FileWords.EpollOperations), Int, PollArguments.Event),
        new("epoll_wait", Int, PollArguments.Events, Int, Int),
        new("epoll_pwait", Int, PollArguments.Events, Int, Int, SignalArguments.Set(5), Size),
        new("epoll_pwait2", Int, PollArguments.Events, Int, TimeArguments.Timespec(wide: true), SignalArguments.Set(5), Size),
    ];

    /// <summary><c>ppoll</c> with a time of a layout.</summary>
    public static CallRow PolledUntil(string name, bool wide) =>
        new(name, PollArguments.Polled, UInt, TimeArguments.Timespec(wide), SignalArguments.Set(4), Size)
        {
            Result = Results.Noted(Results.Decimal, text => PollArguments.PollNote(text, timeSlot: 2, wide)),
        };

    /// <summary><c>pselect6</c> with a time of a layout.</summary>
    public static CallRow SelectedUntil(string name, bool wide) =>
        new(name, Int, s_set, s_set, s_set, TimeArguments.Timespec(wide), PollArguments.MaskAndSize)
        {
            Result = Results.Noted(Results.Decimal,
                text => PollArguments.SelectNote(text, time => TimeArguments.Spec(time, wide), t => TimeArguments.Size(t, wide))),
        };
}
