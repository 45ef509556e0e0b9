using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>time, gettimeofday and clock_gettime.</summary>
public sealed class ClockCallTests
{
    private const ulong D = UserSpace.Data64;
    private const long Second = 1_000_000_000;
    private const int Tick = 4_000_000;

    [Theory]
    [InlineData("Skylake")]
    [InlineData("Haswell")]
    [InlineData("Zen2")]
    public void A_clock_shows_cycles_divided_by_the_frequency(string name)
    {
        CpuModel cpu = Cpus.Find(name);
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(edi, 1);
            a.mov(rsi, D);
            a.mov(eax, 228);
            a.syscall();
            a.mov(ecx, 50_000);
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.dec(ecx);
            a.jne(loop);
            a.mov(edi, 1);
            a.mov(rsi, D + 16);
            a.mov(eax, 228);
            a.syscall();
            a.ud2();
        }, cpu: cpu);
        var clocks = new List<long>();
        var trace = new CounterReads(clocks);
        machine.Run(RunLimits.Instructions(200_000), ref trace);
        Assert.Equal(2, clocks.Count);
        for (int i = 0; i < 2; i++)
        {
            byte[] bytes = new byte[16];
            Assert.True(machine.Memory.TryRead(D + (ulong)i * 16, bytes));
            long shown = BitConverter.ToInt64(bytes) * Second + BitConverter.ToInt64(bytes, 8);
            double expected = clocks[i] / 256.0 / cpu.Microarchitecture.NominalGigahertz;
            Assert.InRange(shown, (long)expected - 2, (long)expected + 2);
        }

        Assert.True(clocks[1] > clocks[0]);
    }

    [Fact]
    public void The_clocks_agree_with_each_other()
    {
        CallRun run = new CallScript(64).Call(201, D).Call(96, D + 0x10, D + 0x20).Call(228, 0, D + 0x30).Call(228, 11, D + 0x40).Call(201, 0).Run();
        Assert.Equal([0L, 0, 0], [run[1], run[2], run[3]]);
        long seconds = run[0];
        Assert.Equal(1_624_832_471, seconds);
        Assert.Equal(seconds, run.Word(0));
        Assert.Equal(seconds, run[4]);
        Assert.Equal(seconds, run.Word(0x10));
        Assert.Equal(seconds, run.Word(0x30));
        Assert.Equal(0, run.Word(0x20));
        long micro = run.Word(0x18), nano = run.Word(0x38), tai = run.Word(0x48);
        Assert.InRange(nano - micro * 1000, 0, 100_000);
        Assert.InRange(tai - nano, 1, 100_000);
    }

    [Fact]
    public void The_monotonic_clocks_start_near_zero_and_only_go_forward()
    {
        CallScript script = new(64);
        int[] clocks = [1, 4, 7, 1];
        for (int i = 0; i < clocks.Length; i++)
            script.Call(228, clocks[i], D + (ulong)i * 16);
        CallRun run = script.Run();
        long last = 0;
        for (ulong i = 0; i < (ulong)clocks.Length; i++)
        {
            Assert.Equal(0, run.Word(i * 16));
            Assert.InRange(run.Word(i * 16 + 8), last + 1, Tick);
            last = run.Word(i * 16 + 8);
        }
    }

    [Fact]
    public void Coarse_clocks_show_the_last_tick()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            int[] clocks = [ClockIds.RealtimeCoarse, ClockIds.MonotonicCoarse, ClockIds.Monotonic];
            for (int i = 0; i < clocks.Length; i++)
            {
                a.mov(edi, clocks[i]);
                a.mov(rsi, D + (ulong)i * 16);
                a.mov(eax, 228);
                a.syscall();
            }

            a.ud2();
        });

        // The deadline of the next tick has passed then.
        machine.Processor.Registers.WriteMsr(Msr.Tsc, 4_000_000_000ul * 3 + 123_456_789);
        machine.Run(RunLimits.Instructions(5000));
        byte[] bytes = new byte[48];
        Assert.True(machine.Memory.TryRead(D, bytes));
        Assert.Equal(1_624_832_471 + 3, BitConverter.ToInt64(bytes));
        Assert.Equal(3, BitConverter.ToInt64(bytes, 16));
        long coarse = BitConverter.ToInt64(bytes, 24);
        Assert.Equal(coarse, BitConverter.ToInt64(bytes, 8));
        Assert.Equal(3, BitConverter.ToInt64(bytes, 32));
        Assert.InRange(BitConverter.ToInt64(bytes, 40), coarse + 1, coarse + Tick);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(99)]
    [InlineData(-1000)]
    public void An_unknown_clock_is_einval_before_its_buffer_matters(int clock)
    {
        CallRun run = new CallScript(64).Call(228, clock, D).Call(228, clock, 0).Run();
        Assert.Equal([-22L, -22], [run[0], run[1]]);
    }

    [Fact]
    public void Null_is_allowed_where_the_call_allows_it()
    {
        CallRun run = new CallScript(64).Call(201, 0).Call(96, 0, 0).Call(96, 0, D).Call(228, 0, 0).Run();
        Assert.True(run[0] > 0);
        Assert.Equal([0L, 0, -14], [run[1], run[2], run[3]]);
    }

    [Fact]
    public void A_buffer_that_is_not_the_programs_is_efault()
    {
        CallScript script = new(64);
        ulong[] bad = [0x10, UserSpace.Code64, KernelLayout.DirectMap, KernelLayout.Data, 0x8000_0000_0000_0000];
        foreach (ulong address in bad)
            script.Call(201, address).Call(96, address, 0).Call(96, 0, address).Call(228, 1, address);
        CallRun run = script.Run();
        for (int call = 0; call < bad.Length * 4; call++)
            Assert.Equal(-14, run[call]);
    }

    [Fact]
    public void A_32_bit_program_gets_the_short_layouts_and_the_long_one_where_it_asks_for_it()
    {
        var script = new CallScript(32);
        ulong data = script.Data;
        byte[] filler = Enumerable.Repeat((byte)0xEE, 0x100).ToArray();
        CallRun run = script.Holding(0, filler).Call(13, data).Call(78, data + 0x10, data + 0x20).Call(265, 0, data + 0x30).Call(403, 0, data + 0x40).Run();
        const int seconds = 1_624_832_471;
        int marker = unchecked((int)0xEEEEEEEE);
        Assert.Equal([seconds, 0L, 0, 0], new[] { run[0], run[1], run[2], run[3] });
        Assert.Equal((seconds, marker), (run.Dword(0), run.Dword(4)));
        Assert.Equal((seconds, marker), (run.Dword(0x10), run.Dword(0x18)));
        Assert.Equal((0L, marker), (run.Word(0x20), run.Dword(0x28)));
        Assert.Equal((seconds, marker), (run.Dword(0x30), run.Dword(0x38)));
        Assert.Equal((long)seconds, run.Word(0x40));
        Assert.InRange(run.Word(0x48), run.Dword(0x34), Second - 1);
        Assert.Equal(marker, run.Dword(0x50));
    }

    [Fact]
    public void Bad_pointers_of_32_bit_programs_are_efault()
    {
        CallRun run = new CallScript(32).Call(13, 0x10).Call(78, 0x10, 0).Call(78, 0, 0x10).Call(265, 0, 0x10).Call(403, 0, 0xFFFF_F000).Call(265, 77, 0).Run();
        Assert.Equal([-14L, -14, -14, -14, -14, -22], [run[0], run[1], run[2], run[3], run[4], run[5]]);
    }

    private readonly struct CounterReads(List<long> clocks) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (processor.CurrentPrivilegeLevel == 0 && instruction.Mnemonic is Mnemonic.Rdtsc or Mnemonic.Rdtscp)
                clocks.Add(processor.Clock);
            return true;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
