using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 5.5 and 5.6; vol. 2B, MOV: the checks on a load of a segment register.</summary>
public class SegmentLoadTests
{
    private const ulong Accessed = 1ul << 40;
    private readonly MachineBench _bench = new();

    public static TheoryData<SegmentName> DataRegisters => [SegmentName.DS, SegmentName.ES, SegmentName.FS, SegmentName.GS];

    [Theory, MemberData(nameof(DataRegisters))]
    public void A_load_fills_the_descriptor_cache_and_marks_the_descriptor_accessed(SegmentName name)
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, start: 0x12345678, limit: 0x1234, pages: false));
        _bench[Gpr.Rcx] = FreeSelector | 3;
        _bench.RunUser64(a => a.mov(Register(name), ecx));
        Segment loaded = _bench.Cpu.Registers[name];
        Assert.Equal((FreeSelector | 3, 0x12345678ul, 0x1234u), (loaded.Selector, loaded.Base, loaded.Limit));
        Assert.Equal(Accessed, _bench.DescriptorAt(FreeSelector) & Accessed);
    }

    [Theory, MemberData(nameof(DataRegisters))]
    public void A_null_selector_loads_and_empties_the_cache(SegmentName name)
    {
        _bench[Gpr.Rcx] = 3;
        _bench.RunUser64(a => a.mov(Register(name), ecx));
        Assert.Equal(new Segment(3, 0, 0, 0), _bench.Cpu.Registers[name]);
    }

    [Theory]
    [InlineData(WritableData, 0, 3, BenchMode.User64)]
    [InlineData(WritableData, 0, 0, BenchMode.User64)]
    [InlineData(WritableData, 0, 3, BenchMode.Kernel64)]
    [InlineData(ExecuteOnlyCode, 3, 3, BenchMode.User64)]
    [InlineData(ReadableCode, 0, 3, BenchMode.User64)]
    public void A_descriptor_of_another_type_or_level_is_refused(int type, int dpl, int rpl, BenchMode mode)
    {
        _bench.Define(FreeSelector, Make(type, dpl));
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector), Load(mode, SegmentName.DS, FreeSelector | rpl));
    }

    [Theory]
    [InlineData(ReadOnlyData, 3), InlineData(ReadableCode, 3), InlineData(ConformingCode, 0), InlineData(ExpandDownData, 3)]
    public void Readable_segments_and_conforming_code_load_into_data_registers(int type, int dpl)
    {
        _bench.Define(FreeSelector, Make(type, dpl));
        _bench[Gpr.Rcx] = FreeSelector | 3;
        _bench.RunUser64(a => a.mov(ds, ecx));
    }

    [Theory]
    [InlineData(Descriptor.BusyTss), InlineData(Descriptor.LocalDescriptorTable), InlineData(0)]
    public void A_system_descriptor_is_refused(int type)
    {
        _bench.Define(FreeSelector, Make(type, dpl: 3, system: true));
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector), Load(BenchMode.User64, SegmentName.ES, FreeSelector | 3));
    }

    [Theory, MemberData(nameof(DataRegisters))]
    public void A_segment_that_is_not_present_is_NP(SegmentName name)
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, present: false));
        Assert.Equal((Vector.SegmentNotPresent, (uint)FreeSelector), Load(BenchMode.User64, name, FreeSelector | 3));
    }

    [Fact]
    public void A_selector_beyond_the_limit_of_its_table_is_refused()
    {
        ushort selector = (ushort)(_bench.Cpu.Registers.Gdtr.Limit + 1);
        Assert.Equal((Vector.GeneralProtection, (uint)selector), Load(BenchMode.User64, SegmentName.DS, selector | 3));
    }

    [Fact]
    public void A_descriptor_whose_last_byte_is_beyond_the_limit_is_refused()
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3));
        _bench.Cpu.Registers.Gdtr = new TableRegister(BenchLayout.Gdt, FreeSelector + 6);
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector), Load(BenchMode.User64, SegmentName.DS, FreeSelector | 3));
    }

    [Fact]
    public void A_selector_of_the_LDT_needs_an_LDT()
    {
        Assert.Equal((Vector.GeneralProtection, 12u), Load(BenchMode.User64, SegmentName.DS, 0xF));
        _bench.Cpu.Registers.LocalDescriptorTable = new Segment(0x60, BenchLayout.KernelData, 15, 0x82);
        _bench.Write64(BenchLayout.KernelData + 8, Make(WritableData, dpl: 3, start: 0x5000));
        _bench.RunUser64(a => a.mov(ds, ecx));
        Assert.Equal(0x5000ul, _bench.Cpu.Registers[SegmentName.DS].Base);
        Assert.Equal((Vector.GeneralProtection, 0x14u), Load(BenchMode.User64, SegmentName.DS, 0x17));
    }

    [Fact]
    public void A_failed_load_leaves_the_register_and_the_instruction_pointer()
    {
        Segment before = _bench.SegmentOf(BenchSelectors.UserData);
        _bench[Gpr.Rcx] = BenchSelectors.KernelData;
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.nop(); a.mov(ds, ecx); });
        Assert.Equal(before, _bench.Cpu.Registers[SegmentName.DS]);
        Assert.Equal(BenchLayout.UserCode + 1, taken.Rip);
    }

    [Fact]
    public void A_table_on_a_missing_page_is_a_supervisor_page_fault()
    {
        _bench.Cpu.Registers.LocalDescriptorTable = new Segment(0x60, BenchLayout.KernelData, 0xFFFF, 0x82);
        _bench.Unmap(BenchLayout.KernelData);
        Assert.Equal((Vector.PageFault, 0u), Load(BenchMode.User64, SegmentName.DS, 0xF));
    }

    [Fact]
    public void The_accessed_bit_is_written_only_when_it_is_clear()
    {
        _bench.Cpu.Registers.LocalDescriptorTable = new Segment(0x60, BenchLayout.KernelData, 0xFFFF, 0x82);
        _bench.Write64(BenchLayout.KernelData + 8, Make(WritableData | 1, dpl: 3));
        _bench.Write64(BenchLayout.KernelData + 16, Make(WritableData, dpl: 3));
        _bench.Protect(BenchLayout.KernelData, PageTables.Present);
        _bench[Gpr.Rcx] = 0xF;
        _bench.RunUser64(a => a.mov(ds, ecx));
        Assert.Equal((Vector.PageFault, 3u), Load(BenchMode.User64, SegmentName.DS, 0x17));
    }

    [Fact]
    public void A_table_that_reaches_out_of_the_canonical_range_is_a_general_protection_fault()
    {
        _bench.Cpu.Registers.LocalDescriptorTable = new Segment(0x60, 0x0000_7FFF_FFFF_FFF0, 0xFFFF, 0x82);
        Assert.Equal((Vector.GeneralProtection, 0u), Load(BenchMode.User64, SegmentName.DS, 0x17));
    }

    [Theory]
    [InlineData(BenchMode.User64, WritableData, 3, 0)]
    [InlineData(BenchMode.User64, WritableData, 0, 3)]
    [InlineData(BenchMode.User64, ReadOnlyData, 3, 3)]
    [InlineData(BenchMode.User64, ReadableCode, 3, 3)]
    [InlineData(BenchMode.Kernel64, WritableData, 0, 3)]
    [InlineData(BenchMode.Kernel64, WritableData, 3, 0)]
    public void SS_takes_only_a_writable_segment_of_its_own_level(BenchMode mode, int type, int dpl, int rpl)
    {
        _bench.Define(FreeSelector, Make(type, dpl));
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector), Load(mode, SegmentName.SS, FreeSelector | rpl));
    }

    [Fact]
    public void A_stack_segment_that_is_not_present_is_a_stack_fault()
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, present: false));
        Assert.Equal((Vector.StackFault, (uint)FreeSelector), Load(BenchMode.User64, SegmentName.SS, FreeSelector | 3));
    }

    [Theory]
    [InlineData(BenchMode.User64, 3), InlineData(BenchMode.User32, 3), InlineData(BenchMode.Kernel32, 0), InlineData(BenchMode.Kernel64, 3)]
    public void A_null_SS_is_refused_outside_64_bit_mode_in_ring_3_and_with_a_foreign_RPL(BenchMode mode, int selector) =>
        Assert.Equal((Vector.GeneralProtection, 0u), Load(mode, SegmentName.SS, selector));

    [Fact]
    public void A_null_SS_is_legal_in_ring_0_of_64_bit_mode()
    {
        _bench[Gpr.Rcx] = 0;
        _bench.Run64(a => { a.mov(ss, ecx); a.push(rcx); });
        Assert.False(_bench.Cpu.Registers[SegmentName.SS].Usable);
    }

    [Fact]
    public void CS_cannot_be_loaded_by_MOV() => Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.Kernel64, 0x8E, 0xC9).Vector);

    [Fact]
    public void POP_of_a_segment_that_fails_leaves_the_stack_pointer()
    {
        TakenException taken = _bench.Fault(BenchMode.User32, a => { a.push((int)BenchSelectors.KernelData); a.pop(ds); });
        Assert.Equal((Vector.GeneralProtection, (uint)BenchSelectors.KernelData), (taken.Vector, taken.ErrorCode));
        Assert.Equal(BenchLayout.UserStackTop - 4, taken.Rsp);
    }

    [Fact]
    public void POP_SS_moves_the_stack_pointer_of_the_stack_it_leaves()
    {
        _bench.Define(FreeSelector, Make(WritableData, big: false));
        _bench.Place(BenchMode.Kernel32, MachineBench.Assemble(BenchMode.Kernel32, a => { a.pop(ss); a.mov(eax, esp); }));
        _bench[Gpr.Rsp] = BenchLayout.KernelData + 0xFFFC;
        _bench.Write64(BenchLayout.KernelData + 0xFFFC, FreeSelector);
        _bench.Go();
        Assert.Equal(BenchLayout.KernelData + 0x1_0000, _bench[Gpr.Rax]);
    }

    [Theory]
    [InlineData(0x1000u, false), InlineData(0xFFFu, true)]
    public void Compatibility_mode_checks_the_limit_to_the_last_byte(uint limit, bool faults)
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, start: BenchLayout.UserData, limit: limit, pages: false));
        _bench[Gpr.Rcx] = FreeSelector | 3;
        BenchRun run = _bench.Try(BenchMode.User32, a => { a.mov(ds, ecx); a.mov(ax, __word_ptr[0xFFF]); });
        Assert.Equal(faults ? Vector.GeneralProtection : null, run.Exception?.Vector);
    }

    [Theory]
    [InlineData(0x1000u, false, true), InlineData(0x1001u, false, false), InlineData(0xFFFFu, false, true), InlineData(0x1_0000u, false, true), InlineData(0x2_0000u, true, false)]
    public void An_expand_down_segment_begins_behind_its_limit(uint offset, bool big, bool faults)
    {
        _bench.Define(FreeSelector, Make(ExpandDownData, dpl: 3, start: BenchLayout.UserData, limit: 0x1000, pages: false, big: big));
        _bench[Gpr.Rcx] = FreeSelector | 3;
        BenchRun run = _bench.Try(BenchMode.User32, a => { a.mov(ds, ecx); a.mov(ax, __word_ptr[offset]); });
        Assert.Equal(faults ? Vector.GeneralProtection : null, run.Exception?.Vector);
    }

    [Fact]
    public void Compatibility_mode_refuses_writes_to_read_only_data_and_to_code()
    {
        _bench.Define(FreeSelector, Make(ReadOnlyData, dpl: 3));
        _bench[Gpr.Rcx] = FreeSelector | 3;
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User32, a => { a.mov(ds, ecx); a.mov(__[BenchLayout.UserData], eax); }).Vector);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User32, a => a.mov(__.cs[BenchLayout.UserData], eax)).Vector);
    }

    [Fact]
    public void Compatibility_mode_refuses_a_null_segment_and_64_bit_mode_does_not()
    {
        _bench[Gpr.Rcx] = 0;
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User32, a => { a.mov(ds, ecx); a.mov(eax, __[BenchLayout.UserData]); }).Vector);
        _bench.RunUser64(a => { a.mov(ds, ecx); a.mov(eax, __dword_ptr[BenchLayout.UserData]); });
    }

    [Fact]
    public void Compatibility_mode_wraps_a_linear_address_at_4_GiB()
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, start: 0xFFFF_F000));
        _bench.Write64(BenchLayout.UserData, 0xABCD);
        _bench[Gpr.Rcx] = FreeSelector | 3;
        _bench.RunUser32(a => { a.mov(ds, ecx); a.mov(eax, __dword_ptr[(uint)BenchLayout.UserData + 0x1000]); });
        Assert.Equal(0xABCDul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void Bases_of_FS_and_GS_count_in_64_bit_mode_and_that_of_DS_does_not()
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, start: 0x1000));
        _bench.Write64(BenchLayout.UserData, 1);
        _bench.Write64(BenchLayout.UserData + 0x1000, 2);
        _bench[Gpr.Rcx] = FreeSelector | 3;
        _bench[Gpr.Rbx] = BenchLayout.UserData;
        _bench.RunUser64(a =>
        {
            a.mov(ds, ecx);
            a.mov(gs, ecx);
            a.mov(rax, __[rbx]);
            a.mov(rdx, __.gs[rbx]);
        });
        Assert.Equal((1ul, 2ul), (_bench[Gpr.Rax], _bench[Gpr.Rdx]));
    }

    private static AssemblerRegisterSegment Register(SegmentName name) => name switch
    {
        SegmentName.ES => es,
        SegmentName.SS => ss,
        SegmentName.DS => ds,
        SegmentName.FS => fs,
        _ => gs,
    };

    private (Vector Vector, uint? Error) Load(BenchMode mode, SegmentName name, int selector)
    {
        _bench[Gpr.Rcx] = (ulong)selector;
        TakenException taken = _bench.Fault(mode, a => a.mov(Register(name), ecx));
        return (taken.Vector, taken.ErrorCode);
    }
}
