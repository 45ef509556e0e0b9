using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, IRET; APM vol. 3, IRET.</summary>
public class IretTests
{
    private const ulong Frame = BenchLayout.KernelData + 0x800;
    private const ulong Target = BenchLayout.UserCode + 0x400;
    private const ulong UserStack = BenchLayout.UserStackTop - 0x100;
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(BenchSelectors.UserCode64, 64), InlineData(BenchSelectors.UserCode32, 32)]
    public void IRETQ_returns_to_64_bit_and_to_32_bit_code_in_ring_3(int selector, int bitness)
    {
        BenchRun run = Iretq(cs: selector);
        Assert.Null(run.Exception);
        Assert.Equal((Target + 2, UserStack), (Saved(0), run.Rsp));
        Assert.Equal(bitness == 64 ? BenchSelectors.UserCode64 : BenchSelectors.UserCode32, (ushort)Saved(1));
        Assert.Equal(BenchSelectors.UserData, (ushort)Saved(4));
    }

    [Fact]
    public void IRETQ_pops_SS_and_RSP_in_ring_0_too()
    {
        _bench.WriteBytes(BenchLayout.KernelCode + 0x400, 0xF4);
        BenchRun run = Iretq(rip: BenchLayout.KernelCode + 0x400, cs: BenchSelectors.KernelCode64, rsp: BenchLayout.KernelStackTop - 0x123, ss: BenchSelectors.KernelData);
        Assert.Null(run.Exception);
        Assert.Equal(BenchLayout.KernelStackTop - 0x123, _bench[Gpr.Rsp]);
    }

    [Fact]
    public void IRETD_in_compatibility_mode_pops_three_words_when_the_level_stays()
    {
        _bench.Run32(a =>
        {
            Label back = a.CreateLabel();
            a.pushfd();
            a.push((int)BenchSelectors.KernelCode32);
            a.call(back);
            a.Label(ref back);
            a.add(__dword_ptr[esp], 5);
            a.iretd();
            a.nop();
        });
        Assert.Equal(BenchLayout.KernelStackTop, _bench[Gpr.Rsp]);
    }

    [Fact]
    public void IRET_with_NT_is_a_general_protection_fault_in_long_mode()
    {
        _bench.Flags = Rflags.NT;
        TakenException? taken = Iretq().Exception;
        Assert.Equal((Vector.GeneralProtection, 0u, BenchLayout.KernelCode), (taken?.Vector, taken?.ErrorCode, taken?.Rip));
    }

    [Theory]
    [InlineData(0, 0u, Vector.GeneralProtection)]
    [InlineData(3, 0u, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.UserData, (uint)BenchSelectors.UserData & ~3u, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.KernelCode64 | 3, (uint)BenchSelectors.KernelCode64, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.UserCode64 & ~3, (uint)BenchSelectors.UserCode64 & ~3u, Vector.GeneralProtection)]
    [InlineData(0x7FB, 0x7F8u, Vector.GeneralProtection)]
    [InlineData(FreeSelector | 3, (uint)FreeSelector, Vector.SegmentNotPresent)]
    [InlineData(FreeSelector + 8 | 3, (uint)FreeSelector + 8, Vector.GeneralProtection)]
    public void IRET_to_a_bad_code_segment_faults_in_ring_0(int selector, uint error, Vector expected)
    {
        _bench.Define(FreeSelector, Make(ReadableCode, dpl: 3, present: false, longMode: true));
        _bench.Define(FreeSelector + 8, Make(ReadableCode, dpl: 3, longMode: true) | 1ul << 54);
        TakenException? taken = Iretq(cs: selector).Exception;
        Assert.Equal((expected, error, BenchLayout.KernelCode), (taken?.Vector, taken?.ErrorCode, taken?.Rip));
        Assert.Equal((BenchSelectors.KernelCode64, Frame), (taken?.Cs, taken?.Rsp));
    }

    [Theory]
    [InlineData(0, 0u, Vector.GeneralProtection)]
    [InlineData(3, 0u, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.KernelData, (uint)BenchSelectors.KernelData, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.UserCode64, (uint)BenchSelectors.UserCode64 & ~3u, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.UserData & ~3, (uint)BenchSelectors.UserData & ~3u, Vector.GeneralProtection)]
    [InlineData(FreeSelector | 3, (uint)FreeSelector, Vector.StackFault)]
    public void IRET_to_a_bad_stack_segment_faults_in_ring_0(int selector, uint error, Vector expected)
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, present: false));
        TakenException? taken = Iretq(ss: selector).Exception;
        Assert.Equal((expected, error, BenchSelectors.KernelCode64), (taken?.Vector, taken?.ErrorCode, taken?.Cs));
    }

    [Theory]
    [InlineData(0, true), InlineData(3, false)]
    public void A_null_SS_is_legal_on_the_way_to_64_bit_code_in_ring_0_with_its_RPL(int selector, bool legal)
    {
        _bench.WriteBytes(BenchLayout.KernelCode + 0x400, 0xF4);
        BenchRun run = Iretq(rip: BenchLayout.KernelCode + 0x400, cs: BenchSelectors.KernelCode64, rsp: BenchLayout.KernelStackTop, ss: selector);
        Assert.Equal(legal, run.Exception is null);
    }

    [Theory]
    [InlineData(BenchSelectors.UserCode64, 1ul << 47)]
    [InlineData(BenchSelectors.UserCode32, 1ul << 32)]
    public void IRET_to_an_address_that_the_code_segment_does_not_have_faults_in_ring_0(int selector, ulong rip)
    {
        TakenException? taken = Iretq(rip: rip, cs: selector).Exception;
        Assert.Equal((Vector.GeneralProtection, 0u, BenchSelectors.KernelCode64, BenchLayout.KernelCode), (taken?.Vector, taken?.ErrorCode, taken?.Cs, taken?.Rip));
    }

    [Fact]
    public void IRET_from_a_missing_stack_page_faults_with_everything_unchanged()
    {
        _bench.Unmap(Frame);
        TakenException? taken = Iretq().Exception;
        Assert.Equal((Vector.PageFault, 0u, BenchLayout.KernelCode, Frame), (taken?.Vector, taken?.ErrorCode, taken?.Rip, taken?.Rsp));
        Assert.Equal(Frame, _bench.Cpu.Registers.ControlRegister2);
    }

    [Fact]
    public void A_return_to_ring_3_empties_data_segments_of_ring_0()
    {
        _bench.Define(FreeSelector, Make(ConformingCode));
        _bench.Cpu.Registers[SegmentName.FS] = _bench.SegmentOf(BenchSelectors.UserData);
        _bench.Cpu.Registers[SegmentName.GS] = _bench.SegmentOf(FreeSelector);
        Iretq();
        Assert.Equal(0, _bench.Cpu.Registers[SegmentName.DS].Selector);
        Assert.False(_bench.Cpu.Registers[SegmentName.ES].Usable);
        Assert.Equal((BenchSelectors.UserData, FreeSelector), (_bench.Cpu.Registers[SegmentName.FS].Selector, _bench.Cpu.Registers[SegmentName.GS].Selector));
    }

    [Fact]
    public void A_return_to_ring_3_takes_the_requested_privilege_off_null_selectors()
    {
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.FS, SegmentName.GS])
            _bench.Cpu.Registers[name] = default(Segment) with { Selector = 3, Base = 0x1234_5000 };
        Iretq();
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.FS, SegmentName.GS])
            Assert.Equal((0, 0x1234_5000ul), (_bench.Cpu.Registers[name].Selector, _bench.Cpu.Registers[name].Base));
    }

    [Fact]
    public void A_null_data_segment_keeps_its_base_over_a_return()
    {
        _bench.Cpu.Registers.WriteMsr(Msr.FsBase, 0x7000_1234_5678);
        Iretq();
        Assert.Equal(0x7000_1234_5678ul, _bench.Cpu.Registers.ReadMsr(Msr.FsBase));
    }

    [Fact]
    public void IRET_in_ring_0_brings_back_every_flag_but_VM()
    {
        BenchRun run = Iretq(flags: Rflags.All & ~Rflags.TF & ~Rflags.VM);
        Assert.Equal(Rflags.All & ~Rflags.TF & ~Rflags.VM & ~Rflags.RF, Saved(2));
        Assert.Null(run.Exception);
    }

    [Theory]
    [InlineData(0ul, Rflags.NT | Rflags.AC | Rflags.ID | Rflags.DF)]
    [InlineData(Rflags.IOPL, Rflags.IF | Rflags.IOPL | Rflags.NT | Rflags.AC | Rflags.ID | Rflags.DF)]
    public void IRET_in_ring_3_changes_neither_IOPL_nor_without_it_IF(ulong before, ulong after)
    {
        _bench.Flags = before;
        BenchRun run = _bench.RunUser64(a =>
        {
            Label next = a.CreateLabel();
            a.mov(rax, rsp);
            a.push((int)BenchSelectors.UserData);
            a.push(rax);
            a.push((int)(Rflags.IF | Rflags.IOPL | Rflags.NT | Rflags.AC | Rflags.ID | Rflags.DF | Rflags.VIP));
            a.push((int)BenchSelectors.UserCode64);
            a.lea(rcx, __[next]);
            a.push(rcx);
            a.iretq();
            a.Label(ref next);
            a.nop();
        });
        Assert.Equal(after | Rflags.Fixed, run.Flags);
    }

    [Fact]
    public void A_16_bit_stack_keeps_the_upper_half_of_the_kernels_stack_pointer()
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, big: false, pages: false, start: BenchLayout.UserData));
        BenchRun run = Iretq(cs: BenchSelectors.UserCode32, ss: FreeSelector | 3, rsp: 0x1_2345_8000);
        Assert.Null(run.Exception);
        Assert.Equal((Frame & 0xFFFF_0000) | 0x8000, run.Rsp & uint.MaxValue);
    }

    [Fact]
    public void The_TF_that_IRET_brings_traps_after_the_next_instruction()
    {
        _bench.WriteBytes(Target, 0x90, 0x90);
        TakenException? taken = Iretq(flags: Rflags.TF).Exception;
        Assert.Equal((Vector.Debug, Target + 1), (taken?.Vector, taken?.Rip));
    }

    [Fact]
    public void A_single_stepped_IRET_traps_itself()
    {
        _bench.Flags = Rflags.TF;
        TakenException? taken = Iretq().Exception;
        Assert.Equal((Vector.Debug, Target, BenchSelectors.UserCode64), (taken?.Vector, taken?.Rip, taken?.Cs));
    }

    [Fact]
    public void A_stepped_INT_n_traps_after_the_instruction_behind_the_IRET()
    {
        _bench.SetGate(0x80, BenchLayout.KernelCode + 0x600, dpl: 3);
        _bench.WriteBytes(BenchLayout.KernelCode + 0x600, MachineBench.Assemble(64, BenchLayout.KernelCode + 0x600, a => a.iretq()));
        _bench.Flags = Rflags.TF;
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.@int(0x80); a.nop(); a.nop(); });
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 3), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void RF_lasts_one_instruction()
    {
        _bench.WriteBytes(Target, 0x90, 0x90);
        Iretq(flags: Rflags.RF, budget: 1);
        Assert.Equal(Rflags.RF, _bench.Flags & Rflags.RF);
        _bench.Cpu.Run(RunLimits.Instructions(1));
        Assert.Equal(0ul, _bench.Flags & Rflags.RF);
    }

    [Fact]
    public void IRET_marks_the_code_segment_accessed()
    {
        _bench.Define(FreeSelector, Make(ReadableCode, dpl: 3, longMode: true));
        Iretq(cs: FreeSelector | 3);
        Assert.NotEqual(0ul, _bench.DescriptorAt(FreeSelector) & 1ul << 40);
    }

    /// <summary>Executes IRETQ in ring 0 on a frame; what it returns to leaves by INT FFh.</summary>
    private BenchRun Iretq(
        ulong rip = Target, int cs = BenchSelectors.UserCode64, ulong flags = 0, ulong rsp = UserStack, int ss = BenchSelectors.UserData, long budget = 1000)
    {
        if (_bench.Read8(Target) == 0)
            _bench.WriteBytes(Target, 0xCD, 0xFF);
        _bench.WriteBytes(Frame, [.. new ulong[] { rip, (ulong)cs, flags, rsp, (ulong)ss }.SelectMany(BitConverter.GetBytes)]);
        _bench.Place(BenchMode.Kernel64, a => a.iretq());
        _bench[Gpr.Rsp] = Frame;
        return _bench.Describe(_bench.Cpu.Run(RunLimits.Instructions(budget)));
    }

    /// <summary>A word of the frame that INT FFh built.</summary>
    private ulong Saved(int word) => _bench.Read64(_bench[Gpr.Rsp] + (ulong)word * 8);
}
