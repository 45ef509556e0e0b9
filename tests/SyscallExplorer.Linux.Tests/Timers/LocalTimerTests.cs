using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The local APIC as the kernel uses it: set up at boot, programmed to the next thing to do, told of the end of its interrupt.</summary>
public sealed class LocalTimerTests
{
    private const ulong D = UserSpace.Data64;
    private const int Nanosleep = 35, GetTime = 228;
    private const long Millisecond = 1_000_000, Second = 1000 * Millisecond;
    private const string XApicCounting = "nox2apic lapic=notscdeadline";

    private static readonly ApicRegister InServiceOfTimer = ApicRegister.InService + (TimerInterrupt.Vector >> 5 << 4);

    /// <summary>Processors and options, with x2APIC mode or not, and with a deadline or not.</summary>
    public static TheoryData<string, string, bool, bool> Machines() => new()
    {
        { "Skylake", "", true, true },
        { "Skylake", "nox2apic", false, true },
        { "Haswell", "lapic=notscdeadline", true, false },
        { "Skylake", XApicCounting, false, false },
        { "Zen2", "", true, false },
        { "Zen2", "nox2apic", false, false },
    };

    public static TheoryData<string, string> EveryMode()
    {
        var data = new TheoryData<string, string>();
        foreach (object[] machine in Machines())
            data.Add((string)machine[0], (string)machine[1]);
        return data;
    }

    private static byte[] Words(params long[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    private static LinuxMachine Spinning(string cpu, string options) => Guest.Load(a =>
    {
        Label again = a.CreateLabel();
        a.Label(ref again);
        a.pause();
        a.jmp(again);
    }, cpu: Cpus.Find(cpu), commandLine: options);

    private static bool IsInService(LinuxMachine machine) =>
        (machine.Processor.LocalApic.Read(InServiceOfTimer) >> (TimerInterrupt.Vector & 31) & 1) != 0;

    private static void RunTo(LinuxMachine machine, string symbol)
    {
        var stop = new StopAt(machine.AddressOf(symbol));
        RunResult result = machine.Run(RunLimits.Instructions(5_000_000), ref stop);
        Assert.True(result.Reason == StopReason.Trace, result.Message);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Boot_enables_the_apic_and_its_timer(string cpu, string options, bool extended, bool deadline)
    {
        LocalApic apic = Guest.Boot(Cpus.Find(cpu), options).Processor.LocalApic;
        Assert.Equal(extended ? ApicMode.X2Apic : ApicMode.XApic, apic.Mode);
        Assert.True(apic.IsEnabled);
        Assert.Equal(0x1FFu, apic.Read(ApicRegister.SpuriousVector));
        Assert.Equal(0x10u, apic.Read(ApicRegister.TaskPriority));
        Assert.Equal(deadline ? 0x400ECu : 0xECu, apic.Read(ApicRegister.LocalTimer));
        Assert.Equal(deadline ? 0u : 3u, apic.Read(ApicRegister.DivideConfiguration));
        Assert.Equal(long.MaxValue, apic.NextClock);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_tick_is_in_service_until_its_handler_has_acknowledged_it(string cpu, string options, bool extended, bool deadline)
    {
        LinuxMachine machine = Spinning(cpu, options);
        LocalApic apic = machine.Processor.LocalApic;
        for (int tick = 1; tick <= 3; tick++)
        {
            RunTo(machine, TimerInterrupt.Symbol);
            Assert.Equal(tick - 1, machine.State.Ticks);
            Assert.Equal(tick, new EmulatedTime(machine).SinceBoot / Scheduler.NanosecondsPerTick);
            Assert.True(IsInService(machine));
            Assert.Equal(0u, apic.Read(ApicRegister.CurrentCount));

            EndOfInterrupt end = RunToEnd(machine);
            Assert.Equal(extended ? Mnemonic.Wrmsr : Mnemonic.Mov, end.Mnemonic);
            Assert.Equal(tick - 1, machine.State.Ticks);

            RunTo(machine, "irqentry_exit_to_user_mode");
            Assert.Equal(tick, machine.State.Ticks);
            Assert.False(IsInService(machine));
            long next = new EmulatedTime(machine).ClockAt((tick + 1) * Scheduler.NanosecondsPerTick);
            Assert.InRange(apic.NextClock, next, next + new EmulatedTime(machine).ClockOf(700));
            if (deadline)
                Assert.Equal(next, apic.NextClock);
        }
    }

    [Theory]
    [MemberData(nameof(EveryMode))]
    public void A_sleep_ends_at_its_time_and_sees_no_tick(string cpu, string options)
    {
        CallRun run = Sleep(1, 234_567_891).Run(cpu: Cpus.Find(cpu), commandLine: options);
        Assert.Equal([0L, 0, 0], Enumerable.Range(0, 3).Select(i => run[i]));
        Assert.InRange(Slept(run), Second + 234_567_891, Second + 234_567_891 + 50_000);
        Assert.Equal(0, run.Machine.State.Ticks);
    }

    [Theory]
    [InlineData("Skylake")]
    [InlineData("Zen2")]
    public void A_sleep_that_is_longer_than_the_longest_count_takes_several(string cpu)
    {
        const long seconds = 3000;
        LinuxMachine machine = Sleep(seconds, 1).Load(cpu: Cpus.Find(cpu), commandLine: XApicCounting);
        var count = new Counter();
        var trace = new CountOf(count, machine.AddressOf(TimerInterrupt.Symbol));
        Assert.True(machine.Memory.TryWrite(D + 0x100, Words(seconds, 1)));
        machine.Run(RunLimits.Instructions(100_000), ref trace);
        Assert.True(machine.IsOver);
        byte[] times = new byte[0x20];
        Assert.True(machine.Memory.TryRead(D + 0x200, times));
        long slept = (BitConverter.ToInt64(times, 0x10) - BitConverter.ToInt64(times)) * Second + BitConverter.ToInt64(times, 0x18) - BitConverter.ToInt64(times, 8);
        Assert.InRange(slept, seconds * Second + 1, seconds * Second + 50_000);

        long longest = (long)(0x7FFF_FFFF * 16.0 / Cpus.Find(cpu).ApicTimerHertz);
        Assert.Equal(seconds / longest + 1, count.Value);
    }

    [Theory]
    [MemberData(nameof(EveryMode))]
    public void A_timer_whose_time_has_passed_interrupts_at_once(string cpu, string options)
    {
        LinuxMachine machine = Spinning(cpu, options);
        machine.Run(RunLimits.Instructions(10_000));
        var gone = new Counter();
        foreach (long time in (long[])[0, -Second, new EmulatedTime(machine).SinceBoot])
        {
            gone.Value = 0;
            long before = new EmulatedTime(machine).SinceBoot;
            machine.Timers.Add(time, new Note(gone));
            RunTo(machine, TimerInterrupt.Symbol);
            RunTo(machine, "irqentry_exit_to_user_mode");
            Assert.Equal(1, gone.Value);
            Assert.InRange(new EmulatedTime(machine).SinceBoot - before, 0, 10_000);
        }

        Assert.Equal(0, machine.State.Ticks);
        RunTo(machine, TimerInterrupt.Symbol);
        Assert.InRange(new EmulatedTime(machine).SinceBoot, Scheduler.NanosecondsPerTick, Scheduler.NanosecondsPerTick + 10_000);
    }

    [Fact]
    public void A_write_to_the_time_stamp_counter_costs_an_interrupt_and_no_tick()
    {
        LinuxMachine machine = Spinning("Skylake", "");
        machine.Processor.Registers.WriteMsr(Msr.Tsc, 1ul << 40);
        RunTo(machine, TimerInterrupt.Symbol);
        Assert.InRange(new EmulatedTime(machine).SinceBoot, 0, Scheduler.NanosecondsPerTick - 1);
        RunTo(machine, "irqentry_exit_to_user_mode");
        RunTo(machine, TimerInterrupt.Symbol);
        Assert.InRange(new EmulatedTime(machine).SinceBoot, Scheduler.NanosecondsPerTick, Scheduler.NanosecondsPerTick + 10_000);
        RunTo(machine, "irqentry_exit_to_user_mode");
        Assert.Equal(1, machine.State.Ticks);
    }

    private static CallScript Sleep(long seconds, long nanoseconds) => new CallScript(64).Holding(0x100, Words(seconds, nanoseconds))
        .Call(GetTime, 1, D + 0x200).Call(Nanosleep, D + 0x100, 0).Call(GetTime, 1, D + 0x210);

    private static long Slept(CallRun run) => (run.Word(0x210) - run.Word(0x200)) * Second + run.Word(0x218) - run.Word(0x208);

    /// <summary>Runs until the interrupt is no longer in service.</summary>
    private static EndOfInterrupt RunToEnd(LinuxMachine machine)
    {
        var end = new EndOfInterrupt();
        var watch = new WatchService(end);
        RunResult result = machine.Run(RunLimits.Instructions(50), ref watch);
        Assert.True(result.Reason == StopReason.Trace, result.Message);
        return end;
    }

    private sealed class Counter
    {
        public int Value { get; set; }
    }

    private sealed class EndOfInterrupt
    {
        public Mnemonic Mnemonic { get; set; }
    }

    private sealed record Note(Counter Counter) : TimerTarget
    {
        public override void GoOff(LinuxMachine machine, KernelTimer timer) => Counter.Value++;
    }

    private struct StopAt(ulong address) : IInstructionTrace
    {
        private bool _hasLeft;

        public bool Before(Processor processor, in Instruction instruction)
        {
            bool stop = _hasLeft && processor.Registers.Rip == address;
            _hasLeft = true;
            return !stop;
        }

        public readonly void After(Processor processor, in InstructionStep step)
        {
        }
    }

    private readonly struct CountOf(Counter count, ulong address) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (processor.Registers.Rip == address)
                count.Value++;
            return true;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }

    private readonly struct WatchService(EndOfInterrupt end) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if ((processor.LocalApic.Read(InServiceOfTimer) >> (TimerInterrupt.Vector & 31) & 1) == 0)
                return false;
            end.Mnemonic = instruction.Mnemonic;
            return true;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
