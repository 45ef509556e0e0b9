using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;

namespace SyscallExplorer.Linux;

/// <summary>Calls on signals.</summary>
internal static class SignalRows
{
    public static ImmutableArray<CallRow> All { get; } =
    [
        new("rt_sigaction", Signal, SignalArguments.Action, SignalArguments.OutAction, Size),
        new("rt_sigprocmask", Value(SignalWords.How), SignalArguments.Set(3), SignalArguments.OutSet(3), Size),
        new("rt_sigreturn", SignalArguments.FrameMask),
        new("rt_sigpending", SignalArguments.OutPending, Size),
        new("rt_sigsuspend", SignalArguments.Set(1), Size),
        new("rt_sigtimedwait", SignalArguments.Set(3), SignalArguments.OutInformation, TimeArguments.Early(TimeArguments.Timespec(wide: false)), Size)
        {
            Result = Results.Noted(Results.Decimal, SignalNote),
        },
        new("rt_sigqueueinfo", Int, Signal, SignalArguments.Information),
        new("rt_tgsigqueueinfo", Int, Int, Signal, SignalArguments.Information),
        new("sigaltstack", SignalArguments.Stack, SignalArguments.OutStack),
        new("kill", Int, Signal),
        new("tkill", Int, Signal),
        new("tgkill", Int, Int, Signal),
        new("pause"),
    ];

    /// <summary>The signal that has come.</summary>
    public static string? SignalNote(CallText text) => text.Result > 0 ? SignalWords.Name(text.Result.Value) : null;
}
