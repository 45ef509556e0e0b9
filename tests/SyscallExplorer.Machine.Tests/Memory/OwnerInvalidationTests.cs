using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What the owner of the page tables can drop from outside, page by page.</summary>
public class OwnerInvalidationTests
{
    private const ulong Page = BenchLayout.KernelData;
    private const ulong OtherPage = BenchLayout.KernelData + 0x2000;
    private const ulong OldFrame = BenchLayout.KernelData + 0x1_0000;
    private const ulong NewFrame = BenchLayout.KernelData + 0x1_1000;
    private const ulong OldValue = 0x01D;
    private const ulong NewValue = 0x2E3;
    private const ulong NoFlush = 1ul << 63;
    private readonly MachineBench _bench = new();

    public OwnerInvalidationTests()
    {
        _bench.Write64(OldFrame, OldValue);
        _bench.Write64(NewFrame, NewValue);
        _bench.SetCr4(Cr4.PCIDE | Cr4.PGE);
        _bench.Cpu.Registers.ControlRegister3 = _bench.Pages.Root | 1;
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void A_page_is_dropped_in_every_PCID(bool global)
    {
        Map(Page, OldFrame, global);
        Assert.Equal((OldValue, OldValue), (Read(Page, pcid: 1), Read(Page, pcid: 2)));
        Map(Page, NewFrame, global);
        Assert.Equal((OldValue, OldValue), (Read(Page, pcid: 1), Read(Page, pcid: 2)));
        _bench.Cpu.InvalidatePage(Page + 0x123);
        Assert.Equal((NewValue, NewValue), (Read(Page, pcid: 1), Read(Page, pcid: 2)));
    }

    [Fact]
    public void Other_pages_stay_as_they_are()
    {
        Map(OtherPage, OldFrame);
        Assert.Equal(OldValue, Read(OtherPage, pcid: 1));
        Map(OtherPage, NewFrame);
        _bench.Cpu.InvalidatePage(Page);
        Assert.Equal(OldValue, Read(OtherPage, pcid: 1));
    }

    [Fact]
    public void Of_a_large_page_every_part_is_dropped()
    {
        const ulong linear = 0xFFFF_A000_0000_0000;
        const ulong part = linear + 0x12_3000;
        _bench.Write64(0x80_0000 + 0x12_3000, OldValue);
        _bench.Write64(0xA0_0000 + 0x12_3000, NewValue);
        _bench.Pages.MapLarge(linear, 0x80_0000, PageTables.Present);
        Assert.Equal(OldValue, Read(part, pcid: 1));
        _bench.Pages.MapLarge(linear, 0xA0_0000, PageTables.Present);
        Assert.Equal(OldValue, Read(part, pcid: 1));
        _bench.Cpu.InvalidatePage(linear);
        Assert.Equal(NewValue, Read(part, pcid: 1));
    }

    [Fact]
    public void A_page_of_code_is_dropped()
    {
        _bench.WriteBytes(OldFrame, 0xB0, 1, 0xC3);
        _bench.WriteBytes(NewFrame, 0xB0, 2, 0xC3);
        Map(Page, OldFrame);
        Assert.Equal(1, Call(Page));
        Map(Page, NewFrame);
        Assert.Equal(1, Call(Page));
        _bench.Cpu.InvalidatePage(Page);
        Assert.Equal(2, Call(Page));
    }

    [Fact]
    public void A_PCID_is_dropped_without_the_others_and_without_global_pages()
    {
        Map(Page, OldFrame);
        Map(OtherPage, OldFrame, global: true);
        Assert.Equal((OldValue, OldValue, OldValue), (Read(Page, pcid: 1), Read(Page, pcid: 2), Read(OtherPage, pcid: 2)));
        Map(Page, NewFrame);
        Map(OtherPage, NewFrame, global: true);
        _bench.Cpu.InvalidatePcid(2);
        Assert.Equal((OldValue, NewValue, OldValue), (Read(Page, pcid: 1), Read(Page, pcid: 2), Read(OtherPage, pcid: 2)));
    }

    [Fact]
    public void A_page_that_was_read_while_it_was_empty_shows_what_another_address_space_writes_to_it()
    {
        const ulong fresh = 0x200_0000;
        Map(Page, fresh);
        Map(OtherPage, fresh);
        Assert.Equal((0ul, 0ul), (Read(Page, pcid: 1), Read(OtherPage, pcid: 1)));
        _bench[Gpr.Rcx] = NewValue;
        Run(pcid: 2, a => a.mov(__[rbx], rcx), Page);
        Assert.Equal((NewValue, NewValue), (Read(Page, pcid: 1), Read(OtherPage, pcid: 1)));
    }

    [Fact]
    public void A_frame_that_begins_to_hold_code_is_watched_in_every_address_space()
    {
        _bench.WriteBytes(OldFrame, 0xB0, 1, 0xC3);
        Map(Page, OldFrame);
        _bench[Gpr.Rcx] = 2;
        Run(pcid: 2, a => a.mov(__byte_ptr[rbx + 8], cl), Page);
        Assert.Equal(1, Call(Page));
        Run(pcid: 2, a => a.mov(__byte_ptr[rbx + 1], cl), Page);
        Assert.Equal(2, Call(Page));
    }

    private void Map(ulong linear, ulong frame, bool global = false) => _bench.Pages.Map(linear, frame, 3 | (global ? PageEntry.G : 0));

    private ulong Read(ulong linear, uint pcid)
    {
        Run(pcid, a => a.mov(rax, __[rbx]), linear);
        return _bench[Gpr.Rax];
    }

    private byte Call(ulong linear)
    {
        Run(pcid: 1, a => a.call(rbx), linear);
        return (byte)_bench[Gpr.Rax];
    }

    private void Run(uint pcid, Action<Assembler> code, ulong linear)
    {
        _bench[Gpr.Rbx] = linear;
        _bench.Run64(a =>
        {
            a.mov(rdx, _bench.Pages.Root | pcid | NoFlush);
            a.mov(cr3, rdx);
            code(a);
        });
    }
}
