using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Dispositions, masks, pending signals and default effects. man 7 signal.</summary>
public sealed class SignalCallTests
{
    private const int Sigaction = 13, Sigprocmask = 14, Kill = 62, Getpid = 39, Sigpending = 127, Sigaltstack = 131, Tkill = 200, Tgkill = 234;
    private const int Block = 0, Unblock = 1, SetMask = 2;
    private const ulong D = UserSpace.Data64, Set = D + 0x100, Old = D + 0x200, Act = D + 0x300;

    private static byte[] Words(params ulong[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    private static CallScript With(ulong handler, ulong set) => new CallScript(64).Holding(0x100, Words(set)).Holding(0x300, Words(handler, 0x0400_0000, 0x1234, 0x10));

    [Theory]
    [InlineData(SignalNumbers.SIGABRT)]
    [InlineData(SignalNumbers.SIGKILL)]
    [InlineData(SignalNumbers.SIGSEGV)]
    [InlineData(10)]
    [InlineData(40)]
    public void A_signal_that_the_program_sends_itself_ends_it(int signal)
    {
        foreach (CallScript script in (CallScript[])
            [new CallScript(64).Call(Kill, TaskIdentity.Pid, signal), new CallScript(64).Call(Tkill, TaskIdentity.Pid, signal),
                new CallScript(64).Call(Tgkill, TaskIdentity.Pid, TaskIdentity.Pid, signal), new CallScript(32).Call(270, TaskIdentity.Pid, TaskIdentity.Pid, signal)])
        {
            LinuxMachine machine = script.Run().Machine;
            Assert.Equal(signal, machine.Signal);
            Assert.Null(machine.ExitStatus);
            string title = $"The program was killed by {SignalNumbers.Name(signal)}";
            Assert.StartsWith(title, machine.Run(RunLimits.Instructions(1)).Message, StringComparison.Ordinal);
            Assert.Equal(SignalSets.CoreDump.Has(signal), machine.Fatal is not null);
        }
    }

    [Theory]
    [InlineData(SignalNumbers.SIGCHLD)]
    [InlineData(SignalNumbers.SIGCONT)]
    [InlineData(28)]
    public void A_signal_that_is_ignored_by_default_does_nothing(int signal)
    {
        CallRun run = new CallScript(64).Call(Kill, 0, signal).Call(Kill, TaskIdentity.Pid, 0).Run();
        Assert.Equal([0L, 0], [run[0], run[1]]);
        Assert.Equal(0, run.Machine.ExitStatus);
    }

    [Fact]
    public void A_blocked_signal_waits_and_takes_effect_when_it_is_unblocked()
    {
        ulong bit = SignalSets.Bit(10);
        CallRun run = With(0, bit).Call(Sigprocmask, Block, Set, 0, 8).Call(Kill, TaskIdentity.Pid, 10).Call(Sigpending, Old, 8).Run();
        Assert.Equal(0, run.Machine.ExitStatus);
        Assert.Equal((long)bit, run.Word(0x200));
        run = With(0, bit).Call(Sigprocmask, Block, Set, 0, 8).Call(Kill, TaskIdentity.Pid, 10).Call(Sigprocmask, Unblock, Set, Old, 8).Run();
        Assert.Equal(10, run.Machine.Signal);
        Assert.Equal((long)bit, run.Word(0x200));
    }

    [Fact]
    public void An_ignored_signal_does_nothing_and_no_longer_waits()
    {
        CallRun run = With(SignalAction.Ignore, SignalSets.Bit(10)).Call(Sigprocmask, SetMask, Set, 0, 8).Call(Kill, TaskIdentity.Pid, 10)
            .Call(Sigaction, 10, Act, 0, 8).Call(Sigaction, 10, 0, Act, 8).Call(Sigprocmask, Unblock, Set, 0, 8).Run();
        Assert.Equal(0, run.Machine.ExitStatus);
    }

    [Fact]
    public void What_sigaction_was_given_it_tells_again()
    {
        CallRun run = With(0x40_2000, 0).Call(Sigaction, 10, Act, 0, 8).Call(Sigaction, 10, 0, Old, 8).Run();
        Assert.Equal([0L, 0], [run[0], run[1]]);
        Assert.Equal(Words(0x40_2000, 0x0400_0000, 0x1234, 0x10), run.Bytes(0x200, 32));
        run = new CallScript(32).Holding(0x300, [.. Words(0x0400_0000_0804_9999).AsSpan(), .. BitConverter.GetBytes(0x5678), .. Words(0x20)])
            .Call(174, 10, UserSpace.Data32 + 0x300, 0, 8).Call(174, 10, 0, UserSpace.Data32 + 0x200, 8).Run();
        Assert.Equal(run.Bytes(0x300, 20), run.Bytes(0x200, 20));
    }

    [Fact]
    public void A_handler_that_is_no_code_ends_the_program()
    {
        LinuxMachine machine = With(0x1000, 0).Call(Sigaction, 10, Act, 0, 8).Call(Kill, TaskIdentity.Pid, 10).Run().Machine;
        Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
        Assert.Equal(0x1000ul, machine.Fatal?.Registers[PtRegsOffsets.Ip]);
    }

    [Fact]
    public void A_report_of_a_signal_tells_who_sent_it_and_where_the_program_was()
    {
        FatalReport? report = new CallScript(64).Call(Getpid).Call(Kill, TaskIdentity.Pid, SignalNumbers.SIGQUIT).Run().Machine.Fatal;
        Assert.NotNull(report);
        Assert.StartsWith("The program was killed by SIGQUIT, which it sent itself, at ", report.Title, StringComparison.Ordinal);
        Assert.Equal(FatalReport.NoVector, report.Vector);
        Assert.Equal(report.Registers[PtRegsOffsets.Ip], report.Disassembly[0].Address);
        Assert.Equal(Kill, (int)report.Registers[PtRegsOffsets.OrigAx]);
    }

    [Fact]
    public void An_exception_whose_signal_is_blocked_or_ignored_still_ends_the_program()
    {
        LinuxMachine machine = With(SignalAction.Ignore, SignalSets.Bit(SignalNumbers.SIGILL)).Call(Sigaction, SignalNumbers.SIGILL, Act, 0, 8)
            .Call(Sigprocmask, Block, Set, 0, 8).Then(a => a.ud2()).Run().Machine;
        Assert.Equal(SignalNumbers.SIGILL, machine.Signal);
    }

    [Fact]
    public void A_stopped_program_is_reported()
    {
        LinuxMachine machine = new CallScript(64).Call(Kill, 0, SignalNumbers.SIGSTOP).Run().Machine;
        Assert.Contains("stopped by SIGSTOP", machine.Run(RunLimits.Instructions(1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kill_and_stop_can_be_neither_blocked_nor_handled()
    {
        CallRun run = With(SignalAction.Ignore, ulong.MaxValue).Call(Sigaction, SignalNumbers.SIGKILL, Act, 0, 8).Call(Sigprocmask, Block, Set, 0, 8)
            .Call(Sigprocmask, Block, 0, Old, 8).Run();
        Assert.Equal([-Errno.EINVAL, 0L], [run[0], run[1]]);
        Assert.Equal(~SignalSets.Unblockable, (ulong)run.Word(0x200));
    }

    [Fact]
    public void Wrong_signals_processes_sizes_and_ways_are_refused()
    {
        CallRun run = With(0, 0).Call(Kill, TaskIdentity.Pid, 65).Call(Kill, 4711, 9).Call(Kill, TaskIdentity.ParentPid, 9).Call(Tgkill, 4711, TaskIdentity.Pid, 9)
            .Call(Tkill, 0, 9).Call(Sigaction, 0, Act, 0, 8).Call(Sigaction, 10, Act, 0, 4).Call(Sigprocmask, 3, Set, 0, 8).Call(Sigprocmask, Block, 0x10, 0, 8)
            .Call(Sigpending, Old, 16).Call(Getpid).Run();
        Assert.Equal([-22L, -3, -1, -3, -22, -22, -22, -22, -14, -22, TaskIdentity.Pid], Enumerable.Range(0, 11).Select(i => run[i]));
    }

    [Fact]
    public void The_alternate_stack_is_kept_and_one_that_is_too_small_is_refused()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(0x7000_0000, 0, 0x4000)).Holding(0x140, Words(0x7000_0000, 0, 100)).Holding(0x180, Words(0, 2, 0))
            .Call(Sigaltstack, D + 0x100, Old).Call(Sigaltstack, D + 0x140, 0).Call(Sigaltstack, D + 0x180, D + 0x240).Call(Sigaltstack, 0, D + 0x280).Run();
        Assert.Equal([0L, -Errno.ENOMEM, 0, 0], [run[0], run[1], run[2], run[3]]);
        Assert.Equal(Words(0, 2, 0), run.Bytes(0x200, 24));
        Assert.Equal(Words(0x7000_0000, 0, 0x4000), run.Bytes(0x240, 24));
        Assert.Equal(Words(0, 2, 0), run.Bytes(0x280, 24));
    }
}
