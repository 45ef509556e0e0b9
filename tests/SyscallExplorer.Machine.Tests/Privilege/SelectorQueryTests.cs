using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, LAR and LSL; vol. 2B, VERR and VERW: questions about selectors that never fault on the answer.</summary>
public class SelectorQueryTests
{
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(0), InlineData(3), InlineData(0xFFFB), InlineData(0x7), InlineData(BenchSelectors.KernelData), InlineData(FreeSelector | 3)]
    public void Bad_selectors_clear_ZF_and_leave_the_destination(int selector)
    {
        _bench.Define(FreeSelector, Make(9, dpl: 0, system: true));
        Assert.Equal(0b0000, Ask(selector));
        Assert.Equal((0x1111ul, 0x2222ul), (_bench[Gpr.R8], _bench[Gpr.R9]));
    }

    [Fact]
    public void A_writable_segment_answers_all_four()
    {
        Assert.Equal(0b1111, Ask(BenchSelectors.UserData));
        Assert.Equal((0x00CF_F300ul, 0xFFFF_FFFFul), (_bench[Gpr.R8], _bench[Gpr.R9]));
    }

    [Fact]
    public void Code_can_be_read_and_not_written() => Assert.Equal(0b1110, Ask(BenchSelectors.UserCode64));

    [Fact]
    public void Read_only_data_can_be_read_and_not_written()
    {
        _bench.Define(FreeSelector, Make(ReadOnlyData, dpl: 3));
        Assert.Equal(0b1110, Ask(FreeSelector | 3));
    }

    [Fact]
    public void Execute_only_code_can_be_neither_read_nor_written()
    {
        _bench.Define(FreeSelector, Make(ExecuteOnlyCode, dpl: 3));
        Assert.Equal(0b1100, Ask(FreeSelector | 3));
    }

    [Fact]
    public void Conforming_code_is_visible_from_every_level()
    {
        _bench.Define(FreeSelector, Make(ConformingCode, dpl: 0));
        Assert.Equal(0b1110, Ask(FreeSelector | 3));
    }

    [Theory]
    [InlineData(Descriptor.LocalDescriptorTable, 0b1100)]
    [InlineData(Descriptor.AvailableTss, 0b1100)]
    [InlineData(Descriptor.BusyTss, 0b1100)]
    [InlineData(Descriptor.CallGate, 0b1000)]
    [InlineData(1, 0), InlineData(3, 0), InlineData(5, 0), InlineData(14, 0), InlineData(15, 0)]
    public void Long_mode_shows_rights_and_limits_of_few_system_descriptors(int type, int answers)
    {
        _bench.Define(FreeSelector, Make(type, dpl: 3, system: true));
        Assert.Equal(answers, Ask(FreeSelector | 3));
    }

    [Fact]
    public void The_limit_of_a_segment_in_pages_is_shown_in_bytes()
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, limit: 0x12, pages: true));
        Ask(FreeSelector | 3);
        Assert.Equal(0x12FFFul, _bench[Gpr.R9]);
    }

    [Fact]
    public void The_limit_of_a_segment_in_bytes_tells_the_CPU_and_the_node()
    {
        const ushort cpuAndNode = 0x7B;
        _bench.Define(cpuAndNode, Make(ReadOnlyData | 5, dpl: 3, limit: 0x2005, pages: false));
        Ask(cpuAndNode);
        Assert.Equal(0x2005ul, _bench[Gpr.R9]);
    }

    [Fact]
    public void Segments_that_are_not_present_answer_too()
    {
        _bench.Define(FreeSelector, Make(WritableData, dpl: 3, present: false));
        Assert.Equal(0b1111, Ask(FreeSelector | 3));
    }

    [Fact]
    public void The_16_bit_form_of_LAR_shows_the_low_byte_of_the_rights_only()
    {
        _bench[Gpr.Rcx] = BenchSelectors.UserData;
        _bench[Gpr.R8] = ulong.MaxValue;
        _bench.RunUser64(a => a.lar(r8w, cx));
        Assert.Equal(0xFFFF_FFFF_FFFF_F300, _bench[Gpr.R8]);
    }

    [Fact]
    public void VERW_of_memory_reads_16_bits()
    {
        _bench.Write64(BenchLayout.UserData, BenchSelectors.UserData);
        _bench[Gpr.Rbx] = BenchLayout.UserData;
        BenchRun run = _bench.RunUser64(a => a.verw(__word_ptr[rbx]));
        Assert.NotEqual(0ul, run.Flags & Rflags.ZF);
    }

    /// <summary>ZF after LAR, LSL, VERR and VERW, as bits from the left; R8 and R9 take the answers.</summary>
    private int Ask(int selector)
    {
        _bench[Gpr.Rcx] = (ulong)selector;
        _bench[Gpr.R8] = 0x1111;
        _bench[Gpr.R9] = 0x2222;
        _bench[Gpr.R10] = 0;
        _bench.RunUser64(a =>
        {
            a.lar(r8d, ecx);
            CollectZero(a);
            a.lsl(r9d, ecx);
            CollectZero(a);
            a.verr(cx);
            CollectZero(a);
            a.verw(cx);
            CollectZero(a);
        });
        return (int)_bench[Gpr.R10];
    }

    private static void CollectZero(Assembler a)
    {
        a.setz(al);
        a.movzx(eax, al);
        a.lea(r10, __[rax + r10 * 2]);
    }
}
