using System.Buffers.Binary;
using System.Text;
using Xunit;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Each expectation is what strace 6.1 wrote for a call with the same memory.</summary>
public sealed class MemoryArgumentTests
{
    private readonly CallMemory _memory = new(8);

    private string Line(string name, long result, params ulong[] arguments) => TracedCall.Line(name, result, _memory, arguments);

    [Theory]
    [InlineData("hello\n\0\u0001\u00022\u00ff", "\"hello\\n\\0\\1\\0022\\377\"")]
    [InlineData("\"\\\t\r\v\f\u001b~\u007f", "\"\\\"\\\\\\t\\r\\v\\f\\33~\\177\"")]
    [InlineData("\u00018\u00017", "\"\\18\\0017\"")]
    [InlineData("12345678901234567890123456789012", "\"12345678901234567890123456789012\"")]
    [InlineData("123456789012345678901234567890123", "\"12345678901234567890123456789012\"...")]
    [InlineData("", "\"\"")]
    public void A_buffer_is_escaped_and_cut(string bytes, string expected) =>
        Assert.Equal($"write(1, {expected}, {bytes.Length}) = 0", Line("write", 0, 1, _memory.Put(Encoding.Latin1.GetBytes(bytes)), (ulong)bytes.Length));

    [Fact]
    public void A_limit_of_strings_can_be_chosen()
    {
        var formatter = new SyscallFormatter(StraceOptions.Default with { StringLimit = 3 });
        SyscallInvocation call = TracedCall.Invocation("write", compat: false, 0, [1, _memory.Text("abcdef"), 6]);
        Assert.Equal("write(1, \"abc\"..., 6", formatter.Enter(call, _memory).Text);
    }

    [Fact]
    public void A_path_is_shown_whole()
    {
        string path = new('p', 300);
        Assert.Equal($"chdir(\"{path}\") = 0", Line("chdir", 0, _memory.Text(path)));
    }

    [Fact]
    public void What_cannot_be_read_is_an_address() => Assert.Equal("chdir(0xdead) = -1 EFAULT (Bad address)", Line("chdir", -Errno.EFAULT, 0xdead));

    [Fact]
    public void A_read_shows_the_bytes_that_it_brought()
    {
        ulong buffer = _memory.Put(new byte[16]);
        string line = TracedCall.Line("read", 5, _memory, [3, buffer, 16], () => _memory.Write(buffer, "after"u8.ToArray()));
        Assert.Equal("read(3, \"after\", 16) = 5", line);
    }

    [Fact]
    public void A_write_shows_the_bytes_from_before()
    {
        ulong buffer = _memory.Text("before");
        string line = TracedCall.Line("write", 6, _memory, [3, buffer, 6], () => _memory.Write(buffer, "later!"u8.ToArray()));
        Assert.Equal("write(3, \"before\", 6) = 6", line);
    }

    [Fact]
    public void A_failed_read_shows_the_buffers_address() => Assert.Equal(
        "read(3, 0x10000, 16) = -1 EAGAIN (Resource temporarily unavailable)", Line("read", -Errno.EAGAIN, 3, _memory.Put(new byte[16]), 16));

    [Fact]
    public void Random_bytes_are_hexadecimal() =>
        Assert.Equal("getrandom(\"\\xd2\\x00\\x41\", 3, GRND_NONBLOCK) = 3", Line("getrandom", 3, _memory.Put(0xd2, 0, 0x41), 3, 1));

    [Fact]
    public void Vectors_show_their_buffers()
    {
        ulong vector = _memory.Words(_memory.Text("abc"), 3, _memory.Text(new string('d', 46)), 46, 0, 0);
        Assert.Equal(
            "writev(4, [{iov_base=\"abc\", iov_len=3}, {iov_base=\"dddddddddddddddddddddddddddddddd\"..., iov_len=46}, {iov_base=NULL, iov_len=0}], 3) = 49",
            Line("writev", 49, 4, vector, 3));
    }

    [Fact]
    public void A_vector_that_is_read_into_is_filled_as_far_as_the_result_says()
    {
        ulong vector = _memory.Words(_memory.Text("abc"), 2, _memory.Text("def"), 3);
        Assert.Equal("readv(4, [{iov_base=\"ab\", iov_len=2}, {iov_base=\"d\", iov_len=3}], 2) = 3", Line("readv", 3, 4, vector, 2));
    }

    [Fact]
    public void A_status_is_abbreviated()
    {
        var status = new byte[144];
        BinaryPrimitives.WriteUInt32LittleEndian(status.AsSpan(24), 0x81a4);
        BinaryPrimitives.WriteUInt64LittleEndian(status.AsSpan(48), 1221);
        Assert.Equal("fstat(3, {st_mode=S_IFREG|0644, st_size=1221, ...}) = 0", Line("fstat", 0, 3, _memory.Put(status)));
        BinaryPrimitives.WriteUInt32LittleEndian(status.AsSpan(24), 0x21b6);
        BinaryPrimitives.WriteUInt64LittleEndian(status.AsSpan(40), 0x103);
        Assert.Equal("fstat(3, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0", Line("fstat", 0, 3, _memory.Put(status)));
        BinaryPrimitives.WriteUInt32LittleEndian(status.AsSpan(24), 0x43ff);
        Assert.Equal("fstat(3, {st_mode=S_IFDIR|S_ISVTX|0777, st_size=1221, ...}) = 0", Line("fstat", 0, 3, _memory.Put(status)));
    }

    [Fact]
    public void Two_descriptors_are_a_pair() => Assert.Equal("pipe2([3, 4], O_CLOEXEC) = 0", Line("pipe2", 0, _memory.Ints(3, 4), 0x80000));

    [Theory]
    [InlineData(0x300, "WIFEXITED(s) && WEXITSTATUS(s) == 3")]
    [InlineData(9, "WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL")]
    [InlineData(0x8b, "WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)")]
    [InlineData(0x137f, "WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP")]
    [InlineData(0xffff, "WIFCONTINUED(s)")]
    public void A_childs_end_is_told_in_the_words_of_its_macros(int status, string expected) =>
        Assert.Equal($"wait4(-1, [{{{expected}}}], 0, NULL) = 7", Line("wait4", 7, ulong.MaxValue, _memory.Ints(status), 0, 0));

    [Fact]
    public void A_wait_without_a_child_shows_the_address() => Assert.Equal("wait4(-1, 0x10000, WNOHANG, NULL) = 0", Line("wait4", 0, ulong.MaxValue, _memory.Ints(5), 1, 0));

    [Fact]
    public void An_action_shows_its_restorer_where_it_has_one()
    {
        ulong action = _memory.Words(0x401665, 0x14000000, 0x409110, 1ul << 1 | 1ul << 39);
        Assert.Equal(
            "rt_sigaction(SIGALRM, {sa_handler=0x401665, sa_mask=[INT RT_8], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x409110}, "
            + "{sa_handler=SIG_IGN, sa_mask=[], sa_flags=SA_SIGINFO}, 8) = 0",
            Line("rt_sigaction", 0, 14, action, _memory.Words(1, 4, 0, 0), 8));
    }

    [Theory]
    [InlineData(0ul, "[]")]
    [InlineData(ulong.MaxValue, "~[]")]
    [InlineData(~(1ul << 31 | 1ul << 32), "~[RTMIN RT_1]")]
    [InlineData(1ul << 5, "[ABRT]")]
    public void A_set_names_what_is_in_it_or_what_is_not(ulong mask, string expected) =>
        Assert.Equal($"rt_sigprocmask(SIG_BLOCK, {expected}, NULL, 8) = 0", Line("rt_sigprocmask", 0, 0, _memory.Words(mask), 0, 8));

    [Fact]
    public void The_end_of_a_handler_shows_the_mask_in_its_frame()
    {
        var frame = new byte[320];
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(296), 1 << 9);
        Assert.Equal("rt_sigreturn({mask=[USR1]}) = 0", TracedCall.Line("rt_sigreturn", 0, _memory, [], null, _memory.Put(frame)));
    }

    [Fact]
    public void Polled_descriptors_show_what_was_found()
    {
        ulong polled = _memory.Put(3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 12, 0, 4, 0, 255, 255, 255, 255, 1, 0, 1, 0);
        Assert.Equal(
            "poll([{fd=3, events=POLLIN}, {fd=4, events=POLLOUT|POLLERR}, {fd=-1}], 3, 0) = 1 ([{fd=4, revents=POLLOUT}])", Line("poll", 1, polled, 3, 0));
    }

    [Fact]
    public void Selected_descriptors_show_what_was_found_and_the_time_that_is_left()
    {
        ulong read = _memory.Words(0x18), written = _memory.Words(0), time = _memory.Words(0, 1000);
        string line = TracedCall.Line("select", 1, _memory, [5, read, written, 0, time], () =>
        {
            _memory.Write(read, 0x10);
            _memory.Write(time, new byte[16]);
        });
        Assert.Equal("select(5, [3 4], [], NULL, {tv_sec=0, tv_usec=1000}) = 1 (in [4], left {tv_sec=0, tv_usec=0})", line);
    }

    [Fact]
    public void Events_show_their_data_twice()
    {
        ulong item = _memory.Put(1, 0, 0, 0x80, 3, 0, 0, 0, 1, 0, 0, 0);
        Assert.Equal("epoll_ctl(6, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, data={u32=3, u64=4294967299}}) = 0", Line("epoll_ctl", 0, 6, 1, 3, item));
        Assert.Equal("epoll_wait(6, [], 1, 0) = 0", Line("epoll_wait", 0, 6, item, 1, 0));
        Assert.Equal("epoll_wait(6, [{events=EPOLLIN|EPOLLET, data={u32=3, u64=4294967299}}], 1, 0) = 1", Line("epoll_wait", 1, 6, item, 1, 0));
    }

    [Fact]
    public void A_program_shows_its_arguments_and_counts_its_environment()
    {
        ulong arguments = _memory.Words(_memory.Text("./a64"), _memory.Text("x"), 0);
        Assert.Equal("execve(\"./a64\", [\"./a64\", \"x\"], 0x14000 /* 2 vars */) = 0",
            Line("execve", 0, _memory.Text("./a64"), arguments, _memory.Words(1, 2, 0)));
        Assert.Equal("execve(NULL, NULL, 0x15000 /* 1 var */) = 0", Line("execve", 0, 0, 0, _memory.Words(1, 0)));
    }

    [Fact]
    public void Limits_are_multiples_of_1024_where_they_can_be() => Assert.Equal(
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0", Line("prlimit64", 0, 0, 3, 0, _memory.Words(8 << 20, ulong.MaxValue)));

    [Fact]
    public void A_clone_shows_what_its_flags_make_count()
    {
        Assert.Equal("clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x5db8650) = 7",
            Line("clone", 7, 0x1200011, 0, 0, 0x5db8650, 0));
        Assert.Equal("clone(child_stack=0x9000, flags=CLONE_VM|CLONE_SETTLS|CLONE_PARENT_SETTID, parent_tid=[7], tls=0x5) = 7",
            Line("clone", 7, 0x180100, 0x9000, _memory.Ints(7), 1, 5));
    }

    [Fact]
    public void A_clone3_shows_at_exit_what_it_brought()
    {
        ulong parent = _memory.Ints(0);
        ulong arguments = _memory.Words(0x300100, 0, 0x5000, parent, 0, 0x8000, 0x1000, 0, 0, 0, 0);
        string line = TracedCall.Line("clone3", 7, _memory, [arguments, 88], () => _memory.WriteInt(parent, 7));
        Assert.Equal("clone3({flags=CLONE_VM|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, child_tid=0x5000, parent_tid=0x10000, exit_signal=0, stack=0x8000, "
            + "stack_size=0x1000} => {parent_tid=[7]}, 88) = 7", line);
    }

    [Fact]
    public void Times_are_seconds_and_parts() => Assert.Equal(
        "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=10000000}, 0x11000) = 0",
        Line("clock_nanosleep", 0, 0, 0, _memory.Words(0, 10_000_000), _memory.Words(0, 0)));

    [Fact]
    public void An_interrupted_sleep_shows_what_is_left() => Assert.Equal(
        "nanosleep({tv_sec=1, tv_nsec=0}, {tv_sec=0, tv_nsec=5}) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)",
        Line("nanosleep", -516, _memory.Words(1, 0), _memory.Words(0, 5)));

    [Fact]
    public void Times_of_files_are_dated() => Assert.Equal(
        "utimensat(AT_FDCWD, NULL, [{tv_sec=1, tv_nsec=5} /* 1970-01-01T00:00:01.000000005+0000 */, UTIME_NOW], 0) = 0",
        Line("utimensat", 0, unchecked((uint)-100), 0, _memory.Words(1, 5, 0, 0x3fffffff), 0));

    [Theory]
    [InlineData(951782399L, "2000-02-28T23:59:59")]
    [InlineData(951782400L, "2000-02-29T00:00:00")]
    [InlineData(-1L, "1969-12-31T23:59:59")]
    [InlineData(550528181090L, "19415-07-18T22:44:50")]
    public void Dates_go_beyond_the_years_of_a_clock(long seconds, string expected) =>
        Assert.Equal($"time([{seconds} /* {expected}+0000 */]) = 0", Line("time", 0, _memory.Words((ulong)seconds)));

    [Fact]
    public void Addresses_of_sockets_are_written_by_their_family()
    {
        ulong unix = _memory.Put([1, 0, .. "/tmp/x\0"u8]);
        Assert.Equal("connect(3, {sa_family=AF_UNIX, sun_path=\"/tmp/x\"}, 9) = 0", Line("connect", 0, 3, unix, 9));
        ulong hidden = _memory.Put([1, 0, 0, .. "x"u8]);
        Assert.Equal("bind(3, {sa_family=AF_UNIX, sun_path=@\"x\"}, 4) = 0", Line("bind", 0, 3, hidden, 4));
        ulong internet = _memory.Put(2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
        Assert.Equal("connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0", Line("connect", 0, 3, internet, 16));
        Assert.Equal("accept(3, {sa_family=AF_UNIX, sun_path=@\"x\"}, [110 => 4]) = 4",
            TracedCall.Line("accept", 4, _memory, [3, hidden, _memory.Ints(110)], () => _memory.WriteInt(0x13000, 4)));
        Assert.Equal("accept(3, NULL, NULL) = 4", Line("accept", 4, 3, 0, 0));
    }

    [Fact]
    public void Messages_show_the_descriptors_that_they_carry()
    {
        ulong vector = _memory.Words(_memory.Text("ab"), 2);
        ulong control = _memory.Put(20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0);
        ulong message = _memory.Words(0, 0, vector, 1, control, 24, 0);
        const string Body = "{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"ab\", iov_len=2}], msg_iovlen=1, "
            + "msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5]}], msg_controllen=24, msg_flags=0}";
        Assert.Equal($"sendmsg(3, {Body}, 0) = 2", Line("sendmsg", 2, 3, message, 0));
        Assert.Equal($"recvmsg(3, {Body}, 0) = 2", Line("recvmsg", 2, 3, message, 0));
        Assert.Equal("recvmsg(3, {msg_namelen=0}, 0) = -1 EAGAIN (Resource temporarily unavailable)", Line("recvmsg", -Errno.EAGAIN, 3, message, 0));
    }

    [Fact]
    public void Several_messages_tell_how_much_of_each_was_moved()
    {
        ulong vector = _memory.Words(_memory.Text("ab"), 2);
        ulong messages = _memory.Words(0, 0, vector, 1, 0, 0, 0, 1, 0, 0, vector, 1, 0, 0, 0, 1);
        static string Header(string text) =>
            $"{{msg_hdr={{msg_name=NULL, msg_namelen=0, msg_iov=[{{iov_base=\"{text}\", iov_len=2}}], msg_iovlen=1, msg_controllen=0, msg_flags=0}}";
        Assert.Equal($"sendmmsg(3, [{Header("ab")}, msg_len=1}}, {Header("ab")}}}], 2, MSG_DONTWAIT) = 1", Line("sendmmsg", 1, 3, messages, 2, 0x40));
        Assert.Equal($"sendmmsg(3, [{Header("ab")}}}], 1, 0) = -1 EBADF (Bad file descriptor)", Line("sendmmsg", -Errno.EBADF, 3, messages, 1, 0));
        Assert.Equal($"recvmmsg(3, [{Header("a")}, msg_len=1}}], 2, MSG_WAITFORONE, NULL) = 1", Line("recvmmsg", 1, 3, messages, 2, 0x10000, 0));
        ulong time = _memory.Words(1, 0);
        string line = TracedCall.Line("recvmmsg", 1, _memory, [3, messages, 2, 0, time], () => _memory.Write(time, 0));
        Assert.Equal($"recvmmsg(3, [{Header("a")}, msg_len=1}}], 2, 0, {{tv_sec=1, tv_nsec=0}}) = 1 (left {{tv_sec=0, tv_nsec=0}})", line);
        Assert.Equal("recvmmsg(3, 0x11000, 2, 0, NULL) = -1 EAGAIN (Resource temporarily unavailable)", Line("recvmmsg", -Errno.EAGAIN, 3, 0x11000, 2, 0, 0));
    }

    [Fact]
    public void A_terminal_shows_its_modes()
    {
        ulong modes = _memory.Ints(0x4500, 5, 0xbf, 0x8a3b);
        Assert.Equal("ioctl(0, TCGETS, {c_iflag=ICRNL|IXON|IUTF8, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR, c_cflag=B38400|CS8|CREAD, "
            + "c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE, ...}) = 0", Line("ioctl", 0, 0, 0x5401, modes));
        Assert.Equal("ioctl(0, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0", Line("ioctl", 0, 0, 0x5413, _memory.Put(24, 0, 80, 0, 0, 0, 0, 0)));
    }

    [Fact]
    public void Entries_of_a_directory_are_counted()
    {
        var entries = new byte[48];
        entries[16] = entries[16 + 24] = 24;
        Assert.Equal("getdents64(9, 0x10000 /* 2 entries */, 100) = 48", Line("getdents64", 48, 9, _memory.Put(entries), 100));
        Assert.Equal("getdents64(9, 0x10000 /* 0 entries */, 100) = 0", Line("getdents64", 0, 9, 0x10000, 100));
    }

    [Fact]
    public void An_offset_is_shown_again_where_the_call_moved_it()
    {
        ulong offset = _memory.Words(2);
        Assert.Equal("sendfile(4, 3, [2] => [4], 2) = 2", TracedCall.Line("sendfile", 2, _memory, [4, 3, offset, 2], () => _memory.Write(offset, 4)));
    }

    [Fact]
    public void Inputs_behind_an_output_are_read_no_more_when_the_call_has_failed() => Assert.Equal(
        "epoll_pwait(1, NULL, 0, 5, 0x10000, 8) = -1 EINVAL (Invalid argument)", Line("epoll_pwait", -Errno.EINVAL, 1, 0, 0, 5, _memory.Words(1), 8));

    [Fact]
    public void The_calls_of_32_bit_sockets_are_unfolded()
    {
        var memory = new CallMemory(4);
        ulong arguments = memory.Ints(1, 1, 0, 0x11000);
        memory.Ints(7, 8);
        Assert.Equal("socketpair(AF_UNIX, SOCK_STREAM, 0, [7, 8]) = 0", TracedCall.Line("socketcall", 0, memory, [8, arguments]));
        Assert.Equal("socketcall(SYS_SOCKETPAIR, 0x1) = -1 EFAULT (Bad address)", TracedCall.Line("socketcall", -Errno.EFAULT, memory, [8, 1]));
    }

    [Fact]
    public void A_thread_area_shows_the_entry_that_the_kernel_chose()
    {
        var memory = new CallMemory(4);
        ulong area = memory.Ints(-1, 0x8967380, 0xfffff, 0x51);
        string line = TracedCall.Line("set_thread_area", 0, memory, [area], () => memory.WriteInt(area, 12));
        Assert.Equal("set_thread_area({entry_number=-1, base_addr=0x8967380, limit=0x0fffff, seg_32bit=1, contents=0, read_exec_only=0, limit_in_pages=1, "
            + "seg_not_present=0, useable=1}) = 0 (entry_number=12)", line);
    }

    [Fact]
    public void Structures_of_32_bit_calls_have_words_of_four_bytes()
    {
        var memory = new CallMemory(4);
        Assert.Equal("nanosleep({tv_sec=1, tv_nsec=2}, NULL) = 0", TracedCall.Line("nanosleep", 0, memory, [memory.Ints(1, 2), 0]));
        Assert.Equal("clock_nanosleep_time64(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=2}, NULL) = 0",
            TracedCall.Line("clock_nanosleep_time64", 0, memory, [0, 0, memory.Ints(1, 0, 2, 0), 0]));
        Assert.Equal("ugetrlimit(RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM_INFINITY}) = 0",
            TracedCall.Line("ugetrlimit", 0, memory, [3, memory.Ints(8 << 20, -1)]));
    }
}
