using Xunit;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The lines that real strace wrote for the same order of events.</summary>
public sealed class StraceLogTests
{
    private const int Parent = 32678, Child = 32679;

    private readonly CallMemory _memory = new(8);
    private StraceLog _log = new(StraceOptions.Default);

    private void Enter(int pid, string name, params ulong[] arguments) =>
        _log = _log.Enter(TracedCall.Invocation(name, compat: false, 0, arguments, pid), _memory);

    private void Leave(int pid, long result) => _log = _log.Leave(pid, result, _memory, 0);

    private void AssertLines(params string[] lines) => Assert.Equal(string.Join('\n', lines) + "\n", _log.ToString());

    [Fact]
    public void Results_are_aligned_to_a_column()
    {
        Enter(Parent, "getpid");
        Leave(Parent, Parent);
        AssertLines("32678 getpid()                          = 32678");
    }

    [Fact]
    public void Short_numbers_are_padded_and_the_prefix_can_be_left_out()
    {
        Enter(7, "getpid");
        Leave(7, 7);
        AssertLines("7     getpid()                          = 7");
        _log = new StraceLog(StraceOptions.Default with { Follow = false });
        Enter(7, "getpid");
        Leave(7, 7);
        AssertLines("getpid()                                = 7");
    }

    [Fact]
    public void Calls_of_two_tasks_break_each_other_off()
    {
        ulong buffer = _memory.Put(new byte[1]);
        Enter(Child, "read", 3, buffer, 1);
        Enter(Parent, "kill", Child, 10);
        Leave(Parent, 0);
        Leave(Child, 1);
        AssertLines(
            "32679 read(3,  <unfinished ...>",
            "32678 kill(32679, SIGUSR1)              = 0",
            "32679 <... read resumed>\"\\0\", 1)        = 1");
    }

    [Fact]
    public void A_call_whose_arguments_are_all_said_resumes_with_its_bracket()
    {
        Enter(Parent, "pause");
        Enter(Child, "getpid");
        Leave(Parent, -514);
        Leave(Child, Child);
        AssertLines(
            "32678 pause( <unfinished ...>",
            "32679 getpid( <unfinished ...>",
            "32678 <... pause resumed>)              = ? ERESTARTNOHAND (To be restarted if no handler)",
            "32679 <... getpid resumed>)             = 32679");
    }

    [Fact]
    public void The_second_part_of_a_clone_is_said_when_it_resumes()
    {
        Enter(Parent, "clone", 0x1200011, 0, 0, 0x5000, 0);
        Enter(Child, "getpid");
        Leave(Child, Child);
        Leave(Parent, Child);
        AssertLines(
            "32678 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>",
            "32679 getpid()                          = 32679",
            "32678 <... clone resumed>, child_tidptr=0x5000) = 32679");
    }

    [Fact]
    public void An_exit_has_no_result()
    {
        Enter(Parent, "exit_group", 3);
        _log = _log.Exited(Parent, 3);
        AssertLines("32678 exit_group(3)                     = ?", "32678 +++ exited with 3 +++");
    }

    [Fact]
    public void A_task_that_is_killed_in_a_call_leaves_its_arguments_unsaid()
    {
        Enter(Child, "read", 3, 0x1000, 1);
        Enter(Parent, "kill", Child, 9);
        Leave(Parent, 0);
        _log = _log.Killed(Child, 9, coreDumped: false);
        AssertLines(
            "32679 read(3,  <unfinished ...>",
            "32678 kill(32679, SIGKILL)              = 0",
            "32679 <... read resumed> <unfinished ...>) = ?",
            "32679 +++ killed by SIGKILL +++");
    }

    [Fact]
    public void Signals_have_lines_of_their_own()
    {
        var bytes = new byte[SignalInformation.Size];
        bytes[0] = SignalNumbers.SIGSTOP;
        _log = _log.Signal(Child, SignalInformation.Parse(bytes, isCompat: false)).Stopped(Child, SignalNumbers.SIGSTOP).Killed(Child, SignalNumbers.SIGSEGV, coreDumped: true);
        AssertLines(
            "32679 --- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=0, si_uid=0} ---",
            "32679 --- stopped by SIGSTOP ---",
            "32679 +++ killed by SIGSEGV (core dumped) +++");
    }

    [Fact]
    public void A_restarted_call_names_the_one_that_it_goes_on_with()
    {
        Enter(Parent, "clock_nanosleep", 0, 0, 0, 0);
        Leave(Parent, -516);
        Enter(Parent, "restart_syscall");
        Leave(Parent, 0);
        Assert.Contains("32678 restart_syscall(<... resuming interrupted clock_nanosleep ...>) = 0\n", _log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_return_without_a_call_is_left_out()
    {
        Leave(Child, 0);
        Assert.Equal("", _log.ToString());
    }

    [Fact]
    public void A_call_that_is_open_at_the_end_stays_so()
    {
        Enter(Parent, "pause");
        AssertLines("32678 pause( <unfinished ...>");
    }

    [Fact]
    public void A_change_of_word_size_is_told_where_asked_for()
    {
        var log = new StraceLog(new StraceOptions(AnnounceWordSize: true, Follow: false));
        log = log.Enter(TracedCall.Invocation("getpid", compat: true, 0, [], Parent), new CallMemory(4)).Leave(Parent, 1, new CallMemory(4), 0);
        Assert.StartsWith("[ Process PID=32678 runs in 32 bit mode. ]\ngetpid()", log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_does_not_change_with_its_successors()
    {
        StraceLog before = _log;
        Enter(Parent, "pause");
        Assert.Empty(before.Events);
        Assert.Single(_log.Events);
    }

    [Fact]
    public void Records_hold_the_numbers_beside_the_text()
    {
        _log = _log.Enter(TracedCall.Invocation("close", compat: false, 0, [3], Parent, number: 3) with { Clock = 5 }, _memory);
        _log = _log.Leave(Parent, -Errno.EBADF, _memory, 9);
        SyscallRecord record = Assert.Single(_log.Records);
        Assert.Equal((Parent, 3, "close", 3ul, -9L, 5ul, 9ul), (record.Pid, record.Number, record.Name, record.Arguments[0], record.Result, record.EnteredAt, record.LeftAt!.Value));
        Assert.Equal(("close(3", "", "-1 EBADF (Bad file descriptor)"), (record.EntryText, record.ExitText, record.ResultText));
    }
}
