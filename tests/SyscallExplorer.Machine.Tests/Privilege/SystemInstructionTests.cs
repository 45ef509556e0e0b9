using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>CPUID, RDTSC and its kin, HLT, VMCALL: what belongs to no family.</summary>
public class SystemInstructionTests
{
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData("Skylake", "GenuineIntel"), InlineData("Zen2", "AuthenticAMD")]
    public void CPUID_names_the_vendor(string model, string vendor)
    {
        (uint _, uint ebx, uint ecx, uint edx) = Cpuid(model, 0, 0);
        Assert.Equal(vendor, System.Text.Encoding.ASCII.GetString([.. BitConverter.GetBytes(ebx), .. BitConverter.GetBytes(edx), .. BitConverter.GetBytes(ecx)]));
    }

    [Theory]
    [InlineData("Haswell", 0x000306C3u), InlineData("Skylake", 0x000506E3u), InlineData("Zen2", 0x00870F10u)]
    public void CPUID_1_has_the_signature(string model, uint signature) => Assert.Equal(signature, Cpuid(model, 1, 0).Eax);

    [Fact]
    public void CPUID_tells_the_features_that_a_model_has()
    {
        Assert.Equal((true, false), (Bit(Cpuid("Skylake", 7, 0).Ebx, 20), Bit(Cpuid("Haswell", 7, 0).Ebx, 20)));
        Assert.Equal((true, false), (Bit(Cpuid("Skylake", 1, 0).Ecx, 17), Bit(Cpuid("Zen2", 1, 0).Ecx, 17)));
        Assert.True(Bit(Cpuid("Zen2", 0x80000001, 0).Edx, 29));
        Assert.Equal(default, Cpuid("Skylake", 7, 1));
    }

    [Fact]
    public void CPUID_tells_the_widths_of_addresses() => Assert.Equal((39u | 48 << 8, 48u | 48 << 8), (Cpuid("Skylake", 0x80000008, 0).Eax, Cpuid("Zen2", 0x80000008, 0).Eax));

    [Theory]
    [InlineData("Haswell", 4u), InlineData("Skylake", 4u), InlineData("Zen2", 0x8000001Du)]
    public void CPUID_lists_the_caches_until_one_has_no_kind(string model, uint leaf)
    {
        CpuModel cpu = Cpus.Find(model);
        for (uint i = 0; i <= cpu.Caches.Count; i++)
        {
            (uint eax, uint ebx, uint ecx, uint _) = Cpuid(model, leaf, i);
            uint size = ((ebx >> 22) + 1) * ((ebx & 0xFFF) + 1) * (ecx + 1);
            if (i == cpu.Caches.Count)
                Assert.Equal(0u, eax);
            else
                Assert.Equal((cpu.Caches[(int)i].Kind, cpu.Caches[(int)i].Level, (uint)cpu.Caches[(int)i].Size), ((CacheKind)(eax & 31), (int)(eax >> 5 & 7), size));
        }
    }

    [Fact]
    public void CPUID_tells_the_sizes_of_AMDs_caches_in_the_older_leaves_too()
    {
        Assert.Equal((0x2008_0140u, 0x2008_0140u), (Cpuid("Zen2", 0x80000005, 0).Ecx, Cpuid("Zen2", 0x80000005, 0).Edx));
        Assert.Equal((0x0200_6040u, 0x0080_8140u), (Cpuid("Zen2", 0x80000006, 0).Ecx, Cpuid("Zen2", 0x80000006, 0).Edx));
    }

    [Fact]
    public void CPUID_repeats_features_in_AMDs_own_leaf()
    {
        Assert.True(Bit(Cpuid("Zen2", 0x80000001, 0).Edx, 23));
        Assert.False(Bit(Cpuid("Skylake", 0x80000001, 0).Edx, 23));
    }

    [Fact]
    public void An_unknown_leaf_is_empty_on_Amd_and_the_highest_basic_one_on_Intel()
    {
        Assert.Equal(default, Cpuid("Zen2", 0x5000_0000, 0));
        Assert.Equal(Cpuid("Skylake", 0x16, 0), Cpuid("Skylake", 0x5000_0000, 0));
    }

    [Fact]
    public void RDTSC_counts_cycles_and_reaches_ring_3_unless_TSD_forbids_it()
    {
        _bench.RunUser64(a =>
        {
            a.rdtsc();
            a.mov(r8, rax);
            a.rdtsc();
        });
        Assert.True(_bench[Gpr.Rax] > _bench[Gpr.R8]);
        _bench.SetCr4(Cr4.TSD);
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.rdtsc())));
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.rdtscp())));
        _bench.Run64(a => a.rdtsc());
    }

    [Fact]
    public void RDTSCP_and_RDPID_show_TSC_AUX()
    {
        var bench = new MachineBench(Cpus.Zen2);
        bench.Cpu.Registers.WriteMsr(Msr.TscAux, 0x2005);
        bench[Gpr.Rcx] = bench[Gpr.Rbx] = ulong.MaxValue;
        bench.RunUser64(a => { a.rdtscp(); a.rdpid(rbx); });
        Assert.Equal((0x2005ul, 0x2005ul), (bench[Gpr.Rcx], bench[Gpr.Rbx]));
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, a => a.rdpid(rbx)).Vector);
    }

    [Fact]
    public void Ring_3_may_not_halt_nor_flush()
    {
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.hlt())));
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.invlpg(__byte_ptr[rbx]))));
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.wbinvd())));
    }

    [Fact]
    public void VMCALL_without_a_handler_or_in_ring_3_is_an_invalid_opcode()
    {
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.Kernel64, Hypercall(1)).Vector);
        _bench.Cpu.Hypercalls = new Recorder();
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, Hypercall(1)).Vector);
    }

    [Theory]
    [InlineData(0), InlineData(7), InlineData(0x12345678), InlineData(-1)]
    public void VMCALL_hands_on_the_number_of_the_NOP_behind_it(int number)
    {
        var recorder = new Recorder();
        _bench.Cpu.Hypercalls = recorder;
        _bench.Complete(BenchMode.Kernel64, Hypercall(number));
        Assert.Equal([number], recorder.Numbers);
    }

    [Fact]
    public void VMCALL_finds_its_number_across_a_page_and_behind_a_CS_base()
    {
        var recorder = new Recorder();
        _bench.Cpu.Hypercalls = recorder;
        _bench.Complete(BenchMode.Kernel64, (byte[])[.. Enumerable.Repeat((byte)0x90, 0xFFA), .. Hypercall(5)]);
        _bench.Complete(BenchMode.Kernel16, [0x0F, 0x01, 0xC1, 0x0F, 0x1F, 0x80, 6, 0, 0, 0]);
        Assert.Equal([5, 6], recorder.Numbers);
    }

    [Fact]
    public void VMCALL_without_a_number_or_with_an_unknown_one_is_an_invalid_opcode()
    {
        var recorder = new Recorder { Answer = HypercallResult.Unknown };
        _bench.Cpu.Hypercalls = recorder;
        Assert.Equal(BenchLayout.KernelCode, _bench.Fault(BenchMode.Kernel64, 0x0F, 0x01, 0xC1, 0x90).Rip);
        Assert.Empty(recorder.Numbers);
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.Kernel64, Hypercall(3)).Vector);
    }

    [Fact]
    public void A_hypercall_costs_what_its_handler_says_and_may_stop_the_run_behind_it()
    {
        var recorder = new Recorder { Answer = HypercallResult.Stop, Cycles = 12345 };
        _bench.Cpu.Hypercalls = recorder;
        _bench.Place(BenchMode.Kernel64, Hypercall(3));
        RunResult result = _bench.Cpu.Run(RunLimits.Instructions(10));
        Assert.Equal((StopReason.Hypercall, 1L, BenchLayout.KernelCode + 3), (result.Reason, result.Instructions, _bench.Cpu.Registers.Rip));
        Assert.Equal(12345, _bench.Cpu.HypercallClock);
        Assert.True(result.Clock > 12345);
    }

    private static byte[] Hypercall(int number) => [0x0F, 0x01, 0xC1, 0x0F, 0x1F, 0x80, .. BitConverter.GetBytes(number)];

    private static bool Bit(uint value, int bit) => (value >> bit & 1) != 0;

    private static (uint Eax, uint Ebx, uint Ecx, uint Edx) Cpuid(string model, uint leaf, uint subleaf)
    {
        var bench = new MachineBench(Cpus.Find(model));
        bench[Gpr.Rax] = leaf | 0xFFFF_FFFF_0000_0000;
        bench[Gpr.Rcx] = subleaf;
        bench[Gpr.Rbx] = bench[Gpr.Rdx] = ulong.MaxValue;
        bench.RunUser64(a => a.cpuid());
        Assert.All(new[] { Gpr.Rax, Gpr.Rbx, Gpr.Rcx, Gpr.Rdx }, register => Assert.True(bench[register] <= uint.MaxValue));
        return ((uint)bench[Gpr.Rax], (uint)bench[Gpr.Rbx], (uint)bench[Gpr.Rcx], (uint)bench[Gpr.Rdx]);
    }

    private static (Vector, uint?) Codes(TakenException taken) => (taken.Vector, taken.ErrorCode);

    private sealed class Recorder : IHypercallHandler
    {
        public List<int> Numbers { get; } = [];

        public HypercallResult Answer { get; init; } = HypercallResult.Continue;

        public long Cycles { get; init; }

        public HypercallResult Invoke(Processor processor, int number, out long cycles)
        {
            Numbers.Add(number);
            cycles = Cycles;
            return Answer;
        }
    }
}
