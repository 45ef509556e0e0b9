using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;
using static SyscallExplorer.Linux.Texts;

namespace SyscallExplorer.Linux;

/// <summary>Calls that only 32-bit programs have, and those that differ in them.</summary>
internal static class CompatRows
{
    private static readonly ArgumentKind s_clock = Value(TimeWords.Clocks);
    private static readonly ArgumentKind s_shortResult = VectorArguments.OutShort;

    /// <summary>Two halves of an offset, the upper first.</summary>
    private static ArgumentKind Joined { get; } = ArgumentKind.In((text, slot) => text.Number((long)((text[slot] << 32) | text[slot + 1]))).Taking(2, 2);

    private static ArgumentKind SeekResult { get; } = ArgumentKind.OutStructure(_ => 8, (text, place) => text.Write($"[{place.UInt64()}]"));

    private static ArgumentKind PageOffset { get; } = ArgumentKind.In((text, slot) =>
    {
        const int pageShift = 12;
        text.Hexadecimal(text[slot] << pageShift);
    });

    /// <summary>The six arguments of the first <c>mmap</c>, which lie in memory.</summary>
    private static ArgumentKind OldMapping { get; } = ArgumentKind.InStructure(_ => 24, (text, arguments) =>
    {
        text.Address(arguments.UInt32()).Write($", {arguments.UInt32()}, {MemoryWords.Protection.Format(arguments.UInt32())}");
        text.Write($", {MemoryWords.MapFlags(arguments.UInt32())}, {arguments.Int32()}, ").Hexadecimal(arguments.UInt32());
    });

    private static ArgumentKind OldSelect { get; } = Address;

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("waitpid", Int, TaskArguments.WaitStatus, Flags(TaskWords.Wait)),
        new("stat64", PathName, FileStatusArguments.Stat64),
        new("lstat64", PathName, FileStatusArguments.Stat64),
        new("fstat64", Int, FileStatusArguments.Stat64),
        new("fstatat64", StartDirectory, PathName, FileStatusArguments.Stat64, Flags(FileWords.At)),
        new("oldstat", PathName, FileStatusArguments.OldStat),
        new("oldlstat", PathName, FileStatusArguments.OldStat),
        new("oldfstat", Int, FileStatusArguments.OldStat),
        new("statfs64", PathName, Size, FileStatusArguments.FileSystem64),
        new("fstatfs64", Int, Size, FileStatusArguments.FileSystem64),
        new("truncate64", PathName, WideSize),
        new("ftruncate64", Int, WideSize),
        new("fadvise64_64", Int, Wide, Wide, Value(FileWords.Advice)),
        new("sendfile64", Int, Int, VectorArguments.WideOffset, Size),
        new("fcntl64") { Choose = DescriptorArguments.Choose, Result = DescriptorArguments.WriteResult },
        new("_llseek", Int, Joined, SeekResult, Value(FileWords.Whence).From(4)),
        new("umount", PathName),
        new("readdir") { Choose = text => text.UInt(2) == 1 ? [Int, Address] : [Int, Address, UInt] },
        new("mmap", OldMapping) { Result = Results.Hexadecimal },
        new("mmap2", Address, Size, Flags(MemoryWords.Protection), MemoryRows.MapFlags, Int, PageOffset) { Result = Results.Hexadecimal },
        new("select", OldSelect),
        new("_newselect", Int, PollArguments.Selected, PollArguments.Selected, PollArguments.Selected, TimeArguments.Timeval)
        {
            Result = Results.Noted(Results.Decimal, text => PollArguments.SelectNote(text, TimeArguments.Val, t => 2 * t.WordSize)),
        },
        new("signal", Signal, SignalArguments.Handler) { Result = WriteHandler },
        new("sigaction", Signal, SignalArguments.OldAction, SignalArguments.OutOldAction),
        new("sigprocmask", Value(SignalWords.How), SignalArguments.OldSet, SignalArguments.OutOldSet),
        new("sigpending", SignalArguments.OutOldSet),
        new("sigsuspend", SignalArguments.Mask.From(2)),
        new("sigreturn", SignalArguments.OldFrameMask),
        new("sgetmask") { Result = Results.Noted(text => text.Hexadecimal(Results.Word(text)), text => $"mask {SignalWords.Set(Results.Word(text), 32)}") },
        new("ssetmask", SignalArguments.Mask) { Result = Results.Noted(text => text.Hexadecimal(Results.Word(text)), text => $"old mask {SignalWords.Set(Results.Word(text), 32)}") },
        new("getuid32"),
        new("getgid32"),
        new("geteuid32"),
        new("getegid32"),
        new("setuid32", User),
        new("setgid32", User),
        new("setreuid32", User, User),
        new("setregid32", User, User),
        new("setresuid32", User, User, User),
        new("setresgid32", User, User, User),
        new("getresuid32", VectorArguments.OutUser, VectorArguments.OutUser, VectorArguments.OutUser),
        new("getresgid32", VectorArguments.OutUser, VectorArguments.OutUser, VectorArguments.OutUser),
        new("setfsuid32", User),
        new("setfsgid32", User),
        new("getgroups32", Int, TaskArguments.OutGroups(4)),
        new("setgroups32", Int, TaskArguments.Groups(4)),
        new("chown32", PathName, User, User),
        new("lchown32", PathName, User, User),
        new("fchown32", Int, User, User),
        new("setuid", ShortUser),
        new("setgid", ShortUser),
        new("setreuid", ShortUser, ShortUser),
        new("setregid", ShortUser, ShortUser),
        new("setresuid", ShortUser, ShortUser, ShortUser),
        new("setresgid", ShortUser, ShortUser, ShortUser),
        new("getresuid", s_shortResult, s_shortResult, s_shortResult),
        new("getresgid", s_shortResult, s_shortResult, s_shortResult),
        new("setfsuid", ShortUser),
        new("setfsgid", ShortUser),
        new("getgroups", Int, TaskArguments.OutGroups(2)),
        new("setgroups", Int, TaskArguments.Groups(2)),
        new("chown", PathName, ShortUser, ShortUser),
        new("lchown", PathName, ShortUser, ShortUser),
        new("fchown", Int, ShortUser, ShortUser),
        new("ugetrlimit", Value(TaskWords.Limits), TaskArguments.OutLimit(wide: false)),
        new("nice", Int),
        new("stime", TimeArguments.OutSeconds),
        new("stty", Hexadecimal, Hexadecimal),
        new("gtty", Hexadecimal, Hexadecimal),
        new("oldolduname", Hexadecimal),
        new("olduname", Hexadecimal),
        new("socketcall", Value(SocketWords.SocketCalls), Address),
        new("clock_gettime64", s_clock, TimeArguments.OutTimespec(wide: true)),
        new("clock_settime64", s_clock, TimeArguments.Timespec(wide: true)),
        new("clock_getres_time64", s_clock, TimeArguments.OutTimespec(wide: true)),
        new("clock_nanosleep_time64", s_clock, Flags(TimeWords.Timer), TimeArguments.Timespec(wide: true), TimeArguments.Remaining(wide: true, TimeRows.UntilTime)),
        new("timer_gettime64", Int, TimeArguments.OutIntervalSpec(wide: true)),
        new("timer_settime64", Int, Flags(TimeWords.Timer), TimeArguments.IntervalSpec(wide: true), TimeArguments.OutIntervalSpec(wide: true)),
        new("timerfd_gettime64", Int, TimeArguments.OutIntervalSpec(wide: true)),
        new("timerfd_settime64", Int, Flags(FileWords.TimerDescriptor), TimeArguments.IntervalSpec(wide: true), TimeArguments.OutIntervalSpec(wide: true)),
        new("utimensat_time64", StartDirectory, PathName, TimeArguments.SpecPair(wide: true), Flags(FileWords.At)),
        WaitRows.SelectedUntil("pselect6_time64", wide: true),
        WaitRows.PolledUntil("ppoll_time64", wide: true),
        SocketRows.ReceivedUntil("recvmmsg_time64", wide: true),
        new("rt_sigtimedwait_time64", SignalArguments.Set(3), SignalArguments.OutInformation, TimeArguments.Early(TimeArguments.Timespec(wide: true)), Size)
        {
            Result = Results.Noted(Results.Decimal, SignalRows.SignalNote),
        },
        new("futex_time64") { Choose = text => FutexArguments.Choose(text, wide: true) },
        new("sched_rr_get_interval_time64", Int, TimeArguments.OutTimespec(wide: true)),
        .. Unserved("break", "ftime", "prof", "lock", "mpx", "idle"),
    ];

    private static void WriteHandler(CallText text) => text.Write(Results.Word(text) switch
    {
        0 => "0 (SIG_DFL)",
        1 => "0x1 (SIG_IGN)",
        var handler => $"0x{handler:x}",
    });

    /// <summary>Numbers that the table has and that never did anything.</summary>
    private static IEnumerable<CallRow> Unserved(params string[] names) => names.Select(name => new CallRow(name));
}
