namespace SyscallExplorer.Linux;

/// <summary>How a handler takes its arguments and who does its work.</summary>
/// <param name="Name">Its name behind <c>sys_</c>, as the body's symbol has it.</param>
/// <param name="Arguments">How many of the registers it reads.</param>
/// <param name="Entry64">The entry in the 64-bit table that it serves, or null.</param>
/// <param name="Entry32">The entry in the 32-bit table that it serves, or null.</param>
/// <param name="Body">Guest code for the body; null means that the host does it.</param>
internal sealed record SyscallHandler(string Name, int Arguments, string? Entry64, string? Entry32, Action<KernelAssembler>? Body)
{
    public string BodySymbol => $"__do_sys_{Name}";

    public string Symbol64 => $"__x64_sys_{Name}";

    public string Symbol32 => $"__ia32_sys_{Name}";

    public bool IsHosted => Body is null;
}

/// <summary>
/// The handlers of this kernel: those that people measure are guest code, the others end in a hypercall. Entries are the names that the
/// kernel's own tables use.
/// </summary>
internal static class HandlerTable
{
    public static IReadOnlyList<SyscallHandler> Linux_5_13 { get; } =
    [
        new("getpid", 0, "sys_getpid", "sys_getpid", IdentityHandlers.GetPid),
        new("getppid", 0, "sys_getppid", "sys_getppid", IdentityHandlers.GetPpid),
        new("gettid", 0, "sys_gettid", "sys_gettid", IdentityHandlers.GetTid),
        new("getuid", 0, "sys_getuid", "sys_getuid", IdentityHandlers.GetUid),
        new("getgid", 0, "sys_getgid", "sys_getgid", IdentityHandlers.GetGid),
        new("geteuid", 0, "sys_geteuid", "sys_geteuid", IdentityHandlers.GetEuid),
        new("getegid", 0, "sys_getegid", "sys_getegid", IdentityHandlers.GetEgid),
        new("getuid16", 0, null, "sys_getuid16", IdentityHandlers.GetUid16),
        new("getgid16", 0, null, "sys_getgid16", IdentityHandlers.GetGid16),
        new("geteuid16", 0, null, "sys_geteuid16", IdentityHandlers.GetEuid16),
        new("getegid16", 0, null, "sys_getegid16", IdentityHandlers.GetEgid16),
        new("time", 1, "sys_time", null, TimeHandlers.Time),
        new("time32", 1, null, "sys_time32", TimeHandlers.Time32),
        new("gettimeofday", 2, "sys_gettimeofday", null, TimeHandlers.GetTimeOfDay),
        new("gettimeofday32", 2, null, "sys_gettimeofday", TimeHandlers.GetTimeOfDay32),
        new("clock_gettime", 2, "sys_clock_gettime", "sys_clock_gettime", TimeHandlers.ClockGetTime),
        new("clock_gettime32", 2, null, "sys_clock_gettime32", TimeHandlers.ClockGetTime32),
        new("read", 3, "sys_read", "sys_read", FileHandlers.Read),
        new("write", 3, "sys_write", "sys_write", FileHandlers.Write),
        new("hosted_read", 3, null, null, null),
        new("hosted_write", 3, null, null, null),
        new("cpu_clock", 0, null, null, null),
        new("fork", 0, "sys_fork", "sys_fork", CloneHandlers.Fork),
        new("vfork", 0, "sys_vfork", "sys_vfork", CloneHandlers.Vfork),
        new("clone", 5, "sys_clone", "sys_ia32_clone", CloneHandlers.Clone),
        new("clone3", 2, "sys_clone3", "sys_clone3", CloneHandlers.Clone3),
        new("execve", 3, "sys_execve", "sys_execve", CloneHandlers.Execve),
        new("execveat", 5, "sys_execveat", "sys_execveat", CloneHandlers.ExecveAt),
        new("hosted_fork", 0, null, null, null),
        new("hosted_vfork", 0, null, null, null),
        new("hosted_clone", 5, null, null, null),
        new("hosted_clone3", 2, null, null, null),
        new("hosted_execve", 3, null, null, null),
        new("hosted_execveat", 5, null, null, null),
        new("wait4", 4, "sys_wait4", "sys_wait4", null),
        new("waitpid", 3, null, "sys_waitpid", null),
        new("waitid", 5, "sys_waitid", "sys_waitid", null),
        new("sched_setaffinity", 3, "sys_sched_setaffinity", "sys_sched_setaffinity", null),
        new("sched_getscheduler", 1, "sys_sched_getscheduler", "sys_sched_getscheduler", null),
        new("sched_setscheduler", 3, "sys_sched_setscheduler", "sys_sched_setscheduler", null),
        new("sched_getparam", 2, "sys_sched_getparam", "sys_sched_getparam", null),
        new("sched_setparam", 2, "sys_sched_setparam", "sys_sched_setparam", null),
        new("sched_get_priority_max", 1, "sys_sched_get_priority_max", "sys_sched_get_priority_max", null),
        new("sched_get_priority_min", 1, "sys_sched_get_priority_min", "sys_sched_get_priority_min", null),
        new("sched_rr_get_interval", 2, "sys_sched_rr_get_interval", "sys_sched_rr_get_interval", null),
        new("sched_rr_get_interval_time32", 2, null, "sys_sched_rr_get_interval_time32", null),
        new("getpriority", 2, "sys_getpriority", "sys_getpriority", null),
        new("setpriority", 3, "sys_setpriority", "sys_setpriority", null),
        new("nice", 1, null, "sys_nice", null),
        new("open", 3, "sys_open", "sys_open", null),
        new("openat", 4, "sys_openat", "sys_openat", null),
        new("creat", 2, "sys_creat", "sys_creat", null),
        new("close", 1, "sys_close", "sys_close", null),
        new("readv", 3, "sys_readv", "sys_readv", null),
        new("writev", 3, "sys_writev", "sys_writev", null),
        new("lseek", 3, "sys_lseek", "sys_lseek", null),
        new("dup", 1, "sys_dup", "sys_dup", null),
        new("dup2", 2, "sys_dup2", "sys_dup2", null),
        new("dup3", 3, "sys_dup3", "sys_dup3", null),
        new("fcntl", 3, "sys_fcntl", "sys_fcntl64", null),
        new("ioctl", 3, "sys_ioctl", "sys_ioctl", null),
        new("ftruncate", 2, "sys_ftruncate", "sys_ftruncate", null),
        new("fsync", 1, "sys_fsync", "sys_fsync", null),
        new("newstat", 2, "sys_newstat", "sys_newstat", null),
        new("newlstat", 2, "sys_newlstat", "sys_newlstat", null),
        new("newfstat", 2, "sys_newfstat", "sys_newfstat", null),
        new("statx", 5, "sys_statx", "sys_statx", null),
        new("access", 2, "sys_access", "sys_access", null),
        new("faccessat", 3, "sys_faccessat", "sys_faccessat", null),
        new("faccessat2", 4, "sys_faccessat2", "sys_faccessat2", null),
        new("readlink", 3, "sys_readlink", "sys_readlink", null),
        new("readlinkat", 4, "sys_readlinkat", "sys_readlinkat", null),
        new("getcwd", 2, "sys_getcwd", "sys_getcwd", null),
        new("sendfile64", 4, "sys_sendfile64", "sys_sendfile64", null),
        new("openat2", 4, "sys_openat2", "sys_openat2", null),
        new("close_range", 3, "sys_close_range", "sys_close_range", null),
        new("preadv", 5, "sys_preadv", "sys_preadv", null),
        new("pwritev", 5, "sys_pwritev", "sys_pwritev", null),
        new("preadv2", 6, "sys_preadv2", "sys_preadv2", null),
        new("pwritev2", 6, "sys_pwritev2", "sys_pwritev2", null),
        new("copy_file_range", 6, "sys_copy_file_range", "sys_copy_file_range", null),
        new("fallocate", 4, "sys_fallocate", null, null),
        new("ia32_fallocate", 6, null, "sys_ia32_fallocate", null),
        new("fdatasync", 1, "sys_fdatasync", "sys_fdatasync", null),
        new("readahead", 3, "sys_readahead", null, null),
        new("ia32_readahead", 4, null, "sys_ia32_readahead", null),
        new("flock", 2, "sys_flock", "sys_flock", null),
        new("stat", 2, null, "sys_stat", null),
        new("lstat", 2, null, "sys_lstat", null),
        new("fstat", 2, null, "sys_fstat", null),
        new("mkdir", 2, "sys_mkdir", "sys_mkdir", null),
        new("mkdirat", 3, "sys_mkdirat", "sys_mkdirat", null),
        new("mknod", 3, "sys_mknod", "sys_mknod", null),
        new("mknodat", 4, "sys_mknodat", "sys_mknodat", null),
        new("symlink", 2, "sys_symlink", "sys_symlink", null),
        new("symlinkat", 3, "sys_symlinkat", "sys_symlinkat", null),
        new("link", 2, "sys_link", "sys_link", null),
        new("linkat", 5, "sys_linkat", "sys_linkat", null),
        new("unlink", 1, "sys_unlink", "sys_unlink", null),
        new("unlinkat", 3, "sys_unlinkat", "sys_unlinkat", null),
        new("rmdir", 1, "sys_rmdir", "sys_rmdir", null),
        new("rename", 2, "sys_rename", "sys_rename", null),
        new("renameat", 4, "sys_renameat", "sys_renameat", null),
        new("renameat2", 5, "sys_renameat2", "sys_renameat2", null),
        new("getdents", 3, "sys_getdents", "sys_getdents", null),
        new("getdents64", 3, "sys_getdents64", "sys_getdents64", null),
        new("old_readdir", 3, null, "sys_old_readdir", null),
        new("chdir", 1, "sys_chdir", "sys_chdir", null),
        new("fchdir", 1, "sys_fchdir", "sys_fchdir", null),
        new("chroot", 1, "sys_chroot", "sys_chroot", null),
        new("newuname", 1, "sys_newuname", "sys_newuname", null),
        new("exit", 1, "sys_exit", "sys_exit", null),
        new("exit_group", 1, "sys_exit_group", "sys_exit_group", null),
        new("setuid", 1, "sys_setuid", "sys_setuid", null),
        new("setgid", 1, "sys_setgid", "sys_setgid", null),
        new("setuid16", 1, null, "sys_setuid16", null),
        new("setgid16", 1, null, "sys_setgid16", null),
        new("getresuid", 3, "sys_getresuid", "sys_getresuid", null),
        new("getresgid", 3, "sys_getresgid", "sys_getresgid", null),
        new("getpgrp", 0, "sys_getpgrp", "sys_getpgrp", null),
        new("getpgid", 1, "sys_getpgid", "sys_getpgid", null),
        new("setpgid", 2, "sys_setpgid", "sys_setpgid", null),
        new("setsid", 0, "sys_setsid", "sys_setsid", null),
        new("getsid", 1, "sys_getsid", "sys_getsid", null),
        new("getgroups", 2, "sys_getgroups", "sys_getgroups", null),
        new("umask", 1, "sys_umask", "sys_umask", null),
        new("prctl", 5, "sys_prctl", "sys_prctl", null),
        new("sched_getaffinity", 3, "sys_sched_getaffinity", "sys_sched_getaffinity", null),
        new("getcpu", 3, "sys_getcpu", "sys_getcpu", null),
        new("sysinfo", 1, "sys_sysinfo", "sys_sysinfo", null),
        new("getrandom", 3, "sys_getrandom", "sys_getrandom", null),
        new("getrlimit", 2, "sys_getrlimit", "sys_getrlimit", null),
        new("setrlimit", 2, "sys_setrlimit", "sys_setrlimit", null),
        new("prlimit64", 4, "sys_prlimit64", "sys_prlimit64", null),
        new("getrusage", 2, "sys_getrusage", "sys_getrusage", null),
        new("times", 1, "sys_times", "sys_times", null),
        new("clock_getres", 2, "sys_clock_getres", "sys_clock_getres", null),
        new("brk", 1, "sys_brk", "sys_brk", null),
        new("munmap", 2, "sys_munmap", "sys_munmap", null),
        new("mprotect", 3, "sys_mprotect", "sys_mprotect", null),
        new("mremap", 5, "sys_mremap", "sys_mremap", null),
        new("personality", 1, "sys_personality", "sys_personality", null),
        new("msync", 3, "sys_msync", "sys_msync", null),
        new("mincore", 3, "sys_mincore", "sys_mincore", null),
        new("mlock", 2, "sys_mlock", "sys_mlock", null),
        new("munlock", 2, "sys_munlock", "sys_munlock", null),
        new("mlockall", 1, "sys_mlockall", "sys_mlockall", null),
        new("munlockall", 0, "sys_munlockall", "sys_munlockall", null),
        new("madvise", 3, "sys_madvise", "sys_madvise", null),
        new("arch_prctl", 2, "sys_arch_prctl", "sys_arch_prctl", null),
        new("set_tid_address", 1, "sys_set_tid_address", "sys_set_tid_address", null),
        new("set_robust_list", 2, "sys_set_robust_list", "sys_set_robust_list", null),
        new("get_robust_list", 3, "sys_get_robust_list", "sys_get_robust_list", null),
        new("rseq", 4, "sys_rseq", "sys_rseq", null),
        new("rt_sigaction", 4, "sys_rt_sigaction", "sys_rt_sigaction", null),
        new("rt_sigprocmask", 4, "sys_rt_sigprocmask", "sys_rt_sigprocmask", null),
        new("rt_sigpending", 2, "sys_rt_sigpending", "sys_rt_sigpending", null),
        new("rt_sigreturn", 0, "sys_rt_sigreturn", "sys_rt_sigreturn", SignalReturnCalls.RtSigreturn),
        new("sigreturn", 0, null, "sys_sigreturn", SignalReturnCalls.Sigreturn),
        new("hosted_rt_sigreturn", 0, null, null, null),
        new("hosted_sigreturn", 0, null, null, null),
        new("rt_sigsuspend", 2, "sys_rt_sigsuspend", "sys_rt_sigsuspend", null),
        new("rt_sigtimedwait", 4, "sys_rt_sigtimedwait", "sys_rt_sigtimedwait_time64", null),
        new("rt_sigtimedwait_time32", 4, null, "sys_rt_sigtimedwait_time32", null),
        new("rt_sigqueueinfo", 3, "sys_rt_sigqueueinfo", "sys_rt_sigqueueinfo", null),
        new("rt_tgsigqueueinfo", 4, "sys_rt_tgsigqueueinfo", "sys_rt_tgsigqueueinfo", null),
        new("pause", 0, "sys_pause", "sys_pause", null),
        new("restart_syscall", 0, "sys_restart_syscall", "sys_restart_syscall", null),
        new("signalfd", 3, "sys_signalfd", "sys_signalfd", null),
        new("signalfd4", 4, "sys_signalfd4", "sys_signalfd4", null),
        new("sigaction", 3, null, "sys_sigaction", null),
        new("sigpending", 1, null, "sys_sigpending", null),
        new("sigsuspend", 3, null, "sys_sigsuspend", null),
        new("signal", 2, null, "sys_signal", null),
        new("sgetmask", 0, null, "sys_sgetmask", null),
        new("ssetmask", 1, null, "sys_ssetmask", null),
        new("sigaltstack", 2, "sys_sigaltstack", "sys_sigaltstack", null),
        new("kill", 2, "sys_kill", "sys_kill", null),
        new("tkill", 2, "sys_tkill", "sys_tkill", null),
        new("tgkill", 3, "sys_tgkill", "sys_tgkill", null),
        new("clock_nanosleep", 4, "sys_clock_nanosleep", "sys_clock_nanosleep", null),
        new("futex", 6, "sys_futex", "sys_futex", null),
        new("poll", 3, "sys_poll", "sys_poll", null),
        new("ppoll", 5, "sys_ppoll", null, null),
        new("sched_yield", 0, "sys_sched_yield", "sys_sched_yield", null),
        new("mmap", 6, "sys_mmap", null, null),
        new("pread64", 4, "sys_pread64", null, null),
        new("pwrite64", 4, "sys_pwrite64", null, null),
        new("newfstatat", 4, "sys_newfstatat", null, null),
        new("fadvise64", 4, "sys_fadvise64", null, null),
        new("nanosleep", 2, "sys_nanosleep", null, null),
        new("mmap_pgoff", 6, null, "sys_mmap_pgoff", null),
        new("ia32_pread64", 5, null, "sys_ia32_pread64", null),
        new("ia32_pwrite64", 5, null, "sys_ia32_pwrite64", null),
        new("ia32_ftruncate64", 3, null, "sys_ia32_ftruncate64", null),
        new("ia32_fadvise64", 5, null, "sys_ia32_fadvise64", null),
        new("ia32_fadvise64_64", 6, null, "sys_ia32_fadvise64_64", null),
        new("sendfile", 4, null, "sys_sendfile", null),
        new("llseek", 5, null, "sys_llseek", null),
        new("set_thread_area", 1, null, "sys_set_thread_area", null),
        new("get_thread_area", 1, null, "sys_get_thread_area", null),
        new("sigprocmask", 3, null, "sys_sigprocmask", null),
        new("nanosleep_time32", 2, null, "sys_nanosleep_time32", null),
        new("clock_nanosleep_time32", 4, null, "sys_clock_nanosleep_time32", null),
        new("futex_time32", 6, null, "sys_futex_time32", null),
        new("ppoll_time64", 5, null, "sys_ppoll_time64", null),
        new("ppoll_time32", 5, null, "sys_ppoll_time32", null),
        new("clock_getres_time32", 2, null, "sys_clock_getres_time32", null),
        new("old_getrlimit", 2, null, "sys_old_getrlimit", null),
        new("ia32_stat64", 2, null, "sys_ia32_stat64", null),
        new("ia32_lstat64", 2, null, "sys_ia32_lstat64", null),
        new("ia32_fstat64", 2, null, "sys_ia32_fstat64", null),
        new("ia32_fstatat64", 4, null, "sys_ia32_fstatat64", null),
        new("old_mmap", 1, null, "compat_sys_ia32_mmap", null),
    ];

    /// <summary>The number of a hosted handler's hypercall.</summary>
    public static int HypercallOf(SyscallHandler handler) => HypercallNumbers.FirstHandler + IndexOf(handler);

    /// <summary>The number of the hypercall of a hosted handler's name.</summary>
    public static int HypercallOf(string name) => HypercallOf(Linux_5_13.First(handler => handler.Name == name));

    /// <summary>The hosted handler of a hypercall's number.</summary>
    public static SyscallHandler? OfHypercall(int number)
    {
        int index = (number & ~HypercallNumbers.Compat) - HypercallNumbers.FirstHandler;
        return index >= 0 && index < Linux_5_13.Count && Linux_5_13[index].IsHosted ? Linux_5_13[index] : null;
    }

    private static int IndexOf(SyscallHandler handler)
    {
        for (int i = 0; i < Linux_5_13.Count; i++)
        {
            if (ReferenceEquals(Linux_5_13[i], handler))
                return i;
        }

        throw new ArgumentException($"The handler {handler.Name} is not in the table.", nameof(handler));
    }
}
