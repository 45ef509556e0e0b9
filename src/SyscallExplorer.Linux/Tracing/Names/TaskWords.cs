namespace SyscallExplorer.Linux;

/// <summary>Names of flags and values of calls on tasks.</summary>
internal static class TaskWords
{
    private const ulong ExitSignal = 0xff;

    public static FlagNames Clone { get; } = new("CLONE_???",
        ("CLONE_VM", 0x100), ("CLONE_FS", 0x200), ("CLONE_FILES", 0x400), ("CLONE_SIGHAND", 0x800), ("CLONE_PIDFD", 0x1000), ("CLONE_PTRACE", 0x2000),
        ("CLONE_VFORK", 0x4000), ("CLONE_PARENT", 0x8000), ("CLONE_THREAD", 0x10000), ("CLONE_NEWNS", 0x20000), ("CLONE_SYSVSEM", 0x40000),
        ("CLONE_SETTLS", 0x80000), ("CLONE_PARENT_SETTID", 0x100000), ("CLONE_CHILD_CLEARTID", 0x200000), ("CLONE_UNTRACED", 0x800000),
        ("CLONE_CHILD_SETTID", 0x1000000), ("CLONE_NEWCGROUP", 0x2000000), ("CLONE_NEWUTS", 0x4000000), ("CLONE_NEWIPC", 0x8000000),
        ("CLONE_NEWUSER", 0x10000000), ("CLONE_NEWPID", 0x20000000), ("CLONE_NEWNET", 0x40000000), ("CLONE_IO", 0x80000000));

    public static FlagNames Clone3 { get; } = new("CLONE_???",
        [.. Clone.Bits, ("CLONE_CLEAR_SIGHAND", 0x100000000), ("CLONE_INTO_CGROUP", 0x200000000), ("CLONE_NEWTIME", 0x80)]);

    public static FlagNames Unshare { get; } = new("CLONE_???",
        ("CLONE_NEWTIME", 0x80), ("CLONE_VM", 0x100), ("CLONE_FS", 0x200), ("CLONE_FILES", 0x400), ("CLONE_SIGHAND", 0x800),
        ("CLONE_THREAD", 0x10000), ("CLONE_NEWNS", 0x20000), ("CLONE_SYSVSEM", 0x40000), ("CLONE_NEWCGROUP", 0x2000000), ("CLONE_NEWUTS", 0x4000000),
        ("CLONE_NEWIPC", 0x8000000), ("CLONE_NEWUSER", 0x10000000), ("CLONE_NEWPID", 0x20000000), ("CLONE_NEWNET", 0x40000000));

    public static FlagNames Namespaces { get; } = new("CLONE_NEW???",
        ("CLONE_NEWTIME", 0x80), ("CLONE_NEWNS", 0x20000), ("CLONE_NEWCGROUP", 0x2000000), ("CLONE_NEWUTS", 0x4000000), ("CLONE_NEWIPC", 0x8000000),
        ("CLONE_NEWUSER", 0x10000000), ("CLONE_NEWPID", 0x20000000), ("CLONE_NEWNET", 0x40000000));

    public static FlagNames Wait { get; } = new("W???",
        ("WNOHANG", 1), ("WEXITED", 4), ("WSTOPPED", 2), ("WCONTINUED", 8), ("WNOWAIT", 0x1000000), ("__WCLONE", 0x80000000), ("__WALL", 0x40000000),
        ("__WNOTHREAD", 0x20000000));

    public static ValueNames WaitWho { get; } = ValueNames.From(0, "P_???", "P_ALL", "P_PID", "P_PGID", "P_PIDFD");

    public static ValueNames Limits { get; } = ValueNames.From(0, "RLIMIT_???",
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK",
        "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME");

    public static ValueNames Usage { get; } =
        ValueNames.Of("RUSAGE_???", ("RUSAGE_SELF", 0), ("RUSAGE_THREAD", 1), ("RUSAGE_CHILDREN", 0xffffffff), ("RUSAGE_BOTH", 0xfffffffe));

    public static ValueNames Priorities { get; } = ValueNames.From(0, "PRIO_???", "PRIO_PROCESS", "PRIO_PGRP", "PRIO_USER");

    public static ValueNames Policies { get; } = ValueNames.From(0, "SCHED_???",
        "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE");

    public static ValueNames Futex { get; } = ValueNames.From(0, "FUTEX_???",
        "FUTEX_WAIT", "FUTEX_WAKE", "FUTEX_FD", "FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_WAKE_OP", "FUTEX_LOCK_PI", "FUTEX_UNLOCK_PI",
        "FUTEX_TRYLOCK_PI", "FUTEX_WAIT_BITSET", "FUTEX_WAKE_BITSET", "FUTEX_WAIT_REQUEUE_PI", "FUTEX_CMP_REQUEUE_PI", "FUTEX_LOCK_PI2");

    public static ValueNames FutexOperations { get; } =
        ValueNames.From(0, "FUTEX_OP_???", "FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR");

    public static ValueNames FutexComparisons { get; } = ValueNames.From(0, "FUTEX_OP_CMP_???",
        "FUTEX_OP_CMP_EQ", "FUTEX_OP_CMP_NE", "FUTEX_OP_CMP_LT", "FUTEX_OP_CMP_LE", "FUTEX_OP_CMP_GT", "FUTEX_OP_CMP_GE");

    public static ValueNames ArchitectureCodes { get; } = ValueNames.Of("ARCH_???",
        ("ARCH_SET_GS", 0x1001), ("ARCH_SET_FS", 0x1002), ("ARCH_GET_FS", 0x1003), ("ARCH_GET_GS", 0x1004), ("ARCH_GET_CPUID", 0x1011),
        ("ARCH_SET_CPUID", 0x1012), ("ARCH_GET_XCOMP_SUPP", 0x1021), ("ARCH_GET_XCOMP_PERM", 0x1022), ("ARCH_REQ_XCOMP_PERM", 0x1023),
        ("ARCH_GET_XCOMP_GUEST_PERM", 0x1024), ("ARCH_REQ_XCOMP_GUEST_PERM", 0x1025), ("ARCH_MAP_VDSO_X32", 0x2001), ("ARCH_MAP_VDSO_32", 0x2002),
        ("ARCH_MAP_VDSO_64", 0x2003));

    public static FlagNames Random { get; } = new("GRND_???", ("GRND_NONBLOCK", 1), ("GRND_RANDOM", 2), ("GRND_INSECURE", 4));

    public static FlagNames ProcessDescriptor { get; } = new("PIDFD_???", ("PIDFD_NONBLOCK", 0x800));

    public static FlagNames Barriers { get; } = new("MEMBARRIER_CMD_???",
        ("MEMBARRIER_CMD_QUERY", 0), ("MEMBARRIER_CMD_GLOBAL", 1), ("MEMBARRIER_CMD_GLOBAL_EXPEDITED", 2),
        ("MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED", 4), ("MEMBARRIER_CMD_PRIVATE_EXPEDITED", 8), ("MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED", 0x10),
        ("MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE", 0x20), ("MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE", 0x40),
        ("MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ", 0x80), ("MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ", 0x100));

    public static ValueNames BarrierCommands { get; } = ValueNames.Of("MEMBARRIER_CMD_???", [.. Barriers.Bits]);

    public static FlagNames BarrierFlags { get; } = new("MEMBARRIER_CMD_FLAG_???", ("MEMBARRIER_CMD_FLAG_CPU", 1));

    public static ValueNames Compare { get; } = ValueNames.From(0, "KCMP_???",
        "KCMP_FILE", "KCMP_VM", "KCMP_FILES", "KCMP_FS", "KCMP_SIGHAND", "KCMP_IO", "KCMP_SYSVSEM", "KCMP_EPOLL_TFD");

    public static ValueNames SystemLog { get; } = ValueNames.From(0, "SYSLOG_ACTION_???",
        "SYSLOG_ACTION_CLOSE", "SYSLOG_ACTION_OPEN", "SYSLOG_ACTION_READ", "SYSLOG_ACTION_READ_ALL", "SYSLOG_ACTION_READ_CLEAR",
        "SYSLOG_ACTION_CLEAR", "SYSLOG_ACTION_CONSOLE_OFF", "SYSLOG_ACTION_CONSOLE_ON", "SYSLOG_ACTION_CONSOLE_LEVEL", "SYSLOG_ACTION_SIZE_UNREAD",
        "SYSLOG_ACTION_SIZE_BUFFER");

    public static ValueNames LogLevels { get; } = ValueNames.From(0, "LOGLEVEL_???",
        "LOGLEVEL_EMERG", "LOGLEVEL_ALERT", "LOGLEVEL_CRIT", "LOGLEVEL_ERR", "LOGLEVEL_WARNING", "LOGLEVEL_NOTICE", "LOGLEVEL_INFO",
        "LOGLEVEL_DEBUG");

    public static ValueNames PriorityWho { get; } = ValueNames.From(1, "IOPRIO_WHO_???", "IOPRIO_WHO_PROCESS", "IOPRIO_WHO_PGRP", "IOPRIO_WHO_USER");

    public static ValueNames PriorityClass { get; } =
        ValueNames.From(0, "IOPRIO_CLASS_???", "IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE");

    public static ValueNames Seccomp { get; } = ValueNames.From(0, "SECCOMP_SET_MODE_???",
        "SECCOMP_SET_MODE_STRICT", "SECCOMP_SET_MODE_FILTER", "SECCOMP_GET_ACTION_AVAIL", "SECCOMP_GET_NOTIF_SIZES");

    public static FlagNames SeccompFlags { get; } = new("SECCOMP_FILTER_FLAG_???",
        ("SECCOMP_FILTER_FLAG_TSYNC", 1), ("SECCOMP_FILTER_FLAG_LOG", 2), ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4),
        ("SECCOMP_FILTER_FLAG_NEW_LISTENER", 8), ("SECCOMP_FILTER_FLAG_TSYNC_ESRCH", 0x10), ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0x20));

    /// <summary>The flags of clone with the signal that ends the child in their low byte.</summary>
    public static string CloneFlags(ulong value)
    {
        ulong flags = value & ~ExitSignal, signal = value & ExitSignal;
        if (signal == 0)
            return Clone.Format(flags);
        string name = SignalWords.Name((long)signal);
        return flags == 0 ? name : $"{Clone.Format(flags)}|{name}";
    }

    /// <summary>Such as <c>FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME</c>.</summary>
    public static string FutexOperation(uint value)
    {
        const uint privateFlag = 128, clockRealtime = 256;
        const uint fileDescriptor = 2;
        uint operation = value & ~(privateFlag | clockRealtime);
        if (Futex.Find(operation) is not { } name)
            return $"0x{value:x} /* FUTEX_??? */";
        if ((value & privateFlag) != 0)
            name += operation == fileDescriptor ? "|FUTEX_PRIVATE_FLAG" : "_PRIVATE";
        return (value & clockRealtime) != 0 ? name + "|FUTEX_CLOCK_REALTIME" : name;
    }
}
