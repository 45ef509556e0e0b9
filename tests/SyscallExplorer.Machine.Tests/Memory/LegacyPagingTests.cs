using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 4.3 (32-bit paging), 4.4 (PAE paging), 4.6 to 4.8: translation in legacy mode.</summary>
public class LegacyPagingTests
{
    private const uint Page = LegacyLayout.UserData;

    /// <summary>Linear space beyond RAM, for pages that tests map elsewhere.</summary>
    private const uint Far = 0xC000_0000;

    private const ulong Large = PageEntry.PS;

    public static TheoryData<LegacyPaging> Paged => [LegacyPaging.TwoLevel, LegacyPaging.Pae];

    [Theory, MemberData(nameof(Paged))]
    public void A_page_fault_tells_by_its_error_code_what_was_wrong(LegacyPaging paging)
    {
        var bench = new LegacyBench(paging);
        foreach ((bool user, bool write, ulong flags, uint expected) in (ReadOnlySpan<(bool, bool, ulong, uint)>)
        [
            (true, false, 0, 4u), (true, true, 0, 6u), (true, false, 3, 5u), (true, true, 5, 7u), (false, false, 0, 0u), (false, true, 0, 2u), (false, true, 5, 3u),
        ])
        {
            bench.Map(Page, flags == 0 ? 0 : Page | flags);
            Assert.Equal(expected, Touch(bench, Page + 0x123, write, user));
            Assert.Equal(Page + 0x123, bench.Cpu.Registers.ControlRegister2);
        }
    }

    [Theory, MemberData(nameof(Paged))]
    public void A_walk_sets_A_in_the_directory_and_the_table_and_D_for_a_write(LegacyPaging paging)
    {
        var bench = new LegacyBench(paging);
        bench.Map(Far, Page | 7);
        uint directory = bench.EntryOf(Far, large: true);
        uint table = bench.EntryOf(Far);
        bench.Complete(a => a.mov(eax, __dword_ptr[Far]));
        Assert.Equal((PageEntry.A, PageEntry.A), (bench.Read32(directory) & (PageEntry.A | PageEntry.D), bench.Read32(table) & (PageEntry.A | PageEntry.D)));
        bench.Complete(a => a.mov(__dword_ptr[Far + 4], eax));
        Assert.Equal((PageEntry.A, PageEntry.A | PageEntry.D), (bench.Read32(directory) & (PageEntry.A | PageEntry.D), bench.Read32(table) & (PageEntry.A | PageEntry.D)));
    }

    [Theory, MemberData(nameof(Paged))]
    public void The_rights_of_both_levels_count(LegacyPaging paging)
    {
        var bench = new LegacyBench(paging);
        bench.Map(Far, Page | 7);
        uint directory = bench.EntryOf(Far, large: true);
        foreach ((ulong right, bool write, bool user, uint expected) in (ReadOnlySpan<(ulong, bool, bool, uint)>)[(PageEntry.US, false, true, 5u), (PageEntry.RW, true, true, 7u), (PageEntry.RW, true, false, 3u)])
        {
            uint before = bench.Read32(directory);
            bench.Write32(directory, before & ~(uint)right);
            bench.Cpu.FlushTranslations();
            Assert.Equal(expected, Touch(bench, Far, write, user));
            bench.Write32(directory, before);
        }
    }

    [Theory, MemberData(nameof(Paged))]
    public void Without_WP_ring_0_writes_to_read_only_pages(LegacyPaging paging)
    {
        var bench = new LegacyBench(paging);
        bench.Map(Page, Page | 5);
        bench.Cpu.Registers.ControlRegister0 &= ~Cr0.WP;
        bench.Complete(a => a.mov(__dword_ptr[Page], eax));
    }

    [Theory, MemberData(nameof(Paged))]
    public void SMEP_and_SMAP_hold_in_legacy_mode_too(LegacyPaging paging)
    {
        var bench = new LegacyBench(paging);
        bench.Cpu.Registers.ControlRegister4 |= Cr4.SMEP | Cr4.SMAP;
        Assert.Equal(1u, Touch(bench, Page, write: false, user: false));
        bench.Complete(a => { a.stac(); a.mov(eax, __dword_ptr[Page]); a.clac(); });
        LegacyEvent taken = bench.Fault(a => a.jmp(Page));
        Assert.Equal((Vector.PageFault, 17u, Page), (taken.Vector, taken.ErrorCode, taken.Eip));
    }

    /// <summary>SDM vol. 3A, 4.7: I/D is reported with SMEP, or with PAE and NXE.</summary>
    [Fact]
    public void Two_level_paging_without_SMEP_does_not_tell_a_fetch_even_with_NXE()
    {
        var bench = new LegacyBench();
        bench.Cpu.Registers.ExtendedFeatures = Efer.NXE;
        bench.Map(Page, Page | 3);
        Assert.Equal(5u, bench.Fault(a => a.jmp(Page), user: true).ErrorCode);
    }

    [Fact]
    public void A_4_MiB_page_translates_22_bits()
    {
        var bench = new LegacyBench();
        bench.Map(Far, 0x40_0000 | 3 | Large, large: true);
        bench.Write32(0x7F_FFFC, 0x1234_5678);
        bench.Complete(a => a.mov(eax, __dword_ptr[Far + 0x3F_FFFC]));
        Assert.Equal(0x1234_5678u, bench[Gpr.Rax]);
        Assert.Equal(PageEntry.A, bench.Read32(bench.EntryOf(Far, large: true)) & (PageEntry.A | PageEntry.D));
    }

    [Fact]
    public void INVLPG_anywhere_in_a_4_MiB_page_drops_it()
    {
        var bench = new LegacyBench();
        bench.Map(Far, 0x40_0000 | 3 | Large, large: true);
        bench.Write32(0x40_0000, 1);
        bench.Write32(0x80_0000, 2);
        uint entry = bench.EntryOf(Far, large: true);
        bench.Complete(a =>
        {
            a.mov(eax, __dword_ptr[Far]);
            a.mov(ebx, __dword_ptr[Far + 0x20_0000]);
            a.mov(__dword_ptr[entry], 0x80_0083u);
            a.mov(ecx, __dword_ptr[Far]);
            a.invlpg(__byte_ptr[Far + 0x30_0000]);
            a.mov(edx, __dword_ptr[Far]);
        });
        Assert.Equal((1ul, 1ul, 2ul), (bench[Gpr.Rax], bench[Gpr.Rcx], bench[Gpr.Rdx]));
    }

    [Fact]
    public void Without_PSE_the_PS_bit_is_ignored()
    {
        var bench = new LegacyBench();
        bench.Map(Far, Page | 7);
        uint directory = bench.EntryOf(Far, large: true);
        bench.Write32(directory, bench.Read32(directory) | (uint)Large);
        bench.Cpu.Registers.ControlRegister4 &= ~Cr4.PSE;
        bench.Cpu.FlushTranslations();

        // The bench's own large pages are gone with PSE: code, tables and stack lie below them.
        bench.Write32(Page, 77);
        bench.Complete(a => a.mov(eax, __dword_ptr[Far]));
        Assert.Equal(77ul, bench[Gpr.Rax]);
    }

    /// <summary>SDM vol. 3A, table 4-4: bits 20:13 are the address above 4 GiB as far as it reaches, the others up to bit 21 are reserved.</summary>
    [Theory]
    [InlineData(36, 1u << 17, 9u), InlineData(36, 1u << 21, 9u), InlineData(39, 1u << 20, 9u), InlineData(48, 1u << 21, 9u), InlineData(36, 1u << 16, null), InlineData(48, 1u << 20, null)]
    public void A_4_MiB_page_may_lie_above_4_GiB(int physicalBits, uint bit, uint? fault)
    {
        var bench = new LegacyBench(LegacyPaging.TwoLevel, Cpus.Skylake with { PhysicalAddressBits = physicalBits });
        bench.Map(Far, bit | 3 | Large, large: true);
        if (fault is not null)
        {
            Assert.Equal(fault, Touch(bench, Far, write: false, user: false));
            return;
        }

        bench.Complete(a => a.mov(eax, __dword_ptr[Far]));
        Assert.Equal(uint.MaxValue, bench[Gpr.Rax]);
        Assert.True(bench.Cpu.TryTranslate(Far + 4, out ulong physical));
        Assert.Equal(((ulong)bit << 19) + 4, physical);
    }

    [Fact]
    public void Without_PSE_36_all_bits_between_are_reserved()
    {
        var bench = new LegacyBench(LegacyPaging.TwoLevel, Cpus.Skylake with { Features = new HashSet<CpuFeature>(Cpus.Skylake.Features.Except([CpuFeature.Pse36])) });
        bench.Map(Far, 1 << 13 | 3 | Large, large: true);
        Assert.Equal(9u, Touch(bench, Far, write: false, user: false));
    }

    /// <summary>SDM vol. 3A, 4.10.2.4.</summary>
    [Theory, MemberData(nameof(Paged))]
    public void A_global_page_survives_a_load_of_CR3(LegacyPaging paging)
    {
        var bench = new LegacyBench(paging);
        bench.Cpu.Registers.ControlRegister4 |= Cr4.PGE;
        bench.Map(Far, Page | 3 | PageEntry.G);
        bench.Map(Far + 0x1000, Page | 3);
        uint table = bench.EntryOf(Far);
        uint next = bench.EntryOf(Far + 0x1000);
        bench.Write32(Page, 1);
        bench.Write32(Page + 0x1000, 2);
        bench.Complete(a =>
        {
            a.mov(eax, __dword_ptr[Far]);
            a.mov(eax, __dword_ptr[Far + 0x1000]);
            a.mov(__dword_ptr[table], Page + 0x1103);
            a.mov(__dword_ptr[next], Page + 0x1003);
            a.mov(eax, cr3);
            a.mov(cr3, eax);
            a.mov(ecx, __dword_ptr[Far]);
            a.mov(edx, __dword_ptr[Far + 0x1000]);
        });
        Assert.Equal((1ul, 2ul), (bench[Gpr.Rcx], bench[Gpr.Rdx]));
    }

    [Fact]
    public void PAE_pages_have_NX_and_addresses_above_4_GiB()
    {
        var bench = new LegacyBench(LegacyPaging.Pae);
        bench.Map(Page, Page | 7 | PageEntry.NX);
        Assert.Equal(21u, bench.Fault(a => a.jmp(Page), user: true).ErrorCode);
        bench.Map(Page, 0x12_3456_7000 | 7);
        bench.Complete(a => a.mov(eax, __dword_ptr[Page]), user: true);
        Assert.Equal(uint.MaxValue, bench[Gpr.Rax]);
    }

    /// <summary>SDM vol. 3A, tables 4-9 to 4-11.</summary>
    [Theory]
    [InlineData(1ul << 52, false), InlineData(1ul << 62, false), InlineData(1ul << 39, false), InlineData(1ul << 63, true)]
    public void PAE_reserves_what_long_mode_ignores(ulong bit, bool withoutNxe)
    {
        var bench = new LegacyBench(LegacyPaging.Pae);
        if (withoutNxe)
            bench.Cpu.Registers.ExtendedFeatures = 0;
        bench.Map(Page, Page | 7 | bit);
        Assert.Equal(13u, Touch(bench, Page, write: false, user: true));
    }

    [Fact]
    public void Low_address_bits_of_a_2_MiB_page_are_reserved()
    {
        var bench = new LegacyBench(LegacyPaging.Pae);
        bench.Map(Far, 0x40_0000 | 1 << 13 | 3 | Large, large: true);
        Assert.Equal(9u, Touch(bench, Far, write: false, user: false));
    }

    /// <summary>SDM vol. 3A, 4.4.1: the four entries are registers; a change in memory shows after the next load of CR3.</summary>
    [Fact]
    public void The_page_directory_pointers_are_registers()
    {
        var bench = new LegacyBench(LegacyPaging.Pae);
        bench.Map(Far, Page | 3);
        const uint pointer = LegacyLayout.PageTables + 3 * 8;
        LegacyEvent taken = bench.Fault(a =>
        {
            a.mov(__dword_ptr[pointer], 0);
            a.invlpg(__byte_ptr[Far]);
            a.mov(eax, __dword_ptr[Far]);
            a.mov(eax, cr3);
            a.mov(cr3, eax);
            a.mov(esi, 1);
            a.mov(eax, __dword_ptr[Far]);
        });
        Assert.Equal((Vector.PageFault, 0u, 1ul), (taken.Vector, taken.ErrorCode, bench[Gpr.Rsi]));
    }

    public static TheoryData<ulong> ReservedInPointers => [1ul << 1, 1ul << 2, 1ul << 5, 1ul << 8, 1ul << 39, 1ul << 63];

    [Theory, MemberData(nameof(ReservedInPointers))]
    public void A_reserved_bit_in_a_present_pointer_is_a_fault_of_MOV_to_CR3(ulong bit)
    {
        var bench = new LegacyBench(LegacyPaging.Pae);
        bench.Ram.WriteUInt64(LegacyLayout.PageTables + 16, bit);
        bench.Complete(a => { a.mov(eax, cr3); a.mov(cr3, eax); });
        bench.Ram.WriteUInt64(LegacyLayout.PageTables + 16, bit | 1);
        LegacyEvent taken = bench.Fault(a => { a.mov(eax, cr3); a.mov(cr3, eax); });
        Assert.Equal((Vector.GeneralProtection, 0u, LegacyLayout.KernelCode + 3), (taken.Vector, taken.ErrorCode, taken.Eip));
    }

    [Theory]
    [InlineData(Cr4.PGE), InlineData(Cr4.PSE), InlineData(Cr4.SMEP)]
    public void Writes_of_CR4_load_the_pointers_too(ulong bit)
    {
        var bench = new LegacyBench(LegacyPaging.Pae);
        bench.Ram.WriteUInt64(LegacyLayout.PageTables + 16, 3);
        bench[Gpr.Rax] = Cr4.PAE | bit;
        Assert.Equal(Vector.GeneralProtection, bench.Fault(a => a.mov(cr4, eax)).Vector);
        Assert.Equal(Cr4.PAE, bench.Cpu.Registers.ControlRegister4);
        bench[Gpr.Rax] = Cr4.PAE | Cr4.DE;
        bench.Complete(a => a.mov(cr4, eax));
    }

    [Fact]
    public void The_pointers_are_part_of_a_snapshot()
    {
        var bench = new LegacyBench(LegacyPaging.Pae);
        bench.Map(Far, Page | 3);
        bench.Place(a => a.mov(eax, __dword_ptr[Far]));
        ProcessorSnapshot snapshot = bench.Cpu.Capture();
        bench.Ram.WriteUInt64(LegacyLayout.PageTables + 24, 0);
        bench.Cpu.Registers.ControlRegister3 = bench.Cpu.Registers.ControlRegister3;
        bench.Cpu.Restore(snapshot);
        bench.Complete();
    }

    [Fact]
    public void Without_paging_linear_addresses_are_physical_ones_and_wrap_at_4_GiB()
    {
        var bench = new LegacyBench(LegacyPaging.None);
        bench.Define(LegacySelectors.Free, BenchDescriptors.Make(BenchDescriptors.WritableData, start: 0xFFFF_0000));
        bench[Gpr.Rax] = LegacySelectors.Free;
        bench.Complete(a =>
        {
            a.mov(ds, eax);
            a.mov(__dword_ptr[LegacyLayout.KernelData + 0x1_0000], 0x55);
            a.inc(__dword_ptr[LegacyLayout.KernelData + 0x1_0000]);
        });
        Assert.Equal(0x56u, bench.Read32(LegacyLayout.KernelData));
    }

    [Fact]
    public void Without_paging_code_that_writes_code_is_seen()
    {
        var bench = new LegacyBench(LegacyPaging.None);
        bench.Complete(a =>
        {
            Label patched = a.CreateLabel();
            a.mov(ecx, 2);
            a.Label(ref patched);
            a.mov(eax, 1);
            a.mov(__dword_ptr[LegacyLayout.KernelCode + 6], 2);
            a.loop(patched);
        });
        Assert.Equal(2ul, bench[Gpr.Rax]);
    }

    [Fact]
    public void The_descriptor_table_of_a_base_near_4_GiB_wraps()
    {
        var bench = new LegacyBench(LegacyPaging.None);
        bench.Cpu.Registers.Gdtr = new TableRegister(0xFFFF_FFFC, 0xFFFF);
        bench.Write32(8 - 4, 0x0000_FFFF);
        bench.Write32(12 - 4, 0x00CF_9300);
        bench[Gpr.Rax] = 8;
        bench.Complete(a => a.mov(ds, eax));
        Assert.Equal(uint.MaxValue, bench.Cpu.Registers[SegmentName.DS].Limit);
    }

    private static uint? Touch(LegacyBench bench, uint linear, bool write, bool user)
    {
        LegacyEvent taken = bench.Fault(a =>
        {
            if (write)
                a.mov(__byte_ptr[linear], al);
            else
                a.mov(al, __byte_ptr[linear]);
        }, user);
        Assert.Equal(Vector.PageFault, taken.Vector);
        return taken.ErrorCode;
    }
}
