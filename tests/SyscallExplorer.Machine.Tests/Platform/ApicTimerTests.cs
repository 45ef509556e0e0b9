using System.Numerics;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 10.5.4: the timer counts a clock of its own, exactly, and nothing ticks.</summary>
public class ApicTimerTests
{
    private const byte TimerVector = ApicBench.Vector;

    public static TheoryData<string, uint, uint> Counts
    {
        get
        {
            var data = new TheoryData<string, uint, uint>();
            foreach (string model in (string[])["Haswell", "Skylake", "Zen2"])
            {
                foreach (uint divide in (uint[])[0, 1, 2, 3, 8, 9, 10, 11])
                    data.Add(model, divide, divide == 10 ? 3u : 17u);
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Counts))]
    public void One_shot_comes_at_the_first_boundary_at_or_after_its_end_and_once(string model, uint divide, uint count)
    {
        var bench = new ApicBench(Cpus.Find(model));
        bench.Write(ApicRegister.DivideConfiguration, divide);
        bench.Write(ApicRegister.LocalTimer, TimerVector);
        bench.Write(ApicRegister.InitialCount, count);
        long end = EndOf(bench, divide, count);
        AssertTakenAt(bench, end);
        Assert.Equal((0u, count), (bench.Read(ApicRegister.CurrentCount), bench.Read(ApicRegister.InitialCount)));
        bench.Write(ApicRegister.EndOfInterrupt, 0);
        Assert.Equal(long.MaxValue, bench.Apic.NextClock);
    }

    [Fact]
    public void A_periodic_timer_keeps_its_pace_whatever_comes_between()
    {
        var bench = new ApicBench(Cpus.Skylake);
        bench.Write(ApicRegister.DivideConfiguration, 0xB);
        bench.Write(ApicRegister.LocalTimer, ApicBits.Periodic | TimerVector);
        bench.Write(ApicRegister.InitialCount, 7);
        long start = bench.Cpu.S.Apic.Timer.StartClock;
        for (int period = 1; period <= 20; period++)
        {
            long end = EndOf(bench, 0xB, (ulong)period * 7);
            if (bench.Cpu.Clock > end)
                continue;
            AssertTakenAt(bench, end);
            bench.Write(ApicRegister.EndOfInterrupt, 0);
        }

        Assert.True(bench.Cpu.Clock > EndOf(bench, 0xB, 19 * 7));
        Assert.Equal(start, bench.Cpu.S.Apic.Timer.StartClock);
    }

    [Fact]
    public void The_current_count_follows_the_clock()
    {
        var bench = new ApicBench(Cpus.Haswell);
        bench.Write(ApicRegister.DivideConfiguration, 0xB);
        bench.Write(ApicRegister.InitialCount, 1000);
        for (int i = 0; i < 50; i++)
        {
            bench.Bench.Run64(a => Wait(a, 40));
            BigInteger ticks = Elapsed(bench) * 100_000_000 / (CoreHertz(bench) * 256);
            Assert.Equal((uint)BigInteger.Max(1000 - ticks, 0), bench.Apic.Read(ApicRegister.CurrentCount));
        }

        bench.Write(ApicRegister.InitialCount, 0);
        Assert.Equal(0u, bench.Read(ApicRegister.CurrentCount));
    }

    [Fact]
    public void A_periodic_count_starts_anew_from_the_initial_one()
    {
        var bench = new ApicBench(Cpus.Haswell);
        bench.Write(ApicRegister.DivideConfiguration, 0xB);
        bench.Write(ApicRegister.LocalTimer, ApicBits.Masked | ApicBits.Periodic | TimerVector);
        bench.Write(ApicRegister.InitialCount, 10);
        HashSet<uint> seen = [];
        for (int i = 0; i < 100; i++)
        {
            bench.Bench.Run64(a => Wait(a, 7));
            BigInteger ticks = Elapsed(bench) * 100_000_000 / (CoreHertz(bench) * 256);
            uint count = bench.Apic.Read(ApicRegister.CurrentCount);
            Assert.Equal((uint)(10 - ticks % 10), count);
            seen.Add(count);
        }

        Assert.Equal(10, seen.Count);
        Assert.Empty(bench.Vectors(ApicRegister.Request));
    }

    [Fact]
    public void What_a_masked_timer_missed_does_not_come_later()
    {
        var bench = new ApicBench();
        bench.Write(ApicRegister.LocalTimer, ApicBits.Masked | TimerVector);
        bench.Write(ApicRegister.InitialCount, 1);
        bench.Bench.Run64(a => Wait(a, 2000));
        bench.Write(ApicRegister.LocalTimer, TimerVector);
        Assert.Empty(bench.Vectors(ApicRegister.Request));
        Assert.Equal(long.MaxValue, bench.Apic.NextClock);
    }

    [Fact]
    public void Expirations_while_the_request_still_waits_are_one_interrupt()
    {
        var bench = new ApicBench();
        bench.Write(ApicRegister.LocalTimer, ApicBits.Periodic | TimerVector);
        bench.Write(ApicRegister.InitialCount, 5);
        bench.Bench.Run64(a => Wait(a, 5000));
        Assert.Equal([TimerVector], bench.Vectors(ApicRegister.Request));
        Assert.Equal((Vector)TimerVector, bench.Interrupted(a => a.nop())?.Vector);
        bench.Write(ApicRegister.LocalTimer, ApicBits.Masked | ApicBits.Periodic | TimerVector);
        bench.Write(ApicRegister.EndOfInterrupt, 0);
        if (bench.Vectors(ApicRegister.Request).Any())
            Assert.Equal((Vector)TimerVector, bench.Interrupted(a => a.nop())?.Vector);
        bench.Write(ApicRegister.EndOfInterrupt, 0);
        Assert.Null(bench.Interrupted(a => Wait(a, 5000)));
    }

    [Fact]
    public void A_timer_that_the_priority_holds_back_is_no_reason_to_look()
    {
        var bench = new ApicBench();
        bench.Write(ApicRegister.LocalTimer, ApicBits.Periodic | TimerVector);
        bench.Write(ApicRegister.InitialCount, 5);
        Assert.NotEqual(long.MaxValue, bench.Apic.NextClock);
        bench.Write(ApicRegister.TaskPriority, TimerVector);
        Assert.Equal(long.MaxValue, bench.Apic.NextClock);
        Assert.Null(bench.Interrupted(a => Wait(a, 2000)));
        TakenException? taken = bench.Interrupted(a => { ApicBench.Store(a, ApicRegister.TaskPriority, 0); a.nop(); });
        Assert.Equal(((Vector)TimerVector, BenchLayout.KernelCode + 20), (taken?.Vector, taken?.Rip));
    }

    [Fact]
    public void A_change_of_the_divisor_goes_on_from_the_current_count()
    {
        var bench = new ApicBench(Cpus.Haswell);
        bench.Write(ApicRegister.DivideConfiguration, 0xB);
        bench.Write(ApicRegister.LocalTimer, TimerVector);
        bench.Write(ApicRegister.InitialCount, 100);
        bench.Bench.Run64(a => Wait(a, 200));
        bench.Write(ApicRegister.DivideConfiguration, 0);
        ApicTimer timer = bench.Cpu.S.Apic.Timer;
        Assert.InRange(timer.StartCount, 1u, 99u);
        AssertTakenAt(bench, EndOf(bench, 0, timer.StartCount));
    }

    [Fact]
    public void An_illegal_vector_in_the_timer_is_an_error_and_wakes_a_halted_processor_by_the_interrupt_of_errors_only()
    {
        var bench = new ApicBench();
        bench.Write(ApicRegister.LocalTimer, ApicBits.Periodic | 5);
        bench.Write(ApicRegister.InitialCount, 5);
        Assert.Equal(long.MaxValue, bench.Apic.NextClock);
        bench.Write(ApicRegister.ErrorStatus, 0);
        bench.Write(ApicRegister.LocalError, 0x61);
        bench.Bench.Flags = Rflags.IF;
        bench.Bench.Place(BenchMode.Kernel64, a => a.hlt());
        Assert.Equal((Vector)0x61, bench.Bench.Go().Exception?.Vector);
        bench.Write(ApicRegister.ErrorStatus, 0);
        Assert.Equal(ApicBits.ReceiveIllegalVector, bench.Read(ApicRegister.ErrorStatus));
    }

    [Theory]
    [InlineData("Skylake", 0ul, 1000ul), InlineData("Haswell", 0ul, 777ul)]
    [InlineData("Skylake", 0xFFFF_FFFF_FFFF_0000ul, 500ul), InlineData("Skylake", 12345678ul, 1ul)]
    public void A_deadline_comes_at_the_first_clock_at_which_the_counter_has_reached_it(string model, ulong tsc, ulong distance)
    {
        var bench = new ApicBench(Cpus.Find(model));
        bench.Write(ApicRegister.LocalTimer, ApicBits.TscDeadline | TimerVector);
        bench.Cpu.Registers.WriteMsr(Msr.Tsc, tsc);
        ulong deadline = tsc + 2000 + distance;
        Assert.Null(bench.WriteMsr(Msr.TscDeadline, deadline));
        Assert.Equal(deadline, bench.ReadMsr(Msr.TscDeadline));
        long end = bench.Apic.NextClock;
        Assert.Equal((deadline - 1, deadline), (TscAt(bench, end - 1), TscAt(bench, end)));
        AssertTakenAt(bench, end);
        Assert.Equal(0ul, bench.ReadMsr(Msr.TscDeadline));
        bench.Write(ApicRegister.EndOfInterrupt, 0);
        Assert.Equal((long.MaxValue, 0u), (bench.Apic.NextClock, bench.Read(ApicRegister.CurrentCount)));
    }

    [Fact]
    public void A_counter_that_is_not_the_core_clock_is_converted_exactly()
    {
        var clock = new ApicClock(24_000_000, 4_000_000_000, (7, 3));
        for (ulong tsc = 0; tsc < 500; tsc++)
        {
            long first = clock.FirstClockAt(tsc);
            Assert.Equal(0, first % 256);
            Assert.True((ulong)(first >> 8) * 7 / 3 >= tsc && (first == 0 || (ulong)((first - 1) >> 8) * 7 / 3 < tsc), $"TSC {tsc} at clock {first}");
        }

        Assert.Equal(long.MaxValue, clock.FirstClockAt(ulong.MaxValue));
    }

    [Fact]
    public void A_deadline_that_has_passed_is_taken_at_once()
    {
        var bench = new ApicBench();
        bench.Write(ApicRegister.LocalTimer, ApicBits.TscDeadline | TimerVector);
        TakenException? taken = bench.Interrupted(a => { ApicBench.WriteMsr(a, Msr.TscDeadline, 1); a.nop(); });
        Assert.Equal(((Vector)TimerVector, BenchLayout.KernelCode + 17), (taken?.Vector, taken?.Rip));
    }

    [Fact]
    public void A_counter_that_is_set_beyond_the_deadline_reaches_it()
    {
        var bench = new ApicBench();
        bench.Write(ApicRegister.LocalTimer, ApicBits.TscDeadline | TimerVector);
        bench.WriteMsr(Msr.TscDeadline, 1ul << 40);
        TakenException? taken = bench.Interrupted(a => { ApicBench.WriteMsr(a, Msr.Tsc, 1ul << 41); a.nop(); });
        Assert.Equal((Vector)TimerVector, taken?.Vector);
    }

    [Fact]
    public void A_deadline_of_zero_disarms_the_timer_and_so_does_another_mode()
    {
        var bench = new ApicBench();
        bench.WriteMsr(Msr.TscDeadline, 1ul << 40);
        Assert.Equal(0ul, bench.ReadMsr(Msr.TscDeadline));
        bench.Write(ApicRegister.LocalTimer, ApicBits.TscDeadline | TimerVector);
        bench.WriteMsr(Msr.TscDeadline, 1ul << 40);
        bench.Write(ApicRegister.InitialCount, 100);
        Assert.Equal((1ul << 40, 0u), (bench.ReadMsr(Msr.TscDeadline), bench.Read(ApicRegister.InitialCount)));
        bench.WriteMsr(Msr.TscDeadline, 0);
        Assert.Equal((0ul, long.MaxValue), (bench.ReadMsr(Msr.TscDeadline), bench.Apic.NextClock));
        bench.WriteMsr(Msr.TscDeadline, 1ul << 40);
        bench.Write(ApicRegister.LocalTimer, TimerVector);
        bench.Write(ApicRegister.LocalTimer, ApicBits.TscDeadline | TimerVector);
        Assert.Equal(0ul, bench.ReadMsr(Msr.TscDeadline));
    }

    private static void Wait(Assembler a, int instructions)
    {
        for (int i = 0; i < instructions; i++)
            a.imul(rax, rax);
    }

    private static BigInteger Elapsed(ApicBench bench) => bench.Cpu.Clock - bench.Cpu.S.Apic.Timer.StartClock;

    /// <summary>When so many ticks have passed since the timer was started, counted apart from the code under test.</summary>
    private static long EndOf(ApicBench bench, uint divide, ulong ticks)
    {
        uint[] divisors = [2, 4, 8, 16, 32, 64, 128, 1];
        BigInteger units = CoreHertz(bench) * 256 * divisors[(divide >> 1 & 4) | (divide & 3)] * ticks;
        BigInteger timer = bench.Cpu.Model.Name == "Skylake" ? 24_000_000 : 100_000_000;
        return (long)(bench.Cpu.S.Apic.Timer.StartClock + (units + timer - 1) / timer);
    }

    private static BigInteger CoreHertz(ApicBench bench) => (BigInteger)(bench.Cpu.Model.Microarchitecture.NominalGigahertz * 1e9);

    private static ulong TscAt(ApicBench bench, long clock) => (ulong)(clock >> 8) + bench.Cpu.S.TscOffset;

    /// <summary>Runs with interrupts enabled, and compares where the interrupt comes with the boundaries of a copy that has them disabled.</summary>
    private static void AssertTakenAt(ApicBench bench, long clock)
    {
        bench.Bench.Place(BenchMode.Kernel64, a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.imul(rax, rax);
            a.inc(r15);
            a.rdtsc();
            a.xor(edx, edx);
            a.div(r14d);
            a.jmp(loop);
        });
        bench.Bench[Gpr.R14] = 3;
        bench.Bench[Gpr.R15] = bench.Bench[Gpr.Rdx] = 0;
        var copy = new Processor(bench.Cpu.Model, new Bus(bench.Cpu.Bus.Ram.Fork()));
        copy.Restore(bench.Cpu.Capture());
        while (copy.Clock < clock)
            Assert.Equal(StopReason.InstructionBudget, copy.Run(RunLimits.Instructions(1)).Reason);

        bench.Bench.Flags = Rflags.IF;
        TakenException? taken = bench.Bench.Go().Exception;
        bench.Bench.Flags = 0;
        Assert.Equal(((Vector)TimerVector, copy.Registers.Rip, copy.Registers[Gpr.R15]), (taken?.Vector, taken?.Rip, bench.Bench[Gpr.R15]));
    }
}
