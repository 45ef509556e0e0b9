using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 8.3, and the FRED specification: where an event goes, and what it saves.</summary>
public sealed class FredDeliveryTests
{
    private const ulong LongMode = 1ul << 57;
    private const ulong Nested = 1ul << 58;
    private const ulong Software = 1ul << 17;
    private const ulong Sti = 1ul << 16;
    private const ulong Missing = 0x7000_0000;

    [Fact]
    public void SYSCALL_is_an_event_that_saves_all_and_leaves_RCX_and_R11()
    {
        MachineBench bench = FredBench.Make();
        (bench[Gpr.Rcx], bench[Gpr.R11]) = (1, 2);
        bench.Flags = Rflags.IF | Rflags.CF | Rflags.DF;
        bench.Place(BenchMode.User64, a => a.syscall());
        bench.Go();
        Assert.Equal(
            [
                0, BenchLayout.UserCode + 2, BenchSelectors.UserCode64, Rflags.IF | Rflags.CF | Rflags.DF | Rflags.Fixed, BenchLayout.UserStackTop,
                FredBench.Describe(BenchSelectors.UserData, 1, 7, 2, Software | LongMode), 0, 0,
            ],
            FredBench.Frame(bench));
        Assert.Equal((FredBench.Entry + 1, FredBench.StackOf(0) - 64), (bench.Cpu.Registers.Rip, bench[Gpr.Rsp]));
        Assert.Equal((1ul, 2ul, Rflags.Fixed), (bench[Gpr.Rcx], bench[Gpr.R11], bench.Flags));
        Assert.Equal((FredBench.KernelGs, FredBench.UserGs), (bench.Cpu.Registers[SegmentName.GS].Base, bench.Cpu.Registers.KernelGsBase));
        Assert.Equal(new Segment(BenchSelectors.KernelCode64, 0, uint.MaxValue, 0xA09B), bench.Cpu.Registers[SegmentName.CS]);
        Assert.Equal(new Segment(BenchSelectors.KernelData, 0, uint.MaxValue, 0xC093), bench.Cpu.Registers[SegmentName.SS]);
    }

    [Fact]
    public void SYSCALL_needs_no_SCE()
    {
        MachineBench bench = FredBench.Make();
        bench.Cpu.Registers.ExtendedFeatures &= ~Efer.SCE;
        Assert.Equal(FredBench.Describe(BenchSelectors.UserData, 1, 7, 2, Software | LongMode), SsOf(bench, BenchMode.User64, 0x0F, 0x05));
    }

    [Theory]
    [InlineData(BenchMode.User64, "0F34", 2, 7, 2, Software | LongMode), InlineData(BenchMode.User32, "0F34", 2, 7, 2, Software)]
    [InlineData(BenchMode.User64, "CD80", 0x80, 4, 2, Software | LongMode), InlineData(BenchMode.User32, "CD80", 0x80, 4, 2, Software)]
    [InlineData(BenchMode.User64, "CD03", 3, 4, 2, Software | LongMode), InlineData(BenchMode.User64, "CC", 3, 6, 1, LongMode)]
    [InlineData(BenchMode.User64, "F1", 1, 5, 1, LongMode), InlineData(BenchMode.User64, "0F0B", 6, 3, 0, LongMode)]
    [InlineData(BenchMode.User32, "0F05", 6, 3, 0, 0ul)]
    public void An_event_tells_its_vector_its_type_and_the_length_of_its_instruction(BenchMode mode, string code, int vector, int type, int length, ulong more) =>
        Assert.Equal(FredBench.Describe(BenchSelectors.UserData, vector, type, length, more), SsOf(FredBench.Make(), mode, Convert.FromHexString(code)));

    [Fact]
    public void INTO_is_a_software_exception()
    {
        MachineBench bench = FredBench.Make();
        bench.Flags = Rflags.OF;
        Assert.Equal(FredBench.Describe(BenchSelectors.UserData, 4, 6, 1, 0), SsOf(bench, BenchMode.User32, 0xCE));
    }

    [Fact]
    public void A_page_fault_saves_its_error_code_and_its_address()
    {
        MachineBench bench = FredBench.Make();
        bench[Gpr.Rbx] = Missing;
        bench.Place(BenchMode.User64, a => a.mov(__[rbx], al));
        bench.Go();
        ulong[] frame = FredBench.Frame(bench);
        Assert.Equal((6ul, BenchLayout.UserCode, Missing, 0ul), (frame[0], frame[1], frame[6], frame[7]));
        Assert.Equal(Rflags.RF, frame[3] & Rflags.RF);
        Assert.Equal(Missing, bench.Cpu.Registers.ControlRegister2);
    }

    [Fact]
    public void A_single_step_saves_what_DR6_takes()
    {
        MachineBench bench = FredBench.Make();
        bench.Flags = Rflags.TF;
        bench.Place(BenchMode.User64, a => a.nop());
        bench.Go();
        Assert.Equal((1ul << 14, 1ul), (FredBench.Frame(bench)[6], FredBench.Frame(bench)[5] >> 32 & 0xFF));
    }

    [Fact]
    public void A_stepped_SYSCALL_traps_only_on_its_return()
    {
        MachineBench bench = FredBench.Make();
        bench.Flags = Rflags.TF;
        bench.Place(BenchMode.User64, a => a.syscall());
        bench.Go();
        Assert.Equal((7ul, Rflags.TF), (FredBench.Frame(bench)[5] >> 48 & 15, FredBench.Frame(bench)[3] & Rflags.TF));
    }

    [Fact]
    public void An_event_of_ring_0_stays_on_its_stack_below_the_red_zone_and_aligned_to_64()
    {
        MachineBench bench = FredBench.Make(config: 1 << 6);
        bench.Place(BenchMode.Kernel64, 0x0F, 0x0B);
        bench[Gpr.Rsp] = BenchLayout.KernelStackTop - 8;
        bench.Go();
        Assert.Equal((FredBench.Entry + 256 + 1, BenchLayout.KernelStackTop - 64 - 64 - 64), (bench.Cpu.Registers.Rip, bench[Gpr.Rsp]));
        Assert.Equal((FredBench.UserGs, BenchLayout.KernelStackTop - 8), (bench.Cpu.Registers[SegmentName.GS].Base, FredBench.Frame(bench)[4]));
    }

    [Theory]
    [InlineData("0F0B", 2), InlineData("CC", 1), InlineData("CD06", -1), InlineData("0F05", -1)]
    public void An_exception_of_ring_0_has_the_stack_of_its_level_and_INT_n_and_SYSCALL_have_none(string code, int level)
    {
        MachineBench bench = FredBench.Make(levels: 2ul << 12 | 1ul << 6);
        bench.Place(BenchMode.Kernel64, Convert.FromHexString(code));
        bench.Go();
        Assert.Equal((level < 0 ? BenchLayout.KernelStackTop : FredBench.StackOf(level)) - 64, bench[Gpr.Rsp]);
        Assert.Equal((ulong)Math.Max(0, level), bench.Cpu.Registers.ReadMsr(Msr.FredConfig) & 3);
        Assert.Equal(BenchSelectors.KernelCode64, FredBench.Frame(bench)[2]);
    }

    [Fact]
    public void A_lower_level_does_not_leave_the_stack_of_a_higher_one()
    {
        MachineBench bench = FredBench.Make(levels: 1ul << 12, config: 2);
        bench.Place(BenchMode.Kernel64, 0x0F, 0x0B);
        bench.Go();
        Assert.Equal(BenchLayout.KernelStackTop - 64, bench[Gpr.Rsp]);
        Assert.Equal(BenchSelectors.KernelCode64 | 2ul << 16, FredBench.Frame(bench)[2]);
    }

    [Fact]
    public void An_exception_of_ring_3_begins_at_level_0_whatever_its_own()
    {
        MachineBench bench = FredBench.Make(levels: 2ul << 12);
        bench.Place(BenchMode.User64, 0x0F, 0x0B);
        bench.Go();
        Assert.Equal(FredBench.StackOf(0) - 64, bench[Gpr.Rsp]);
    }

    [Fact]
    public void External_interrupts_of_ring_0_share_a_level_and_tell_of_STI()
    {
        MachineBench bench = FredBench.Make(config: 3 << 9);
        bench.Flags = Rflags.IF;
        bench.Cpu.Interrupts.Schedule(0x55, 0);
        bench.Place(BenchMode.Kernel64, a => a.nop());
        bench.Go();
        Assert.Equal(FredBench.StackOf(3) - 64, bench[Gpr.Rsp]);
        Assert.Equal(FredBench.Describe(BenchSelectors.KernelData, 0x55, 0, 0, LongMode), FredBench.Frame(bench)[5]);
    }

    [Fact]
    public void A_fault_after_STI_tells_that_interrupts_were_held_back()
    {
        MachineBench bench = FredBench.Make();
        Assert.Equal(Sti, SsOf(bench, BenchMode.Kernel64, 0xFB, 0x0F, 0x0B) & Sti);
    }

    [Fact]
    public void A_page_fault_in_the_delivery_of_another_event_is_nested_and_has_its_level()
    {
        MachineBench bench = FredBench.Make(levels: 1ul << 28);
        bench.Unmap(FredBench.StackOf(0) - 64);
        Assert.Equal(FredBench.Describe(BenchSelectors.UserData, 14, 3, 0, Nested | LongMode), SsOf(bench, BenchMode.User64, 0x0F, 0x05));
        Assert.Equal((FredBench.Entry + 1, FredBench.StackOf(1) - 64), (bench.Cpu.Registers.Rip, bench[Gpr.Rsp]));
        Assert.Equal(BenchLayout.UserCode, FredBench.Frame(bench)[1]);
    }

    [Fact]
    public void A_page_fault_in_the_delivery_of_a_page_fault_is_a_double_fault_on_its_own_stack()
    {
        MachineBench bench = FredBench.Make(levels: 3ul << 16);
        bench.Unmap(FredBench.StackOf(0) - 64);
        bench[Gpr.Rbx] = Missing;
        ulong ss = SsOf(bench, BenchMode.User64, 0x88, 0x03);
        Assert.Equal(FredBench.Describe(BenchSelectors.UserData, 8, 3, 0, LongMode), ss);
        Assert.Equal(FredBench.StackOf(3) - 64, bench[Gpr.Rsp]);
    }

    [Fact]
    public void A_double_fault_without_a_stack_shuts_the_processor_down()
    {
        MachineBench bench = FredBench.Make();
        bench.Unmap(FredBench.StackOf(0) - 64);
        bench[Gpr.Rbx] = Missing;
        Assert.Equal(StopReason.TripleFault, bench.Try(BenchMode.User64, 0x88, 0x03).Result.Reason);
    }

    [Theory, InlineData("0F01F8"), InlineData("480F07"), InlineData("0F35")]
    public void SWAPGS_SYSRET_and_SYSEXIT_are_no_instructions(string code) =>
        Assert.Equal(6ul, SsOf(FredBench.Make(), BenchMode.Kernel64, Convert.FromHexString(code)) >> 32 & 0xFF);

    [Fact]
    public void IRET_does_not_change_the_level_but_returns_within_it()
    {
        MachineBench bench = FredBench.Make();
        ulong ss = SsOf(bench, BenchMode.Kernel64, MachineBench.Assemble(BenchMode.Kernel64, a =>
        {
            a.push(BenchSelectors.UserData);
            a.push(0);
            a.pushfq();
            a.push(BenchSelectors.UserCode64);
            a.push(0);
            a.iretq();
        }));
        Assert.Equal((13ul, (ulong)BenchSelectors.UserCode64 & ~3ul), (ss >> 32 & 0xFF, FredBench.Frame(bench)[0]));

        FredBench.Make().Complete(BenchMode.Kernel64, a =>
        {
            Label after = a.CreateLabel();
            a.mov(rcx, rsp);
            a.push(BenchSelectors.KernelData);
            a.push(rcx);
            a.pushfq();
            a.push(BenchSelectors.KernelCode64);
            a.lea(rax, __[after]);
            a.push(rax);
            a.iretq();
            a.Label(ref after);
            a.nop();
        });
    }

    [Fact]
    public void Ring_0_cannot_leave_64_bit_mode()
    {
        MachineBench bench = FredBench.Make();
        ulong ss = SsOf(bench, BenchMode.Kernel64, MachineBench.Assemble(BenchMode.Kernel64, a =>
        {
            a.push(BenchSelectors.KernelCode32);
            a.push(0);
            a.db(0x48, 0xCB);
        }));
        Assert.Equal((13ul, (ulong)BenchSelectors.KernelCode32), (ss >> 32 & 0xFF, FredBench.Frame(bench)[0]));
    }

    private static ulong SsOf(MachineBench bench, BenchMode mode, params byte[] code)
    {
        bench.Place(mode, code);
        Assert.Equal(StopReason.Halted, bench.Go().Result.Reason);
        return FredBench.Frame(bench)[5];
    }
}
