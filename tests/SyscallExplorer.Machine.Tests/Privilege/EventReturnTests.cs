using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A: ERETU, ERETS and LKGS; vol. 4: the MSRs of FRED.</summary>
public sealed class EventReturnTests
{
    private const ulong Target = BenchLayout.UserCode + 0x400;
    private const ulong Software = 1ul << 17;
    private static readonly byte[] Eretu = [0xF3, 0x0F, 0x01, 0xCA];
    private static readonly byte[] Erets = [0xF2, 0x0F, 0x01, 0xCA];

    [Theory]
    [InlineData(BenchSelectors.UserCode64, 0xA0FB, true), InlineData(BenchSelectors.UserCode32, 0xC0FB, false)]
    public void ERETU_returns_to_the_selectors_of_STAR_without_their_descriptors(ushort code, int access, bool is64Bit)
    {
        MachineBench bench = FredBench.Make();
        bench.Cpu.Registers.Gdtr = default;
        FredBench.Stand(bench, Eretu, Target, code, Rflags.IF | Rflags.CF | Rflags.Fixed, 0xFFFF_8000_0020_0000, BenchSelectors.UserData);
        bench.Step();
        Assert.Equal(new Segment(code, 0, uint.MaxValue, (ushort)access), bench.Cpu.Registers[SegmentName.CS]);
        Assert.Equal((Target, is64Bit ? 0xFFFF_8000_0020_0000 : 0x20_0000ul, 3), (bench.Cpu.Registers.Rip, bench[Gpr.Rsp], bench.Cpu.CurrentPrivilegeLevel));
        Assert.Equal((FredBench.KernelGs, FredBench.UserGs), (bench.Cpu.Registers[SegmentName.GS].Base, bench.Cpu.Registers.KernelGsBase));
        Assert.Equal(Rflags.IF | Rflags.CF | Rflags.Fixed, bench.Flags);
    }

    [Fact]
    public void ERETU_reads_descriptors_of_other_selectors()
    {
        MachineBench bench = FredBench.Make();
        bench.Cpu.Registers.WriteMsr(Msr.Star, (ulong)BenchSelectors.KernelCode64 << 32);
        FredBench.Stand(bench, Eretu, Target, BenchSelectors.UserCode64, Rflags.Fixed, 0x20_0000, BenchSelectors.UserData);
        bench.Step();
        Assert.Equal((bench.SegmentOf(BenchSelectors.UserCode64), 3), (bench.Cpu.Registers[SegmentName.CS], bench.Cpu.CurrentPrivilegeLevel));
    }

    [Theory]
    [InlineData(0x8000_0000_0000_0000, 0x33, 2, 0x2B)] // RIP is not canonical
    [InlineData(Target, 0x1_0033, 2, 0x2B), InlineData(Target, 0x10, 2, 0x2B)] // a stack level; ring 0
    [InlineData(Target, 0x33, 0, 0x2B), InlineData(Target, 0x33, 0x3002, 0x2B), InlineData(Target, 0x33, 0x2_0002, 0x2B)] // bit 1; IOPL; VM
    [InlineData(Target, 0x33, 2, 0x8_002B), InlineData(Target, 0x33, 2, 0x28)] // a reserved bit of SS; its RPL
    public void ERETU_refuses_what_no_ring_3_has(ulong rip, ulong cs, ulong flags, ulong ss)
    {
        MachineBench bench = FredBench.Make();
        FredBench.Stand(bench, Eretu, rip, cs, flags, 0x20_0000, ss);
        bench.Go();
        ulong[] frame = FredBench.Frame(bench);
        Assert.Equal((13ul, BenchLayout.KernelCode, FredBench.StackOf(0) - 64), (frame[5] >> 32 & 0xFF, frame[1], frame[4]));
    }

    [Fact]
    public void ERETU_returns_from_stack_level_0_only()
    {
        MachineBench bench = FredBench.Make(config: 1);
        FredBench.Stand(bench, Eretu, Target, BenchSelectors.UserCode64, Rflags.Fixed, 0x20_0000, BenchSelectors.UserData);
        bench.Go();
        Assert.Equal(13ul, FredBench.Frame(bench)[5] >> 32 & 0xFF);
    }

    [Theory, InlineData(Software, 0x400ul), InlineData(0ul, 0x401ul)]
    public void A_return_with_TF_traps_at_once_after_a_system_call_and_one_instruction_later_else(ulong more, ulong trapped)
    {
        MachineBench bench = FredBench.Make();
        bench.WriteBytes(Target, 0x90, 0x90, 0x90);
        FredBench.Stand(bench, Eretu, Target, BenchSelectors.UserCode64, Rflags.TF | Rflags.Fixed, BenchLayout.UserStackTop, BenchSelectors.UserData | more);
        bench.Go();
        Assert.Equal((BenchLayout.UserCode + trapped, 1ul), (FredBench.Frame(bench)[1], FredBench.Frame(bench)[5] >> 32 & 0xFF));
    }

    [Theory, InlineData(2, 1, 1), InlineData(1, 2, 1)]
    public void ERETS_never_raises_the_stack_level(int current, int saved, int expected)
    {
        MachineBench bench = FredBench.Make(config: (ulong)current);
        FredBench.Stand(bench, Erets, BenchLayout.KernelCode + 0x40, BenchSelectors.KernelCode64 | (ulong)saved << 16, Rflags.CF | Rflags.Fixed, 0x1234, BenchSelectors.KernelData);
        bench.Step();
        Assert.Equal((ulong)expected, bench.Cpu.Registers.ReadMsr(Msr.FredConfig) & 3);
        Assert.Equal((BenchLayout.KernelCode + 0x40, 0x1234ul, Rflags.CF | Rflags.Fixed), (bench.Cpu.Registers.Rip, bench[Gpr.Rsp], bench.Flags));
        Assert.Equal(FredBench.UserGs, bench.Cpu.Registers[SegmentName.GS].Base);
    }

    [Fact]
    public void ERETS_refuses_other_segments()
    {
        MachineBench bench = FredBench.Make();
        FredBench.Stand(bench, Erets, BenchLayout.KernelCode, BenchSelectors.UserCode64, Rflags.Fixed, 0, BenchSelectors.KernelData);
        bench.Go();
        Assert.Equal(13ul, FredBench.Frame(bench)[5] >> 32 & 0xFF);
    }

    [Fact]
    public void ERETS_restores_that_STI_holds_interrupts_back()
    {
        MachineBench bench = FredBench.Make();
        ulong target = BenchLayout.KernelCode + 0x40;
        bench.WriteBytes(target, 0x90, 0x90);
        FredBench.Stand(bench, Erets, target, BenchSelectors.KernelCode64, Rflags.IF | Rflags.Fixed, BenchLayout.KernelStackTop, BenchSelectors.KernelData | 1ul << 16);
        bench.Cpu.Interrupts.Schedule(0x55, 0);
        bench.Go();
        Assert.Equal(target + 1, FredBench.Frame(bench)[1]);
    }

    [Fact]
    public void Event_returns_are_no_instructions_in_ring_3_or_without_FRED()
    {
        foreach (byte[] code in new[] { Eretu, Erets })
        {
            MachineBench bench = FredBench.Make();
            bench.Try(BenchMode.User64, code);
            Assert.Equal(6ul, FredBench.Frame(bench)[5] >> 32 & 0xFF);
            Assert.Equal(Vector.InvalidOpcode, new MachineBench(Cpus.PantherLake).Fault(BenchMode.Kernel64, code).Vector);
            Assert.Equal(Vector.InvalidOpcode, new MachineBench(Cpus.Skylake).Fault(BenchMode.Kernel64, code).Vector);
        }
    }

    [Fact]
    public void LKGS_puts_the_base_into_the_other_GS()
    {
        var bench = new MachineBench(Cpus.PantherLake);
        bench.SetDescriptor(BenchSelectors.UserData, 0x12CF_F334_5678_FFFF);
        bench.Cpu.Registers.WriteMsr(Msr.GsBase, 0x77);
        bench[Gpr.Rdi] = BenchSelectors.UserData;
        bench.Complete(BenchMode.Kernel64, 0xF2, 0x0F, 0x00, 0xF7);
        Assert.Equal((0x77ul, BenchSelectors.UserData), (bench.Cpu.Registers[SegmentName.GS].Base, bench.Cpu.Registers[SegmentName.GS].Selector));
        Assert.Equal(0x1234_5678ul, bench.Cpu.Registers.KernelGsBase);

        bench[Gpr.Rdi] = 0;
        bench.Complete(BenchMode.Kernel64, 0xF2, 0x0F, 0x00, 0xF7);
        Assert.Equal((0x77ul, 0ul), (bench.Cpu.Registers[SegmentName.GS].Base, bench.Cpu.Registers.KernelGsBase));
    }

    [Fact]
    public void LKGS_of_a_selector_beyond_the_table_is_a_protection_fault_that_changes_nothing()
    {
        var bench = new MachineBench(Cpus.PantherLake);
        bench.Cpu.Registers.WriteMsr(Msr.KernelGsBase, 0x99);
        bench[Gpr.Rdi] = 0xFF0;
        TakenException taken = bench.Fault(BenchMode.Kernel64, 0xF2, 0x0F, 0x00, 0xF7);
        Assert.Equal((Vector.GeneralProtection, 0xFF0u, 0x99ul), (taken.Vector, taken.ErrorCode, bench.Cpu.Registers.KernelGsBase));
    }

    [Theory, InlineData(BenchMode.User64), InlineData(BenchMode.Kernel32)]
    public void LKGS_is_for_64_bit_code_of_ring_0(BenchMode mode) =>
        Assert.Equal(Vector.InvalidOpcode, new MachineBench(Cpus.PantherLake).Fault(mode, 0xF2, 0x0F, 0x00, 0xF7).Vector);

    [Theory]
    [InlineData(Msr.FredRsp0, 0x20ul), InlineData(Msr.FredRsp0 + 3, 0x8000_0000_0000_0000), InlineData(Msr.FredConfig, 4ul)]
    [InlineData(Msr.FredConfig, 0x10ul), InlineData(Msr.FredConfig, 0x800ul), InlineData(Msr.FredConfig, 0x8000_0000_0000_0000)]
    public void The_MSRs_of_FRED_refuse_reserved_bits_and_addresses_that_are_not_canonical(uint msr, ulong value)
    {
        var bench = new MachineBench(Cpus.PantherLake);
        (bench[Gpr.Rcx], bench[Gpr.Rax], bench[Gpr.Rdx]) = (msr, (uint)value, value >> 32);
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.Kernel64, 0x0F, 0x30).Vector);
        Assert.Throws<ArgumentOutOfRangeException>(() => new MachineBench(Cpus.Skylake).Cpu.Registers.ReadMsr(msr));
    }

    [Theory, InlineData("PantherLake", null), InlineData("SapphireRapids", Vector.GeneralProtection)]
    public void CR4_has_FRED_where_the_processor_has(string model, Vector? expected)
    {
        var bench = new MachineBench(Cpus.Find(model));
        bench[Gpr.Rax] = Cr4.PAE | Cr4.FRED;
        Assert.Equal(expected, bench.Try(BenchMode.Kernel64, 0x0F, 0x22, 0xE0).Exception?.Vector);
    }
}
