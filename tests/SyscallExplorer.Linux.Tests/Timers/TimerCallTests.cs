using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>alarm, setitimer, timer_create and timerfd_create.</summary>
public sealed class TimerCallTests
{
    private const ulong D = UserSpace.Data64;
    private const int Read = 0, Close = 3, Poll = 7, ProcMask = 14, Nanosleep = 35, GetInterval = 36, Alarm = 37, SetInterval = 38, Sigpending = 127, SigtimedWait = 128;
    private const int Create = 222, Set = 223, Get = 224, Overrun = 225, Delete = 226, CreateFile = 283, SetFile = 286, GetFile = 287;
    private const int Usr1 = 10, AlarmSignal = 14;
    private const long Millisecond = 1_000_000;

    private static byte[] Words(params long[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    private static byte[] Dwords(params int[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    /// <summary>An itimerspec: what is left of a second.</summary>
    private static byte[] Setting(long value, long interval) => Words(0, interval, 0, value);

    private static byte[] Event(int signal, int how, int thread = 0) => [.. Words(0x1122_3344_5566), .. Dwords(signal, how, thread), .. new byte[44]];

    private static byte[] Mask(int signal) => Words(1L << (signal - 1));

    [Fact]
    public void An_alarm_tells_what_was_left_and_one_that_comes_ends_the_program()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(0, 600 * Millisecond)).Call(Alarm, 10).Call(Nanosleep, D + 0x100, 0).Call(Alarm, 5)
            .Call(Nanosleep, D + 0x100, 0)
            .Call(Alarm, 0).Call(Alarm, 1).Call(GetInterval, 0, D + 0x200).Call(Alarm, 0).Call(GetInterval, 0, D + 0x240).Run();
        Assert.Equal([0L, 0, 9, 0, 4, 0, 0, 1, 0], Enumerable.Range(0, 9).Select(i => run[i]));
        Assert.InRange(run.Word(0x218), 999_900, 1_000_000);
        Assert.Equal(0, run.Word(0x258));
        LinuxMachine machine = new CallScript(64).Holding(0x100, Words(5, 0)).Call(Alarm, 1).Call(Nanosleep, D + 0x100, 0).Run().Machine;
        Assert.Equal(AlarmSignal, machine.Signal);
        Assert.InRange(new EmulatedTime(machine).SinceBoot, 1_000_000_000, 1_001_000_000);
    }

    [Fact]
    public void A_blocked_alarm_that_repeats_goes_on_when_it_is_taken()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(0, 10_000, 0, 10_000)).Holding(0x140, Mask(AlarmSignal))
            .Holding(0x150, Words(0, 55 * Millisecond))
            .Call(ProcMask, 0, D + 0x140, 0, 8).Call(SetInterval, 0, D + 0x100, 0).Call(Nanosleep, D + 0x150, 0).Call(GetInterval, 0, D + 0x200)
            .Call(SigtimedWait, D + 0x140, 0, 0, 8).Call(GetInterval, 0, D + 0x240).Call(Sigpending, D + 0x280, 8).Run();
        Assert.Equal([0L, 0, 0, 0, AlarmSignal, 0, 0], Enumerable.Range(0, 7).Select(i => run[i]));
        Assert.Equal((0L, 10_000), (run.Word(0x218), run.Word(0x208)));
        Assert.InRange(run.Word(0x258), 4_000, 5_100);
        Assert.Equal(0, run.Word(0x280));
    }

    [Fact]
    public void Interval_timers_that_are_none_and_times_that_are_none_are_refused()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(0, 1_000_000, 0, 0)).Holding(0x120, Words(0, 0, -1, 0)).Call(SetInterval, 3, D + 0x140, 0)
            .Call(SetInterval, 0, D + 0x100, 0).Call(SetInterval, 0, D + 0x120, 0).Call(GetInterval, 3, D).Call(GetInterval, 0, 8)
            .Call(SetInterval, 0, 8, 0).Call(SetInterval, 1, 0, D).Run();
        Assert.Equal([-22L, -22, -22, -22, -14, -14, 0], Enumerable.Range(0, 7).Select(i => run[i]));
    }

    [Fact]
    public void A_timer_counts_what_its_process_missed()
    {
        CallRun run = new CallScript(64).Holding(0x100, Event(Usr1, 0)).Holding(0x140, Setting(Millisecond, Millisecond))
            .Holding(0x160, Mask(Usr1)).Holding(0x170, Words(0, 10_500_000))
            .Call(ProcMask, 0, D + 0x160, 0, 8).Call(Create, 1, D + 0x100, D + 0x180).Call(Set, 0, 0, D + 0x140, 0).Call(Nanosleep, D + 0x170, 0)
            .Call(SigtimedWait, D + 0x160, D + 0x200, 0, 8).Call(Overrun, 0).Call(Get, 0, D + 0x300).Call(Delete, 0).Call(Delete, 0).Run();
        Assert.Equal([0L, 0, 0, 0, Usr1, 9, 0, 0, -22], Enumerable.Range(0, 9).Select(i => run[i]));
        Assert.Equal([Usr1, 0, SignalCodes.Timer], new[] { run.Dword(0x200), run.Dword(0x204), run.Dword(0x208) });
        Assert.Equal((0, 9, 0x1122_3344_5566L, 0L), (run.Dword(0x210), run.Dword(0x214), run.Word(0x218), run.Word(0x220)));
        Assert.InRange(run.Word(0x318), 1, Millisecond / 2);
    }

    [Fact]
    public void A_silent_timer_runs_and_tells_only_who_asks()
    {
        CallRun run = new CallScript(64).Holding(0x100, Event(0, 1)).Holding(0x140, Setting(10 * Millisecond, 0)).Holding(0x170, Words(0, 4 * Millisecond))
            .Call(Create, 1, D + 0x100, D + 0x180).Call(Set, 0, 0, D + 0x140, 0).Call(Nanosleep, D + 0x170, 0).Call(Get, 0, D + 0x200)
            .Call(Nanosleep, D + 0x170, 0).Call(Nanosleep, D + 0x170, 0).Call(Set, 0, 0, D + 0x140, D + 0x240).Run();
        Assert.All(Enumerable.Range(0, 7), i => Assert.Equal(0, run[i]));
        Assert.InRange(run.Word(0x218), 5 * Millisecond, 6 * Millisecond);
        Assert.Equal(0, run.Word(0x258));
    }

    [Fact]
    public void An_absolute_timer_of_the_wall_clock_whose_time_is_past_goes_off_at_once()
    {
        CallRun run = new CallScript(64).Holding(0x100, Event(Usr1, 0)).Holding(0x140, Words(0, 0, 1_000, 0)).Holding(0x160, Mask(Usr1))
            .Call(ProcMask, 0, D + 0x160, 0, 8).Call(Create, 0, D + 0x100, D + 0x180).Call(Set, 0, 1, D + 0x140, 0)
            .Call(SigtimedWait, D + 0x160, 0, 0, 8).Run();
        Assert.Equal([0L, 0, 0, Usr1], Enumerable.Range(0, 4).Select(i => run[i]));
        Assert.InRange(new EmulatedTime(run.Machine).SinceBoot, 0, Millisecond);
    }

    [Fact]
    public void Timers_are_numbered_and_what_cannot_be_is_refused()
    {
        CallRun run = new CallScript(64).Holding(0x100, Event(Usr1, 0)).Holding(0x140, Event(0, 0)).Holding(0x180, Event(Usr1, 4, 999_999))
            .Holding(0x1C0, Event(Usr1, 4, TaskIdentity.Pid))
            .Holding(0x200, Setting(1_000_000_000, 0)).Call(Create, 1, D + 0x100, D + 0x300).Call(Create, 1, 0, D + 0x304)
            .Call(Create, 1, D + 0x140, D).Call(Create, 1, D + 0x180, D)
            .Call(Create, 4, D + 0x100, D).Call(Create, 55, D + 0x100, D).Call(Create, 1, D + 0x1C0, D + 0x308).Call(Create, 1, D + 0x100, 8)
            .Call(Set, 1, 0, D + 0x200, 0)
            .Call(Set, 9, 0, D + 0x140, 0).Call(Set, 1, 0, 0, 0).Call(Overrun, 9).Call(Get, 9, D).Run();
        Assert.Equal([0L, 0, -22, -22, -95, -22, 0, -14, -22, -22, -22, -22, -22], Enumerable.Range(0, 13).Select(i => run[i]));
        Assert.Equal((0, 1, 2), (run.Dword(0x300), run.Dword(0x304), run.Dword(0x308)));
    }

    [Fact]
    public void Timers_of_32_bit_programs_have_narrow_times_and_narrow_events()
    {
        const ulong d = UserSpace.Data32;
        CallRun run = new CallScript(32).Holding(0x100, [.. Dwords(0x77, Usr1, 0, 0), .. new byte[48]])
            .Holding(0x140, Dwords(0, 1_000_000, 0, 1_000_000)).Holding(0x160, Mask(Usr1))
            .Holding(0x170, Dwords(0, 5_500_000)).Call(175, 0, d + 0x160, 0, 8).Call(259, 1, d + 0x100, d + 0x180).Call(260, 0, 0, d + 0x140, 0)
            .Call(162, d + 0x170, 0)
            .Call(177, d + 0x160, d + 0x200, 0, 8).Call(262, 0).Call(261, 0, d + 0x300).Run();
        Assert.Equal([0L, 0, 0, 0, Usr1, 4, 0], Enumerable.Range(0, 7).Select(i => run[i]));
        Assert.Equal((0, 4, 0x77), (run.Dword(0x20C), run.Dword(0x210), run.Dword(0x214)));
        Assert.InRange(run.Dword(0x30C), 1, 500_000);
    }

    [Fact]
    public void A_timers_descriptor_counts_and_tells_poll()
    {
        CallRun run = new CallScript(64).Holding(0x100, Setting(5 * Millisecond, 2 * Millisecond)).Holding(0x140, Words(0, 10 * Millisecond))
            .Holding(0x160, Dwords(3, 1))
            .Call(CreateFile, 1, 0x800).Call(Read, 3, D, 8).Call(SetFile, 3, 0, D + 0x100, 0).Call(Poll, D + 0x160, 1, 0).Call(GetFile, 3, D + 0x200)
            .Call(Nanosleep, D + 0x140, 0).Call(Poll, D + 0x160, 1, 0).Call(Read, 3, D + 0x240, 4).Call(Read, 3, D + 0x240, 8).Call(Read, 3, D + 0x248, 8)
            .Call(Poll, D + 0x160, 1, -1).Call(Read, 3, D + 0x248, 8).Call(Close, 3).Call(GetFile, 3, D).Run();
        Assert.Equal([3L, -11, 0, 0, 0, 0, 1, -22, 8, -11, 1, 8, 0, -9], Enumerable.Range(0, 14).Select(i => run[i]));
        Assert.InRange(run.Word(0x218), 4 * Millisecond, 5 * Millisecond);
        Assert.Equal((3L, 1L), (run.Word(0x240), run.Word(0x248)));
        Assert.Empty(run.Machine.State.TimerFiles);
        Assert.Empty(run.Machine.State.Timers);
    }

    [Fact]
    public void Reading_a_timers_descriptor_waits_until_it_goes_off()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(0, 0, 1, 500 * Millisecond)).Call(CreateFile, 0, 0)
            .Call(SetFile, 3, 0, D + 0x100, 0).Call(Read, 3, D + 0x200, 8)
            .Call(GetFile, 3, D + 0x240).Run();
        Assert.Equal([3L, 0, 8, 0], Enumerable.Range(0, 4).Select(i => run[i]));
        Assert.Equal((1L, 0L), (run.Word(0x200), run.Word(0x258)));
        Assert.InRange(new EmulatedTime(run.Machine).SinceBoot, 1_500 * Millisecond, 1_501 * Millisecond);
    }

    [Fact]
    public void A_timers_descriptor_of_what_cannot_be_is_refused()
    {
        CallRun run = new CallScript(64).Holding(0x100, Setting(1_000_000_000, 0)).Call(CreateFile, 2, 0).Call(CreateFile, 1, 1)
            .Call(CreateFile, 8, 0).Call(SetFile, 0, 0, D + 0x140, 0)
            .Call(SetFile, 77, 0, D + 0x140, 0).Call(CreateFile, 7, 0x80000).Call(SetFile, 3, 4, D + 0x140, 0).Call(SetFile, 3, 0, D + 0x100, 0)
            .Call(SetFile, 3, 0, 8, 0).Run();
        Assert.Equal([-22L, -22, -1, -22, -9, 3, -22, -22, -14], Enumerable.Range(0, 9).Select(i => run[i]));
    }

    [Fact]
    public void A_limit_of_processor_time_sends_its_signal_at_a_tick()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            Iced.Intel.Label spin = a.CreateLabel();
            a.Label(ref spin);
            a.pause();
            a.jmp(spin);
        });
        machine.Process = machine.Process with { Limits = machine.Process.Limits.SetItem(ResourceLimit.ProcessorTime, new ResourceLimit(1, 2)) };
        machine.Task = machine.Task with { Times = machine.Task.Times with { UserTicks = Scheduler.TicksPerSecond - 2 } };
        machine.Run(RunLimits.Instructions(1_000_000));
        Assert.Equal(SignalNumbers.SIGXCPU, machine.Signal);
        Assert.Equal(Scheduler.TicksPerSecond, machine.Task.Times.UserTicks);
    }
}
