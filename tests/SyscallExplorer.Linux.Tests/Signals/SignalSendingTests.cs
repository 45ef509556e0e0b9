using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Sending signals with values and waiting for them. man 2 rt_sigqueueinfo, sigtimedwait, signalfd.</summary>
public sealed class SignalSendingTests
{
    private const int Sigprocmask = 14, Timedwait = 128, Queueinfo = 129, Suspend = 130, Prlimit = 302, Signalfd4 = 289, Kill = 62, Read = 0, Pause = 34;
    private const int SetMask = 2;
    private const int RealTime = 40;
    private const ulong D = UserSpace.Data64, Set = D + 0x100, Info = D + 0x200, Got = D + 0x300, Time = D + 0x400;

    private static byte[] Words(params ulong[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    /// <summary>A program that blocks two signals and has a value to send.</summary>
    private static CallScript Script() => new CallScript(64)
        .Holding(0x100, Words(SignalSets.Of(10, RealTime)))
        .Holding(0x200, SignalInfoBytes.Write(SignalInfo.Queued(RealTime, TaskIdentity.Pid, TaskIdentity.Uid, 0xABCD), compat: false))
        .Holding(0x400, Words(0, 1000))
        .Call(Sigprocmask, SetMask, Set, 0, 8);

    [Fact]
    public void A_value_arrives_with_the_signal_that_was_waited_for()
    {
        CallRun run = Script().Call(Queueinfo, TaskIdentity.Pid, RealTime, Info).Call(Timedwait, Set, Got, 0, 8).Run();
        Assert.Equal([0L, RealTime], [run[1], run[2]]);
        SignalInfo got = SignalInfoBytes.Read(run.Bytes(0x300, SignalInfoBytes.Size), compat: false);
        Assert.Equal(SignalInfo.Queued(RealTime, TaskIdentity.Pid, TaskIdentity.Uid, 0xABCD), got);
    }

    [Fact]
    public void Waiting_ends_at_its_time_and_wrong_times_and_sizes_are_refused()
    {
        CallRun run = Script().Holding(0x420, Words(0, 0)).Holding(0x440, Words(0, 1_000_000_000)).Call(Timedwait, Set, Got, Time, 8)
            .Call(Timedwait, Set, Got, Time + 0x20, 8).Call(Timedwait, Set, Got, Time + 0x40, 8).Call(Timedwait, Set, Got, 0, 4).Call(Timedwait, 8, Got, 0, 8).Run();
        Assert.Equal([-Errno.EAGAIN, -Errno.EAGAIN, -Errno.EINVAL, -Errno.EINVAL, -Errno.EFAULT], Enumerable.Range(1, 5).Select(i => run[i]));
    }

    [Fact]
    public void Nobody_can_pretend_to_others_that_the_kernel_sent_a_signal()
    {
        byte[] pretended = SignalInfoBytes.Write(SignalInfo.FromKernel(RealTime), compat: false);
        CallRun run = Script().Holding(0x500, pretended).Call(Queueinfo, TaskIdentity.ParentPid, RealTime, D + 0x500).Call(Queueinfo, TaskIdentity.ParentPid, RealTime, Info)
            .Call(Queueinfo, 4711, RealTime, Info).Call(Queueinfo, TaskIdentity.Pid, RealTime, D + 0x500).Call(Queueinfo, TaskIdentity.Pid, 65, Info).Run();
        Assert.Equal([-Errno.EPERM, -Errno.EPERM, -Errno.ESRCH, 0L, -Errno.EINVAL], Enumerable.Range(1, 5).Select(i => run[i]));
    }

    [Fact]
    public void No_more_signals_wait_than_the_limit_allows()
    {
        const int pendingSignals = 11;
        CallRun run = Script().Holding(0x600, Words(2, 1024)).Call(Prlimit, 0, pendingSignals, D + 0x600, 0)
            .Call(Queueinfo, TaskIdentity.Pid, RealTime, Info).Call(Queueinfo, TaskIdentity.Pid, RealTime, Info).Call(Queueinfo, TaskIdentity.Pid, RealTime, Info)
            .Call(Kill, TaskIdentity.Pid, 10).Call(Timedwait, Set, Got, 0, 8).Run();
        Assert.Equal([0L, 0, 0, -Errno.EAGAIN, 0, 10], Enumerable.Range(1, 6).Select(i => run[i]));
    }

    [Fact]
    public void A_signalfd_gives_signals_in_order_with_all_that_is_known()
    {
        CallRun run = Script().Call(Signalfd4, -1, Set, 8, 0).Call(Queueinfo, TaskIdentity.Pid, RealTime, Info).Call(Kill, TaskIdentity.Pid, 10)
            .Call(Read, Argument.Result(1), D + 0x700, 4096).Run();
        Assert.Equal(2 * SignalFileRecord.Size, run[4]);
        Assert.Equal([10, 0, SignalCodes.User, TaskIdentity.Pid, TaskIdentity.Uid], Enumerable.Range(0, 5).Select(i => run.Dword(0x700 + (ulong)i * 4)));
        Assert.Equal([RealTime, 0, SignalCodes.Queue], Enumerable.Range(0, 3).Select(i => run.Dword(0x780 + (ulong)i * 4)));
        Assert.Equal(0xABCD, run.Word(0x780 + 48));
    }

    [Fact]
    public void A_program_that_waits_for_a_signal_that_never_comes_is_told_of()
    {
        LinuxMachine machine = new CallScript(64).Call(Pause).Run().Machine;
        Assert.Contains("waits for a signal", machine.Run(RunLimits.Instructions(1)).Message, StringComparison.Ordinal);
        machine = Script().Call(Suspend, Set, 8).Run().Machine;
        Assert.Contains("waits for a signal in sigsuspend", machine.Run(RunLimits.Instructions(1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fatal_signal_waits_while_it_is_blocked()
    {
        CallRun run = Script().Call(Kill, TaskIdentity.Pid, 10).Call(Kill, TaskIdentity.Pid, RealTime).Run();
        Assert.Equal(0, run.Machine.ExitStatus);
        Assert.Null(run.Machine.Signal);
    }
}
