using Xunit;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Each expectation is what strace 6.1 wrote for a call with the same arguments.</summary>
public sealed class ScalarArgumentTests
{
    private const ulong Ones = ulong.MaxValue;
    private const long NotImplemented = -Errno.ENOSYS;

    public static TheoryData<string, string, ulong[]> Calls() => new()
    {
        { "close", "close(3)", [3] },
        { "close", "close(-1)", [uint.MaxValue] },
        { "lseek", "lseek(1, -1, SEEK_HOLE)", [1, Ones, 4] },
        { "lseek", "lseek(0, -1, 0x4d /* SEEK_??? */)", [0, Ones, 77] },
        { "umask", "umask(022)", [18] },
        { "fchmod", "fchmod(1, 000)", [1, 0] },
        { "fchmod", "fchmod(1, 04755)", [1, 2541] },
        { "fchown", "fchown(3, 0, -1)", [3, 0, uint.MaxValue] },
        { "kill", "kill(100, SIGUSR1)", [100, 10] },
        { "kill", "kill(-1, SIGRTMIN)", [Ones, 32] },
        { "tgkill", "tgkill(1, 2, SIGRT_32)", [1, 2, 64] },
        { "kill", "kill(1, 65)", [1, 65] },
        { "mmap", "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)", [0, 4096, 3, 0x22, uint.MaxValue, 0] },
        { "mmap", "mmap(0x1, 2, PROT_NONE, 0x4 /* MAP_??? */, 5, 0x1000)", [1, 2, 0, 4, 5, 0x1000] },
        { "mmap", "mmap(NULL, 1, PROT_READ, MAP_SHARED|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, 3, 0)", [0, 1, 1, 0x40001 | (21 << 26), 3, 0] },
        { "mprotect", "mprotect(0x1000, 4096, 0x10 /* PROT_??? */)", [0x1000, 4096, 16] },
        { "mremap", "mremap(0x1000, 1, 2, MREMAP_MAYMOVE)", [0x1000, 1, 2, 1, 7] },
        { "mremap", "mremap(0x1000, 1, 2, MREMAP_MAYMOVE|MREMAP_FIXED, 0x7)", [0x1000, 1, 2, 3, 7] },
        { "msync", "msync(0x1000, 1, MS_SYNC|MS_INVALIDATE)", [0x1000, 1, 6] },
        { "madvise", "madvise(NULL, 10, MADV_DONTNEED)", [0, 10, 4] },
        { "madvise", "madvise(NULL, 10, 0xff /* MADV_??? */)", [0, 10, 255] },
        { "dup3", "dup3(1, 2, O_CLOEXEC)", [1, 2, 0x80000] },
        { "fcntl", "fcntl(3, F_SETFL, O_RDONLY|O_NONBLOCK)", [3, 4, 0x800] },
        { "fcntl", "fcntl(3, F_DUPFD_CLOEXEC, 10)", [3, 1030, 10] },
        { "fcntl", "fcntl(3, F_SETFD, FD_CLOEXEC)", [3, 2, 1] },
        { "fcntl", "fcntl(3, 0x12 /* F_??? */, 0x2)", [3, 18, 2] },
        { "ioctl", "ioctl(0, TIOCNOTTY)", [0, 0x5422, 7] },
        { "ioctl", "ioctl(0, _IOC(_IOC_NONE, 0x12, 0x34, 0), 0x7)", [0, 0x1234, 7] },
        { "ioctl", "ioctl(0, _IOC(_IOC_READ|_IOC_WRITE, 0xff, 0xff, 0x3fff), 0)", [0, uint.MaxValue, 0] },
        { "flock", "flock(1, LOCK_EX|LOCK_NB)", [1, 6] },
        { "socket", "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP)", [2, 0x80001, 0] },
        { "socket", "socket(AF_UNIX, 0x7 /* SOCK_??? */, 0)", [1, 7, 0] },
        { "socket", "socket(0x2e /* AF_??? */, SOCK_STREAM, 0)", [46, 1, 0] },
        { "clock_gettime", "clock_gettime(CLOCK_MONOTONIC_COARSE, NULL)", [6, 0] },
        { "prctl", "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)", [38, 1] },
        { "prctl", "prctl(PR_SET_PDEATHSIG, SIGTERM)", [1, 15] },
        { "arch_prctl", "arch_prctl(ARCH_SET_FS, 0x5)", [0x1002, 5] },
        { "futex", "futex(0x1000, FUTEX_WAKE_PRIVATE, 1)", [0x1000, 129, 1] },
        { "futex", "futex(0x1000, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 1, NULL, FUTEX_BITSET_MATCH_ANY)", [0x1000, 265, 1, 0, 0x3000, uint.MaxValue] },
        { "futex", "futex(0x1000, FUTEX_CMP_REQUEUE, 1, 2, 0x3, 4)", [0x1000, 4, 1, 2, 3, 4] },
        { "futex", "futex(0x1000, FUTEX_WAKE_OP, 1, 2, 0x3, FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_EQ<<24|0x4)", [0x1000, 5, 1, 2, 3, 4] },
        { "futex", "futex(0x1000, 0xe /* FUTEX_??? */, 1, 0x2, 0x3, 0x4)", [0x1000, 14, 1, 2, 3, 4] },
        { "set_tid_address", "set_tid_address(0)", [0] },
        { "rseq", "rseq(0x1, 0x20, 0, 0x53053053)", [1, 32, 0, 0x53053053] },
        { "memfd_create", "memfd_create(NULL, MFD_CLOEXEC|8<<MFD_HUGE_SHIFT)", [0, 1 | (8u << 26)] },
        { "unlinkat", "unlinkat(AT_FDCWD, NULL, AT_REMOVEDIR)", [unchecked((uint)-100), 0, 0x200] },
        { "open", "open(NULL, O_WRONLY|O_CREAT|O_TRUNC, 0644)", [0, 0x241, 420] },
        { "open", "open(NULL, O_RDONLY|O_DIRECTORY)", [0, 0x10000, 420] },
        { "open", "open(NULL, O_RDONLY|O_TMPFILE, 000)", [0, 0x410000] },
        { "mknod", "mknod(NULL, S_IFCHR|0600, makedev(0x1, 0x3))", [0, 0x2180, 0x103] },
        { "mknod", "mknod(NULL, S_IFIFO|0600)", [0, 0x1180, 0x103] },
        { "access", "access(NULL, F_OK)", [0, 0] },
        { "access", "access(NULL, R_OK|X_OK)", [0, 5] },
        { "wait4", "wait4(-1, NULL, WNOHANG|WSTOPPED|WCONTINUED, NULL)", [Ones, 0, 11, 0] },
        { "unshare", "unshare(CLONE_NEWTIME|CLONE_FS|CLONE_NEWNS)", [0x20280] },
        { "setpriority", "setpriority(PRIO_PROCESS, 0, -5)", [0, 0, unchecked((uint)-5)] },
        { "pread64", "pread64(1, NULL, 3, -1)", [1, 0, 3, Ones] },
        { "ftruncate", "ftruncate(1, 18446744073709551615)", [1, Ones] },
        { "syslog", "syslog(5 /* SYSLOG_ACTION_CLEAR */)", [5, 1, 2] },
        { "ioprio_set", "ioprio_set(IOPRIO_WHO_PROCESS, 5, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4))", [1, 5, (2 << 13) | 4] },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void Registers_are_written_as_strace_writes_them(string name, string expected, ulong[] arguments) =>
        Assert.Equal(expected + " = -1 ENOSYS (Function not implemented)", TracedCall.Line(name, NotImplemented, arguments));

    public static TheoryData<string, string, ulong[]> CompatCalls() => new()
    {
        { "_llseek", "_llseek(1, 8589934595, NULL, SEEK_SET)", [1, 2, 3, 0, 0] },
        { "mmap2", "mmap2(NULL, 8392704, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0x6000)", [0, 8392704, 0, 0x22, uint.MaxValue, 6] },
        { "pread64", "pread64(1, NULL, 3, 21474836484)", [1, 0, 3, 4, 5] },
        { "truncate64", "truncate64(NULL, 12884901890)", [0, 2, 3] },
        { "fadvise64_64", "fadvise64_64(1, 12884901890, 21474836484, POSIX_FADV_NOREUSE)", [1, 2, 3, 4, 5, 5] },
        { "fallocate", "fallocate(1, FALLOC_FL_PUNCH_HOLE, 17179869187, 25769803781)", [1, 2, 3, 4, 5, 6] },
        { "fcntl64", "fcntl64(3, F_GETFD)", [3, 1] },
        { "chown", "chown(NULL, 1, -1)", [0, 1, 0xffff] },
        { "chown32", "chown32(NULL, 65535, -1)", [0, 0xffff, uint.MaxValue] },
        { "sigsuspend", "sigsuspend([HUP INT])", [0, 0, 3] },
        { "clone", "clone(child_stack=0x2000, flags=CLONE_VM|SIGCHLD)", [0x111, 0x2000] },
    };

    [Theory]
    [MemberData(nameof(CompatCalls))]
    public void Registers_of_32_bit_calls_are_written_as_strace_writes_them(string name, string expected, ulong[] arguments) =>
        Assert.Equal(expected + " = -1 ENOSYS (Function not implemented)", TracedCall.Line(name, NotImplemented, new CallMemory(4), arguments));

    [Fact]
    public void A_call_without_a_row_shows_six_numbers() =>
        Assert.Equal("bpf(0x1, 0x2, 0, 0, 0, 0) = -1 EFAULT (Bad address)", TracedCall.Line("bpf", -Errno.EFAULT, 1, 2));

    [Fact]
    public void A_number_without_a_name_shows_itself()
    {
        SyscallInvocation call = TracedCall.Invocation(null, compat: false, 0, [1, 2, 3, 4, 5, 6]);
        Assert.Equal("syscall_0x3e7(0x1, 0x2, 0x3, 0x4, 0x5, 0x6", new SyscallFormatter(StraceOptions.Default).Enter(call, new CallMemory(8)).Text);
    }

    public static TheoryData<string, long, string, ulong[]> ResultTexts() => new()
    {
        { "brk", 0x28d6d000, "0x28d6d000", [0] },
        { "mmap", 0x7f0000000000, "0x7f0000000000", [0, 0, 0, 0, 0, 0] },
        { "read", 0, "0", [0, 0, 0] },
        { "umask", 18, "022", [0] },
        { "fcntl", 0x8000, "0x8000 (flags O_RDONLY|O_LARGEFILE)", [0, 3] },
        { "fcntl", 1, "0x1 (flags FD_CLOEXEC)", [0, 1] },
        { "fcntl", 0, "0", [0, 1] },
        { "poll", 0, "0 (Timeout)", [0, 0, 1] },
        { "sched_getscheduler", 1, "1 (SCHED_FIFO)", [0] },
        { "personality", 0x40000, "0x40000 (PER_LINUX|ADDR_NO_RANDOMIZE)", [uint.MaxValue] },
        { "getpid", -1, "-1 EPERM (Operation not permitted)", [] },
        { "pause", -512, "? ERESTARTSYS (To be restarted if SA_RESTART is set)", [] },
        { "pause", -513, "? ERESTARTNOINTR (To be restarted)", [] },
        { "pause", -514, "? ERESTARTNOHAND (To be restarted if no handler)", [] },
        { "pause", -516, "? ERESTART_RESTARTBLOCK (Interrupted by signal)", [] },
        { "getpid", -4000, "-1 (errno 4000)", [] },
        { "getpriority", 20, "20", [0, 0] },
        { "prctl", 1, "1 (SUID_DUMP_USER)", [3] },
    };

    [Theory]
    [MemberData(nameof(ResultTexts))]
    public void Results_are_written_as_strace_writes_them(string name, long result, string expected, ulong[] arguments) =>
        Assert.EndsWith($") = {expected}", TracedCall.Line(name, result, arguments), StringComparison.Ordinal);
}
