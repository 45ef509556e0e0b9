using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>MONITOR, MWAIT, MONITORX, MWAITX (SDM vol. 2B; APM vol. 3), RDPMC, RDPRU and CLZERO.</summary>
public sealed class MonitorTests
{
    private static readonly byte[] Monitor = [0x0F, 0x01, 0xC8];
    private static readonly byte[] Mwait = [0x0F, 0x01, 0xC9];
    private static readonly byte[] Monitorx = [0x0F, 0x01, 0xFA];
    private static readonly byte[] Mwaitx = [0x0F, 0x01, 0xFB];
    private static readonly byte[] Rdpru = [0x0F, 0x01, 0xFD];
    private static readonly byte[] Clzero = [0x0F, 0x01, 0xFC];

    [Fact]
    public void Waiting_ends_at_once_in_ring_0_and_is_an_invalid_opcode_elsewhere()
    {
        var bench = Bench(Cpus.Skylake);
        bench.Complete(BenchMode.Kernel64, [.. Monitor, .. Mwait]);
        Assert.Equal(Vector.InvalidOpcode, bench.Fault(BenchMode.User64, Monitor).Vector);
        Assert.Equal(Vector.InvalidOpcode, bench.Fault(BenchMode.User64, Mwait).Vector);
    }

    [Fact]
    public void IA32_MISC_ENABLE_takes_the_instructions_and_their_CPUID_bit_away()
    {
        var bench = Bench(Cpus.Skylake);
        Assert.NotEqual(0u, FeatureBit(bench));
        bench.Cpu.Registers.WriteMsr(Msr.MiscEnable, 1);
        Assert.Equal(0u, FeatureBit(bench));
        Assert.Equal(Vector.InvalidOpcode, bench.Fault(BenchMode.Kernel64, Mwait).Vector);
    }

    [Theory]
    [InlineData(0ul, true, true), InlineData(1ul, false, true), InlineData(2ul, false, false), InlineData(1ul << 32, false, false)]
    public void Extensions_that_do_not_exist_are_refused(ulong extensions, bool monitor, bool wait)
    {
        var bench = Bench(Cpus.Skylake);
        bench[Gpr.Rcx] = extensions;
        Assert.Equal(monitor ? null : Vector.GeneralProtection, bench.Try(BenchMode.Kernel64, Monitor).Exception?.Vector);
        Assert.Equal(wait ? null : Vector.GeneralProtection, bench.Try(BenchMode.Kernel64, Mwait).Exception?.Vector);
    }

    [Fact]
    public void The_monitored_address_faults_as_that_of_a_load()
    {
        var bench = Bench(Cpus.Skylake);
        bench.Unmap(BenchLayout.KernelData);
        Assert.Equal(Vector.PageFault, bench.Fault(BenchMode.Kernel64, Monitor).Vector);
        bench.Cpu.Registers[SegmentName.GS] = new Segment(0, 0x1000, 0, 0);
        bench.Complete(BenchMode.Kernel64, [0x65, .. Monitor]);
    }

    [Fact]
    public void AMDs_forms_work_in_ring_3_and_Intel_does_not_have_them()
    {
        var bench = Bench(Cpus.Zen2);
        bench[Gpr.Rax] = BenchLayout.UserData;
        bench.Complete(BenchMode.User64, [.. Monitorx, .. Mwaitx]);
        bench[Gpr.Rcx] = 3;
        bench.Complete(BenchMode.User64, Mwaitx);
        bench[Gpr.Rcx] = 4;
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.User64, Mwaitx).Vector);
        Assert.Equal(Vector.InvalidOpcode, Bench(Cpus.Skylake).Fault(BenchMode.User64, Monitorx).Vector);
    }

    [Theory, InlineData(BenchMode.Kernel64), InlineData(BenchMode.User64)]
    public void Without_performance_counters_RDPMC_is_refused_whatever_the_number(BenchMode mode)
    {
        var bench = Bench(Cpus.Skylake);
        bench.Cpu.Registers.ControlRegister4 |= Cr4.PCE;
        TakenException taken = bench.Fault(mode, a => a.rdpmc());
        Assert.Equal((Vector.GeneralProtection, 0u), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void RDPRU_reads_two_counters_in_ring_3_unless_TSD_forbids_it()
    {
        var bench = Bench(Cpus.Zen2);
        bench[Gpr.Rcx] = 1;
        bench.Complete(BenchMode.User64, [.. Enumerable.Repeat((byte)0x90, 500), .. Rdpru]);
        Assert.InRange(bench[Gpr.Rax], 1u, (ulong)bench.Cpu.Clock >> 8);
        bench[Gpr.Rcx] = 2;
        bench.Complete(BenchMode.User64, Rdpru);
        Assert.Equal((0ul, 0ul), (bench[Gpr.Rax], bench[Gpr.Rdx]));
        bench.Cpu.Registers.ControlRegister4 |= Cr4.TSD;
        bench.Complete(BenchMode.Kernel64, Rdpru);
        Assert.Equal(Vector.InvalidOpcode, bench.Fault(BenchMode.User64, Rdpru).Vector);
    }

    [Fact]
    public void CLZERO_clears_the_line_that_holds_the_address()
    {
        var bench = Bench(Cpus.Zen2);
        bench.WriteBytes(BenchLayout.KernelData, Enumerable.Repeat((byte)0xAA, 192).ToArray());
        bench[Gpr.Rax] = BenchLayout.KernelData + 64 + 33;
        bench.Complete(BenchMode.Kernel64, Clzero);
        byte[] expected = [.. Enumerable.Repeat((byte)0xAA, 64), .. new byte[64], .. Enumerable.Repeat((byte)0xAA, 64)];
        Assert.Equal(expected, bench.ReadBytes(BenchLayout.KernelData, 192));
    }

    private static MachineBench Bench(CpuModel model)
    {
        var bench = new MachineBench(model);
        bench[Gpr.Rax] = BenchLayout.KernelData;
        return bench;
    }

    private static uint FeatureBit(MachineBench bench)
    {
        bench[Gpr.Rax] = 1;
        bench.Run64(a => a.cpuid());
        return (uint)bench[Gpr.Rcx] & 8;
    }
}
