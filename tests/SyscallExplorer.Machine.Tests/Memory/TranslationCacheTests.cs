using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 4.10: what the translation caches keep, and what makes them forget.</summary>
public class TranslationCacheTests
{
    private const ulong Page = BenchLayout.KernelData;
    private const ulong OldFrame = BenchLayout.KernelData + 0x1_0000;
    private const ulong NewFrame = BenchLayout.KernelData + 0x1_1000;
    private const ulong OldValue = 0x01D;
    private const ulong NewValue = 0x2E3;
    private const ulong NoFlush = 1ul << 63;
    private const ulong Descriptor = BenchLayout.KernelData + 0x2_0000;
    private readonly MachineBench _bench = new();

    public TranslationCacheTests()
    {
        _bench.Write64(OldFrame, OldValue);
        _bench.Write64(NewFrame, NewValue);
    }

    [Fact]
    public void An_entry_stays_in_force_until_it_is_flushed() => Assert.Equal(OldValue, AfterRemap(a => a.nop()));

    [Fact]
    public void INVLPG_drops_a_page() => Assert.Equal(NewValue, AfterRemap(a => a.invlpg(__byte_ptr[rbx])));

    [Fact]
    public void INVLPG_drops_a_global_page() => Assert.Equal(NewValue, AfterRemap(a => a.invlpg(__byte_ptr[rbx]), global: true));

    [Fact]
    public void INVLPG_of_another_page_leaves_a_page() => Assert.Equal(OldValue, AfterRemap(a => a.invlpg(__byte_ptr[rbx + 0x1000])));

    [Fact]
    public void INVLPG_of_a_noncanonical_address_does_nothing()
    {
        _bench[Gpr.R15] = 1ul << 63;
        Assert.Equal(OldValue, AfterRemap(a => a.invlpg(__byte_ptr[r15])));
    }

    [Fact]
    public void A_write_of_CR3_drops_pages_that_are_not_global() => Assert.Equal(NewValue, AfterRemap(ReloadCr3));

    [Fact]
    public void A_write_of_CR3_keeps_global_pages() => Assert.Equal(OldValue, AfterRemap(ReloadCr3, global: true));

    [Fact]
    public void The_G_bit_means_nothing_without_CR4_PGE() => Assert.Equal(NewValue, AfterRemap(ReloadCr3, global: true, pge: false));

    [Fact]
    public void Toggling_CR4_PGE_drops_global_pages()
    {
        Assert.Equal(NewValue, AfterRemap(a =>
        {
            a.mov(rax, cr4);
            a.btc(rax, 7);
            a.mov(cr4, rax);
        }, global: true));
    }

    [Fact]
    public void A_write_of_CR3_with_bit_63_keeps_the_entries_of_the_PCID() => Assert.Equal(OldValue, AfterRemapWithPcid(a => LoadCr3(a, 1, NoFlush)));

    [Fact]
    public void A_write_of_CR3_without_bit_63_drops_the_entries_of_the_PCID() => Assert.Equal(NewValue, AfterRemapWithPcid(a => LoadCr3(a, 1, 0)));

    [Fact]
    public void A_write_of_CR3_drops_the_entries_of_the_new_PCID_only()
    {
        Assert.Equal(OldValue, AfterRemapWithPcid(a =>
        {
            LoadCr3(a, 2, 0);
            LoadCr3(a, 1, NoFlush);
        }));
    }

    [Fact]
    public void Entries_of_one_PCID_do_not_serve_another() => Assert.Equal(NewValue, AfterRemapWithPcid(a => LoadCr3(a, 2, NoFlush)));

    [Fact]
    public void Global_entries_serve_every_PCID() => Assert.Equal(OldValue, AfterRemapWithPcid(a => LoadCr3(a, 2, 0), global: true));

    [Fact]
    public void Bit_63_is_not_kept_in_CR3()
    {
        AfterRemapWithPcid(a => LoadCr3(a, 1, NoFlush));
        Assert.Equal(_bench.Pages.Root | 1, _bench.Cpu.Registers.ControlRegister3);
    }

    [Theory]
    [InlineData(0, 1, Page, false, NewValue)]
    [InlineData(0, 1, Page + 0x1000, false, OldValue)]
    [InlineData(0, 2, Page, false, OldValue)]
    [InlineData(0, 1, Page, true, OldValue)]
    [InlineData(1, 1, 0ul, false, NewValue)]
    [InlineData(1, 2, 0ul, false, OldValue)]
    [InlineData(1, 1, 0ul, true, OldValue)]
    [InlineData(2, 0, 0ul, true, NewValue)]
    [InlineData(3, 0, 0ul, false, NewValue)]
    [InlineData(3, 0, 0ul, true, OldValue)]
    public void INVPCID_drops_what_its_type_says(int type, int pcid, ulong address, bool global, ulong expected)
    {
        _bench.Write64(Descriptor, (ulong)pcid);
        _bench.Write64(Descriptor + 8, address);
        Assert.Equal(expected, AfterRemapWithPcid(a =>
        {
            a.mov(r14, type);
            a.mov(r15, Descriptor);
            a.invpcid(r14, __[r15]);
        }, global));
    }

    [Theory]
    [InlineData(4ul, 0ul, 0ul, true)]
    [InlineData(0ul, 0x1000ul, 0ul, true)]
    [InlineData(1ul, 0x1000ul, 0ul, true)]
    [InlineData(2ul, 0x1000ul, 0ul, true)]
    [InlineData(0ul, 0ul, 1ul << 63, true)]
    [InlineData(0ul, 1ul, 0ul, false)]
    [InlineData(1ul, 1ul, 0ul, false)]
    public void INVPCID_refuses_an_unknown_type_and_a_bad_descriptor(ulong type, ulong low, ulong high, bool pcide)
    {
        if (pcide)
            _bench.SetCr4(Cr4.PCIDE);
        _bench.Write64(Descriptor, low);
        _bench.Write64(Descriptor + 8, high);
        _bench[Gpr.R14] = type;
        _bench[Gpr.R15] = Descriptor;
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.invpcid(r14, __[r15]));
        Assert.Equal((Vector.GeneralProtection, 0u), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void INVPCID_in_ring_3_is_refused()
    {
        _bench[Gpr.R15] = BenchLayout.UserData;
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.invpcid(r14, __[r15])).Vector);
    }

    [Fact]
    public void INVPCID_is_no_instruction_where_CPUID_lacks_it()
    {
        var bench = new MachineBench(Cpus.Zen2);
        bench[Gpr.R15] = Descriptor;
        Assert.Equal(Vector.InvalidOpcode, bench.Fault(BenchMode.Kernel64, a => a.invpcid(r14, __[r15])).Vector);
    }

    [Fact]
    public void A_stale_read_only_entry_does_not_keep_a_write_from_the_new_tables()
    {
        ulong entry = Prepare(global: false, writable: false);
        _bench[Gpr.Rdi] = entry;
        _bench[Gpr.Rsi] = NewFrame | 3;
        _bench.Run64(a =>
        {
            a.mov(rax, __[rbx]);
            a.mov(__[rdi], rsi);
            a.inc(__qword_ptr[rbx]);
            a.mov(rcx, __[rbx]);
        });
        Assert.Equal((OldValue, NewValue + 1), (_bench[Gpr.Rax], _bench[Gpr.Rcx]));
        Assert.Equal((OldValue, NewValue + 1), (_bench.Read64(OldFrame), _bench.Read64(NewFrame)));
    }

    [Fact]
    public void A_small_page_that_took_the_place_of_a_large_one_is_read_as_it_was_written()
    {
        const ulong linear = 0xFFFF_A000_0000_0000;
        const ulong largeFrame = 0x80_0000;
        _bench.Pages.MapLarge(linear, largeFrame, PageTables.Present);
        ulong entry = _bench.EntriesOf(linear)[2];
        ulong table = BenchLayout.KernelData + 0x3_0000;
        _bench.Write64(table, NewFrame | 3);
        _bench.Write64(largeFrame, OldValue);
        _bench.FlushTranslations();
        _bench[Gpr.Rbx] = linear;
        _bench[Gpr.Rdi] = entry;
        _bench[Gpr.Rsi] = table | 3;
        _bench.Run64(a =>
        {
            a.mov(rax, __[rbx]);
            a.mov(__[rdi], rsi);
            a.inc(__qword_ptr[rbx]);
            a.mov(rcx, __[rbx]);
        });
        Assert.Equal((OldValue, NewValue + 1), (_bench[Gpr.Rax], _bench[Gpr.Rcx]));
    }

    [Fact]
    public void A_page_fault_drops_the_entry_that_caused_it()
    {
        Prepare(global: false);
        _bench.Protect(Page, 0);
        _bench.Fault(BenchMode.Kernel64, a => a.mov(rax, __[rbx]));
        _bench.Pages[Page] = NewFrame | 3;
        _bench.Run64(a => a.mov(rax, __[rbx]));
        Assert.Equal(NewValue, _bench[Gpr.Rax]);
    }

    [Fact]
    public void INVLPG_drops_a_1_GiB_page_whatever_addresses_of_it_were_used()
    {
        const ulong huge = 0xFFFF_B000_0000_0000;
        const ulong outsideRam = 1ul << 30;
        _bench.Pages.Map(huge, 0, 3);
        ulong entry = _bench.EntriesOf(huge)[1];
        _bench.Write64(entry, 3 | PageEntry.PS);
        _bench.FlushTranslations();
        _bench.Write64(0x80_0000, OldValue);
        _bench[Gpr.Rbx] = huge;
        _bench[Gpr.Rdi] = entry;
        _bench[Gpr.Rsi] = outsideRam | 3 | PageEntry.PS;
        _bench.Run64(a =>
        {
            a.mov(rax, __[rbx]);
            a.mov(rcx, __[rbx + 0x80_0000]);
            a.mov(__[rdi], rsi);
            a.mov(rdx, __[rbx + 0x80_0000]);
            a.invlpg(__byte_ptr[rbx]);
            a.mov(r8, __[rbx + 0x80_0000]);
        });
        Assert.Equal((OldValue, OldValue, ulong.MaxValue), (_bench[Gpr.Rcx], _bench[Gpr.Rdx], _bench[Gpr.R8]));
    }

    [Fact]
    public void An_entry_that_was_pushed_out_is_walked_anew()
    {
        // More pages in one set than the first and the second level have ways.
        const ulong many = 0xFFFF_A000_0000_0000;
        const int stride = 128 * 4096;
        for (ulong i = 0; i < 24; i++)
            _bench.Pages.Map(many + i * stride, OldFrame, 3);
        ulong entry = _bench.EntriesOf(many)[3];
        _bench[Gpr.Rbx] = many;
        _bench[Gpr.Rdi] = entry;
        _bench[Gpr.Rsi] = NewFrame | 3;
        _bench.FlushTranslations();
        _bench.Run64(a =>
        {
            a.mov(rax, __[rbx]);
            a.mov(__[rdi], rsi);
            for (int i = 1; i < 24; i++)
                a.mov(rcx, __[rbx + i * stride]);
            a.mov(rdx, __[rbx]);
        });
        Assert.Equal((OldValue, NewValue), (_bench[Gpr.Rax], _bench[Gpr.Rdx]));
    }

    private static void ReloadCr3(Assembler a)
    {
        a.mov(rax, cr3);
        a.mov(cr3, rax);
    }

    private void LoadCr3(Assembler a, ulong pcid, ulong flush)
    {
        a.mov(rax, _bench.Pages.Root | pcid | flush);
        a.mov(cr3, rax);
    }

    private ulong AfterRemapWithPcid(Action<Assembler> flush, bool global = false)
    {
        _bench.SetCr4(Cr4.PCIDE);
        _bench.Cpu.Registers.ControlRegister3 = _bench.Pages.Root | 1;
        return AfterRemap(flush, global);
    }

    /// <summary>Reads a page, points its entry to another frame, does what should or should not flush, and reads it again.</summary>
    private ulong AfterRemap(Action<Assembler> flush, bool global = false, bool pge = true)
    {
        if (pge)
            _bench.SetCr4(Cr4.PGE);
        ulong entry = Prepare(global);
        _bench[Gpr.Rdi] = entry;
        _bench[Gpr.Rsi] = NewFrame | 3 | (global ? PageEntry.G : 0);
        _bench.Run64(a =>
        {
            a.mov(r8, __[rbx]);
            a.mov(__[rdi], rsi);
            a.mov(r9, __[rbx]);
            flush(a);
            a.mov(r10, __[rbx]);
        });
        Assert.Equal((OldValue, OldValue), (_bench[Gpr.R8], _bench[Gpr.R9]));
        return _bench[Gpr.R10];
    }

    private ulong Prepare(bool global, bool writable = true)
    {
        _bench.Pages[Page] = OldFrame | 1 | (writable ? PageEntry.RW : 0) | (global ? PageEntry.G : 0);
        _bench.FlushTranslations();
        _bench[Gpr.Rbx] = Page;
        return _bench.EntriesOf(Page)[3];
    }
}
