using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Linux.Tests.Guest;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Who gets the processor, for how long, and who gets it from whom.</summary>
public sealed class SchedulerTests
{
    private const ulong D = UserSpace.Data64;
    private const int Fork = 57, Nanosleep = 35, GetTime = 228, SetPriority = 141, SetScheduler = 144, GetRandom = 318;
    private const int Child = TaskIdentity.Pid + 1;
    private const long Millisecond = 1_000_000;

    /// <summary>PAUSE costs many cycles and little of the host's time.</summary>
    private static void Spin(Assembler a)
    {
        Label again = a.CreateLabel();
        a.Label(ref again);
        a.pause();
        a.jmp(again);
    }

    private static LinuxMachine Two(Action<Assembler> parent, Action<Assembler> child) => Guest.Load(a =>
    {
        Label isChild = a.CreateLabel();
        Call(a, Fork);
        a.test(eax, eax);
        a.je(isChild);
        parent(a);
        a.Label(ref isChild);

        // The child may begin with a label of its own, and an instruction has one only.
        a.nop();
        child(a);
    });

    /// <summary>Runs until some time has passed.</summary>
    private static void RunFor(LinuxMachine machine, long milliseconds)
    {
        long end = new EmulatedTime(machine).SinceBoot + milliseconds * Millisecond;
        while (new EmulatedTime(machine).SinceBoot < end)
        {
            RunResult result = machine.Run(RunLimits.Instructions(1000));
            Assert.False(machine.IsOver, result.Message);
        }

        machine.Scheduler.Account();
    }

    private static double Ran(LinuxMachine machine, int task) => machine.State.Tasks[task].Times.Running;

    [Theory]
    [InlineData(0, 0.9, 1.1)]
    [InlineData(5, 2.7, 3.5)]
    [InlineData(10, 7, 12)]
    public void Two_that_never_sleep_share_the_processor_by_their_niceness(int nice, double least, double most)
    {
        LinuxMachine machine = Two(Spin, a =>
        {
            Call(a, SetPriority, 0, 0, (ulong)nice);
            Spin(a);
        });
        RunFor(machine, 600);
        Assert.InRange(Ran(machine, TaskIdentity.Pid) / Ran(machine, Child), least, most);
    }

    [Fact]
    public void Who_has_slept_long_gets_in_promptly_and_then_only_its_share()
    {
        const int sleeps = 20;
        LinuxMachine machine = Two(Spin, a =>
        {
            // A child begins with a debt to its parent, which it has paid off after this sleep.
            a.mov(__qword_ptr[D + 8], 30 * (int)Millisecond);
            Call(a, Nanosleep, D, 0);
            a.mov(__qword_ptr[D + 8], (int)Millisecond);
            a.mov(ebx, sleeps);
            Label again = a.CreateLabel();
            Call(a, GetTime, 1, D + 0x20);
            a.Label(ref again);
            Call(a, Nanosleep, D, 0);
            a.dec(ebx);
            a.jne(again);
            Call(a, GetTime, 1, D + 0x30);
            Spin(a);
        });
        RunFor(machine, 100);
        var child = new AddressSpace(machine, machine.State.Tasks[Child].Map);
        byte[] times = new byte[32];
        Assert.True(child.TryRead(D + 0x20, times));
        long took = BitConverter.ToInt64(times, 24) - BitConverter.ToInt64(times, 8);
        Assert.InRange(took, sleeps * Millisecond, sleeps * Millisecond * 11 / 10);

        double parentBefore = Ran(machine, TaskIdentity.Pid), childBefore = Ran(machine, Child);
        RunFor(machine, 200);
        Assert.InRange((Ran(machine, Child) - childBefore) / (Ran(machine, TaskIdentity.Pid) - parentBefore), 0.8, 1.25);
    }

    [Fact]
    public void Who_sleeps_while_one_task_runs_alone_does_not_come_back_with_all_that_time_to_its_credit()
    {
        LinuxMachine machine = Two(Spin, a =>
        {
            a.mov(__qword_ptr[D + 8], 300 * (int)Millisecond);
            Call(a, Nanosleep, D, 0);
            Spin(a);
        });
        RunFor(machine, 310);
        double parent = Ran(machine, TaskIdentity.Pid);
        RunFor(machine, 100);
        Assert.InRange((Ran(machine, TaskIdentity.Pid) - parent) / new EmulatedTime(machine).ClockOf(100 * Millisecond), 0.4, 0.6);
    }

    [Fact]
    public void A_first_in_first_out_task_is_not_preempted_and_leaves_the_rest_only_what_real_time_may_not_have()
    {
        LinuxMachine machine = Two(
            a =>
            {
                a.mov(__dword_ptr[D], 10);
                Call(a, SetScheduler, 0, 1, D);
                Spin(a);
            },
            Spin);
        machine.Process = machine.Process with { Limits = machine.Process.Limits.SetItem(ResourceLimit.RealTime, new ResourceLimit(20, 20)) };
        RunFor(machine, 30);
        (long switches, double child) = (machine.State.Switches, Ran(machine, Child));
        Assert.Equal(SchedulingState.Fifo, machine.State.Tasks[TaskIdentity.Pid].Scheduling.Policy);
        RunFor(machine, 200);
        Assert.Equal((switches, child), (machine.State.Switches, Ran(machine, Child)));

        // 950 of every 1000 milliseconds.
        machine.State = machine.State with { RealTimeUsed = new EmulatedTime(machine).ClockOf(949 * Millisecond), RealTimeStart = machine.Processor.Clock };
        RunFor(machine, 60);
        Assert.InRange(Ran(machine, Child) - child, new EmulatedTime(machine).ClockOf(40 * Millisecond), new EmulatedTime(machine).ClockOf(60 * Millisecond));
    }

    [Fact]
    public void Without_a_limit_that_allows_it_nobody_becomes_real_time()
    {
        CallRun run = new CallScript(64).Holding(0x100, BitConverter.GetBytes(10)).Call(SetScheduler, 0, 1, D + 0x100).Call(SetScheduler, 0, 2, D + 0x100)
            .Call(SetScheduler, 0, 0, D + 0x100).Call(SetScheduler, 0, 6, D + 0x100).Call(SetScheduler, 0, 5, D + 0x104)
            .Call(SetScheduler, 0, 0, D + 0x104).Run();
        Assert.Equal([-1L, -1, -22, -22, 0, -1], Enumerable.Range(0, 6).Select(i => run[i]));
    }

    [Fact]
    public void Round_robin_tasks_take_turns_of_a_tenth_of_a_second()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(__dword_ptr[D], 10);
            Call(a, SetScheduler, 0, 2, D);
            Call(a, Fork);
            Spin(a);
        });
        machine.Process = machine.Process with { Limits = machine.Process.Limits.SetItem(ResourceLimit.RealTime, new ResourceLimit(20, 20)) };
        RunFor(machine, 90);
        Assert.Equal(0, Ran(machine, Child));
        RunFor(machine, 100);
        Assert.InRange(Ran(machine, Child), new EmulatedTime(machine).ClockOf(80 * Millisecond), new EmulatedTime(machine).ClockOf(100 * Millisecond));
        RunFor(machine, 200);
        Assert.InRange(Ran(machine, TaskIdentity.Pid) / Ran(machine, Child), 0.9, 1.3);
    }

    [Fact]
    public void An_owner_of_a_lock_has_the_priority_of_who_waits_for_it()
    {
        LinuxMachine machine = Two(Spin, Spin);
        RunFor(machine, 20);
        Assert.Equal(0, machine.State.Tasks[Child].Scheduling.RealTimePriority);
        machine.Scheduler.Inherit(new Dictionary<int, int> { [Child] = 30 });
        double parent = Ran(machine, TaskIdentity.Pid);
        RunFor(machine, 100);
        Assert.InRange(Ran(machine, TaskIdentity.Pid) - parent, 0, new EmulatedTime(machine).ClockOf(5 * Millisecond));
        machine.Scheduler.Inherit(new Dictionary<int, int>());
        RunFor(machine, 100);
        Assert.InRange(Ran(machine, TaskIdentity.Pid) - parent, new EmulatedTime(machine).ClockOf(30 * Millisecond), new EmulatedTime(machine).ClockOf(100 * Millisecond));
    }

    [Fact]
    public void The_kernel_is_not_preempted()
    {
        LinuxMachine machine = Two(AskForever, AskForever);
        var seen = new Interrupts();
        var watch = new InterruptWatch(machine, seen);
        while ((seen.InKernel < 5 || machine.State.Switches <= 10) && machine.State.Ticks < 400)
            machine.Run(RunLimits.Instructions(100_000), ref watch);
        Assert.True(seen.InKernel >= 5);
        Assert.True(machine.State.Switches > 10);
        Assert.Equal(0, seen.SwitchesWithin);

        static void AskForever(Assembler a)
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            Call(a, GetRandom, D + 0x100, 8, 0);
            a.jmp(again);
        }
    }

    [Fact]
    public void An_idle_processor_is_woken_for_what_is_due_and_for_nothing_else()
    {
        CallRun run = new CallScript(64).Holding(0x100, [.. BitConverter.GetBytes(3L), .. BitConverter.GetBytes(0L)])
            .Call(Nanosleep, D + 0x100, 0).Call(Nanosleep, D + 0x100, 0).Run();
        Assert.Equal([0L, 0], [run[0], run[1]]);
        Assert.InRange(run.Machine.State.Ticks, 0, 4);
        Assert.InRange(run.Machine.Processor.InstructionCount, 0, 20_000);
    }

    private sealed class Interrupts
    {
        public int InKernel { get; set; }

        public int SwitchesWithin { get; set; }

        public bool IsWithin { get; set; }
    }

    /// <summary>Looks for a switch between a timer interrupt that found the kernel and its return.</summary>
    private readonly struct InterruptWatch(LinuxMachine machine, Interrupts seen) : IInstructionTrace
    {
        private readonly ulong _timer = machine.AddressOf(TimerInterrupt.Symbol);
        private readonly ulong _switch = machine.AddressOf("__switch_to_asm");

        public bool Before(Processor processor, in Instruction instruction)
        {
            ulong ip = processor.Registers.Rip;
            if (ip == _timer && (machine.ReadPtRegs(processor.Registers[Gpr.Rdi])[PtRegsOffsets.Cs] & 3) == 0)
            {
                seen.InKernel++;
                seen.IsWithin = true;
            }
            else if (ip == _switch && seen.IsWithin)
            {
                seen.SwitchesWithin++;
            }
            else if (instruction.Mnemonic == Mnemonic.Iretq)
            {
                seen.IsWithin = false;
            }

            return true;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
