using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;
using static SyscallExplorer.Linux.Texts;

namespace SyscallExplorer.Linux;

/// <summary>Calls on tasks: their making, their end, who they are and what they may.</summary>
internal static class TaskRows
{
    private static readonly ArgumentKind s_wait = Flags(TaskWords.Wait);

    private static ArgumentKind OutPointer { get; } =
        ArgumentKind.OutStructure(text => text.WordSize, (text, value) => text.Write("[").Address(value.Word()).Write("]"));

    private static ArgumentKind OutSize { get; } = ArgumentKind.OutStructure(text => text.WordSize, (text, size) => text.Write($"[{size.Word()}]"));

    private static ArgumentKind Personality { get; } = ArgumentKind.In((text, slot) => text.Write(PersonalityText(text.UInt(slot))));

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("clone", CloneArguments.Clone),
        new("clone3", CloneArguments.Structure, Size),
        new("fork"),
        new("vfork"),
        new("execve", PathName, TaskArguments.Strings, TaskArguments.Environment),
        new("execveat", StartDirectory, PathName, TaskArguments.Strings, TaskArguments.Environment, Flags(FileWords.At)),
        new("exit", Int),
        new("exit_group", Int),
        new("wait4", Int, TaskArguments.WaitStatus, s_wait, TaskArguments.ChildUsage),
        new("waitid", Value(TaskWords.WaitWho), Int, SignalArguments.OutInformation, s_wait, TaskArguments.Usage),
        new("unshare", WordFlags(TaskWords.Unshare)),
        new("setns", Int, Flags(TaskWords.Namespaces)),
        new("getpid"),
        new("getppid"),
        new("gettid"),
        new("getpgrp"),
        new("setsid"),
        new("getpgid", Int),
        new("setpgid", Int, Int),
        new("getsid", Int),
        new("getuid"),
        new("getgid"),
        new("geteuid"),
        new("getegid"),
        new("setuid", User),
        new("setgid", User),
        new("setreuid", User, User),
        new("setregid", User, User),
        new("setresuid", User, User, User),
        new("setresgid", User, User, User),
        new("getresuid", VectorArguments.OutUser, VectorArguments.OutUser, VectorArguments.OutUser),
        new("getresgid", VectorArguments.OutUser, VectorArguments.OutUser, VectorArguments.OutUser),
        new("setfsuid", User),
        new("setfsgid", User),
        new("getgroups", Int, TaskArguments.OutGroups(4)),
        new("setgroups", Int, TaskArguments.Groups(4)),
        new("capget", ProcessControlArguments.CapabilityHeader, ProcessControlArguments.Capabilities(output: true)),
        new("capset", ProcessControlArguments.CapabilityHeader, ProcessControlArguments.Capabilities(output: false)),
        new("prctl") { Choose = ProcessControlArguments.Choose, Result = ProcessControlArguments.WriteResult },
        new("arch_prctl") { Choose = ArchitectureArguments },
        new("set_tid_address", Hexadecimal),
        new("set_robust_list", Address, Size),
        new("get_robust_list", Int, OutPointer, OutSize),
        new("rseq", Hexadecimal, Hexadecimal, Hexadecimal, Hexadecimal),
        new("set_thread_area", TaskArguments.Descriptor) { Result = Results.Noted(Results.Decimal, AreaNote) },
        new("get_thread_area", TaskArguments.OutDescriptor),
        new("futex") { Choose = text => FutexArguments.Choose(text, wide: false) },
        new("futex_waitv", Address, UInt, Hexadecimal32, TimeArguments.Timespec(wide: true), Value(TimeWords.Clocks)),
        new("membarrier") { Choose = Barrier, Result = WriteBarriers },
        new("sched_yield"),
        new("sched_setaffinity", Int, UInt, TaskArguments.Processors),
        new("sched_getaffinity", Int, UInt, TaskArguments.OutProcessors),
        new("sched_setparam", Int, TaskArguments.Priority),
        new("sched_getparam", Int, TaskArguments.OutPriority),
        new("sched_setscheduler", Int, Value(TaskWords.Policies), TaskArguments.Priority),
        new("sched_getscheduler", Int) { Result = Results.Noted(Results.Decimal, text => TaskWords.Policies.Format(Results.Word(text))) },
        new("sched_get_priority_max", Value(TaskWords.Policies)),
        new("sched_get_priority_min", Value(TaskWords.Policies)),
        new("sched_rr_get_interval", Int, TimeArguments.OutTimespec(wide: false)),
        new("getpriority", Value(TaskWords.Priorities), Int),
        new("setpriority", Value(TaskWords.Priorities), Int, Int),
        new("ioprio_get", Value(TaskWords.PriorityWho), Int) { Result = Results.Noted(Results.Decimal, text => PriorityText(Results.Word(text))) },
        new("ioprio_set", Value(TaskWords.PriorityWho), Int, ArgumentKind.In((text, slot) => text.Write(PriorityText(text.UInt(slot))))),
        new("getrlimit", Value(TaskWords.Limits), TaskArguments.OutLimit(wide: false)),
        new("setrlimit", Value(TaskWords.Limits), TaskArguments.Limit(wide: false)),
        new("prlimit64", Int, Value(TaskWords.Limits), TaskArguments.Limit(wide: true), TaskArguments.OutLimit(wide: true)),
        new("getrusage", Value(TaskWords.Usage), TaskArguments.Usage),
        new("getcpu", VectorArguments.OutUInt, VectorArguments.OutUInt, Address),
        new("personality", Personality) { Result = Results.Noted(WritePersonality, text => PersonalityName(Results.Word(text))) },
        new("kcmp") { Choose = Comparing },
        new("pidfd_open", Int, Flags(TaskWords.ProcessDescriptor)),
        new("pidfd_getfd", Int, Int, Hexadecimal32),
        new("pidfd_send_signal", Int, Signal, SignalArguments.Information, Hexadecimal32),
        new("process_vm_readv", Int, VectorArguments.Output, Size, VectorArguments.RemotePlaces, Size, Size),
        new("process_vm_writev", Int, VectorArguments.Input, Size, VectorArguments.Places, Size, Size),
        new("restart_syscall", ArgumentKind.In((text, _) => text.Write($"<... resuming interrupted {text.Interrupted ?? "system call"} ...>"))),
    ];

    private static ImmutableArray<ArgumentKind> ArchitectureArguments(CallText text) => [Value(TaskWords.ArchitectureCodes), TaskWords.ArchitectureCodes.Find(text.UInt(0)) switch
    {
        "ARCH_GET_FS" or "ARCH_GET_GS" => VectorArguments.OutAddress,
        "ARCH_SET_FS" or "ARCH_SET_GS" => Address,
        _ => Hexadecimal,
    }];

    private static ImmutableArray<ArgumentKind> Barrier(CallText text)
    {
        const uint onProcessor = 1;
        ImmutableArray<ArgumentKind> arguments = [Value(TaskWords.BarrierCommands), Flags(TaskWords.BarrierFlags)];
        return (text.UInt(1) & onProcessor) != 0 ? arguments.Add(Int) : arguments;
    }

    private static ImmutableArray<ArgumentKind> Comparing(CallText text)
    {
        ImmutableArray<ArgumentKind> arguments = [Int, Int, Value(TaskWords.Compare)];
        return TaskWords.Compare.Find(text.UInt(2)) switch
        {
            "KCMP_FILE" => arguments.AddRange(Int, Int),
            null or "KCMP_EPOLL_TFD" => arguments.AddRange(Hexadecimal, Hexadecimal),
            _ => arguments,
        };
    }

    private static string PriorityText(ulong value)
    {
        const int classShift = 13;
        return $"IOPRIO_PRIO_VALUE({TaskWords.PriorityClass.Format(value >> classShift)}, {value & ((1 << classShift) - 1)})";
    }

    private static string? AreaNote(CallText text) => text.ReadInt(text[0]) is { } number ? $"entry_number={(uint)number}" : null;

    private static void WriteBarriers(CallText text)
    {
        const int query = 0;
        if (text.Int(0) == query && Results.Word(text) != 0)
            text.Hexadecimal(Results.Word(text)).Write($" ({TaskWords.Barriers.Format(Results.Word(text))})");
        else
            Results.Decimal(text);
    }

    private static void WritePersonality(CallText text) => text.Hexadecimal(Results.Word(text));

    private static string PersonalityName(ulong value) => value == 0 ? "PER_LINUX" : PersonalityText(value);

    private static string PersonalityText(ulong value) => value switch
    {
        uint.MaxValue => "0xffffffff",
        _ => TaskPersonalities.Format(value),
    };
}
