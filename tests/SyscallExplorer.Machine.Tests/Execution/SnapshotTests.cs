using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>A snapshot and a fork go on bit-equal, and neither side sees the other.</summary>
public class SnapshotTests
{
    private static readonly ulong[] Probes = [BenchLayout.UserData, BenchLayout.UserData + 0x1000, BenchLayout.LargePages];
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(0), InlineData(1), InlineData(37), InlineData(200)]
    public void A_fork_goes_on_bit_equal(long before)
    {
        _bench.Place(BenchMode.User64, Busy);
        _bench.Flags = Rflags.IF;
        _bench.SetGate(0x40, BenchLayout.KernelCode + 0x800);
        _bench.WriteBytes(BenchLayout.KernelCode + 0x800, MachineBench.Assemble(64, BenchLayout.KernelCode + 0x800, a => { a.inc(r15); a.iretq(); }));
        for (int i = 1; i < 20; i++)
            _bench.Cpu.Interrupts.Schedule(0x40, i * 50_000);
        _bench.Cpu.Run(RunLimits.Instructions(before));
        Processor fork = Fork(_bench.Cpu);
        _bench.Cpu.Run(RunLimits.Instructions(1000));
        fork.Run(RunLimits.Instructions(1000));
        Assert.Equal(ObservableState.Of(_bench.Cpu), ObservableState.Of(fork));
    }

    [Fact]
    public void A_restored_processor_repeats_itself()
    {
        _bench.Place(BenchMode.User64, Busy);
        _bench.Cpu.Run(RunLimits.Instructions(100));
        PhysicalMemory memory = _bench.Ram.Fork();
        ProcessorSnapshot snapshot = _bench.Cpu.Capture();
        _bench.Cpu.Run(RunLimits.Instructions(500));
        string first = ObservableState.Of(_bench.Cpu);
        _bench.Ram.CopyFrom(memory);
        _bench.Cpu.Restore(snapshot);
        _bench.Cpu.Run(RunLimits.Instructions(500));
        Assert.Equal(first, ObservableState.Of(_bench.Cpu));
    }

    [Fact]
    public void A_fork_and_its_origin_do_not_see_each_others_writes()
    {
        _bench.Place(BenchMode.User64, Writer);
        _bench.Cpu.Run(RunLimits.Instructions(20));
        Processor fork = Fork(_bench.Cpu);
        ulong[] before = Probes.Select(_bench.Ram.ReadUInt64).ToArray();
        _bench.Cpu.Run(RunLimits.Instructions(40));
        Assert.Equal(before, Probes.Select(fork.Bus.Ram.ReadUInt64));
        ulong[] after = Probes.Select(_bench.Ram.ReadUInt64).ToArray();
        Assert.NotEqual(before, after);
        fork.Run(RunLimits.Instructions(400));
        Assert.Equal(after, Probes.Select(_bench.Ram.ReadUInt64));
    }

    [Fact]
    public void A_snapshot_of_memory_keeps_what_a_cached_write_would_have_changed()
    {
        _bench.Place(BenchMode.User64, Writer);
        _bench.Cpu.Run(RunLimits.Instructions(20));
        for (int i = 0; i < 5; i++)
        {
            PhysicalMemory kept = _bench.Ram.Fork();
            ulong[] before = Probes.Select(kept.ReadUInt64).ToArray();
            _bench.Cpu.Run(RunLimits.Instructions(10));
            Assert.Equal(before, Probes.Select(kept.ReadUInt64));
        }
    }

    [Fact]
    public void Code_that_one_side_patched_stays_as_it_was_on_the_other()
    {
        _bench.Place(BenchMode.User64, a => { a.mov(eax, 1); a.jmp(BenchLayout.UserCode); });
        _bench.Cpu.Run(RunLimits.Instructions(4));
        Processor fork = Fork(_bench.Cpu);
        fork.Bus.Ram.Write(BenchLayout.UserCode + 1, [2]);
        _bench.Cpu.Run(RunLimits.Instructions(4));
        fork.Run(RunLimits.Instructions(4));
        Assert.Equal((1ul, 2ul), (_bench[Gpr.Rax], fork.Registers[Gpr.Rax]));
    }

    [Fact]
    public void A_snapshot_keeps_a_shutdown_and_its_history()
    {
        _bench.Cpu.Registers.Idtr = default;
        _bench.Try(BenchMode.User64, a => a.ud2());
        Processor fork = Fork(_bench.Cpu);
        Assert.Equal(_bench.Cpu.Run(default).Message, fork.Run(default).Message);
        Assert.NotEmpty(fork.TripleFaultHistory);
    }

    private static void Writer(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.Label(ref loop);
        foreach (ulong probe in Probes)
            a.inc(__qword_ptr[probe]);
        a.jmp(loop);
    }

    /// <summary>Touches many pages, branches irregularly and reads the clock.</summary>
    private static void Busy(Assembler a)
    {
        Label loop = a.CreateLabel();
        Label skip = a.CreateLabel();
        a.mov(rbx, BenchLayout.LargePages);
        a.mov(rcx, 12345);
        a.Label(ref loop);
        a.imul(rcx, rcx, 1103515245);
        a.add(rcx, 12345);
        a.mov(rdx, rcx);
        a.shr(rdx, 13);
        a.and(edx, 0x1F_FFF8);
        a.add(__qword_ptr[rbx + rdx], rcx);
        a.test(cl, 16);
        a.jz(skip);
        a.rdtsc();
        a.xor(r8, rax);
        a.push(r8);
        a.pop(r9);
        a.Label(ref skip);
        a.jmp(loop);
    }

    private static Processor Fork(Processor cpu)
    {
        var fork = new Processor(cpu.Model, new Bus(cpu.Bus.Ram.Fork()));
        fork.Restore(cpu.Capture());
        return fork;
    }
}
