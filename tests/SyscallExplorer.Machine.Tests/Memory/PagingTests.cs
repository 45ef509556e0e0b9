using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 4.5 to 4.8: what a walk allows, what it marks and how it fails.</summary>
public class PagingTests
{
    private const ulong Page = BenchLayout.UserData;
    private const ulong ReservedBit = 1ul << 50;
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(BenchMode.User64, false, 0ul, 4u)]
    [InlineData(BenchMode.User64, true, 0ul, 6u)]
    [InlineData(BenchMode.User64, false, 3ul, 5u)]
    [InlineData(BenchMode.User64, true, 3ul, 7u)]
    [InlineData(BenchMode.User64, true, 5ul, 7u)]
    [InlineData(BenchMode.User32, true, 5ul, 7u)]
    [InlineData(BenchMode.Kernel64, false, 0ul, 0u)]
    [InlineData(BenchMode.Kernel64, true, 0ul, 2u)]
    [InlineData(BenchMode.Kernel64, true, 5ul, 3u)]
    [InlineData(BenchMode.User64, false, 7ul | ReservedBit, 13u)]
    [InlineData(BenchMode.Kernel64, true, 3ul | ReservedBit, 11u)]
    public void A_page_fault_tells_by_its_error_code_what_was_wrong(BenchMode mode, bool write, ulong flags, uint expected)
    {
        _bench.Pages[Page] = flags == 0 ? 0 : Page | flags;
        _bench.FlushTranslations();
        TakenException taken = Touch(mode, Page + 0x123, write);
        Assert.Equal((Vector.PageFault, expected), (taken.Vector, taken.ErrorCode));
        Assert.Equal(Page + 0x123, _bench.Cpu.Registers.ControlRegister2);
        Assert.Equal(MachineBench.CodeAddress(mode), taken.Rip);
    }

    [Theory]
    [InlineData(BenchMode.User64, 0ul, 20u)]
    [InlineData(BenchMode.User64, 3ul, 21u)]
    [InlineData(BenchMode.User64, 7ul | PageTables.NoExecute, 21u)]
    [InlineData(BenchMode.Kernel64, 3ul | PageTables.NoExecute, 17u)]
    [InlineData(BenchMode.Kernel64, 0ul, 16u)]
    public void A_failed_instruction_fetch_says_so(BenchMode mode, ulong flags, uint expected)
    {
        _bench.Pages[Page] = flags == 0 ? 0 : Page | flags;
        _bench.FlushTranslations();
        TakenException taken = Fetch(mode, Page + 8);
        Assert.Equal((Vector.PageFault, expected), (taken.Vector, taken.ErrorCode));
        Assert.Equal(Page + 8, taken.Rip);
        Assert.Equal(Page + 8, _bench.Cpu.Registers.ControlRegister2);
    }

    [Fact]
    public void Without_NXE_and_SMEP_the_error_code_does_not_tell_a_fetch()
    {
        _bench.Cpu.Registers.ExtendedFeatures &= ~Efer.NXE;
        _bench.Unmap(Page);
        Assert.Equal(4u, Fetch(BenchMode.User64, Page).ErrorCode);
        _bench.SetCr4(Cr4.SMEP);
        Assert.Equal(20u, Fetch(BenchMode.User64, Page).ErrorCode);
    }

    [Fact]
    public void Without_NXE_the_NX_bit_is_reserved()
    {
        _bench.Cpu.Registers.ExtendedFeatures &= ~Efer.NXE;
        _bench.Protect(Page, 7 | PageTables.NoExecute);
        Assert.Equal(13u, Touch(BenchMode.User64, Page, write: false).ErrorCode);
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void Every_level_must_allow_a_user_access(int level)
    {
        ulong entry = _bench.EntriesOf(Page)[level];
        _bench.Write64(entry, _bench.Read64(entry) & ~PageEntry.US);
        _bench.FlushTranslations();
        if (level == 3)
            Assert.Equal(5u, Touch(BenchMode.User64, Page, write: false).ErrorCode);
        else
            Assert.Equal(21u, Fetch(BenchMode.User64, Page).ErrorCode);
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void Every_level_must_allow_a_write(int level)
    {
        const ulong linear = 0xFFFF_A000_0000_0000;
        _bench.Pages.Map(linear, Page, 3);
        ulong entry = _bench.EntriesOf(linear)[level];
        _bench.Write64(entry, _bench.Read64(entry) & ~PageEntry.RW);
        _bench.FlushTranslations();
        Assert.Equal(3u, Touch(BenchMode.Kernel64, linear, write: true).ErrorCode);
    }

    [Theory]
    [InlineData(0, PageEntry.PS), InlineData(0, ReservedBit), InlineData(1, ReservedBit), InlineData(2, ReservedBit), InlineData(3, ReservedBit)]
    public void Reserved_bits_are_checked_at_every_level(int level, ulong bit)
    {
        const ulong linear = 0xFFFF_A000_0000_0000;
        _bench.Pages.Map(linear, Page, 3);
        ulong entry = _bench.EntriesOf(linear)[level];
        _bench.Write64(entry, _bench.Read64(entry) | bit);
        _bench.FlushTranslations();
        Assert.Equal(9u, Touch(BenchMode.Kernel64, linear, write: false).ErrorCode);
    }

    [Fact]
    public void Low_address_bits_of_a_large_page_are_reserved()
    {
        const ulong linear = 0xFFFF_A000_0000_0000;
        _bench.Pages.MapLarge(linear, 0x1000 << 1, 3);
        _bench.FlushTranslations();
        Assert.Equal(9u, Touch(BenchMode.Kernel64, linear, write: false).ErrorCode);
    }

    [Fact]
    public void Reserved_bits_of_an_entry_that_is_not_present_are_ignored()
    {
        _bench.Pages[Page] = ReservedBit;
        _bench.FlushTranslations();
        Assert.Equal(0u, Touch(BenchMode.Kernel64, Page, write: false).ErrorCode);
    }

    [Theory]
    [InlineData(0x40_0008ul)]
    [InlineData(BenchLayout.DirectMap + 0x40_0008)]
    [InlineData(0xFFFF_B000_0040_0008)]
    public void Pages_of_2_MiB_and_1_GiB_translate(ulong linear)
    {
        MapGigabyte(0xFFFF_B000_0000_0000, 0);
        _bench.Write64(0x40_0008, 0x1122_3344_5566_7788);
        _bench[Gpr.Rbx] = linear;
        _bench.Run64(a => a.mov(rax, __[rbx]));
        Assert.Equal(0x1122_3344_5566_7788ul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void A_read_sets_the_accessed_bit_at_every_level_and_no_dirty_bit()
    {
        _bench.ClearInEntries(Page, PageEntry.A | PageEntry.D);
        _bench[Gpr.Rbx] = Page;
        _bench.RunUser64(a => a.mov(al, __byte_ptr[rbx]));
        Assert.All(_bench.EntriesOf(Page), entry => Assert.Equal(PageEntry.A, _bench.Read64(entry) & PageEntry.A));
        Assert.Equal(0ul, _bench.Pages[Page] & PageEntry.D);
    }

    [Fact]
    public void A_write_sets_the_dirty_bit_of_the_leaf_only()
    {
        const ulong linear = 0xFFFF_A000_0000_0000;
        _bench.Pages.Map(linear, Page, 3);
        _bench[Gpr.Rbx] = linear;
        _bench.Run64(a => a.mov(__byte_ptr[rbx], al));
        Assert.Equal([0, 0, 0, PageEntry.D], _bench.EntriesOf(linear).Select(entry => _bench.Read64(entry) & PageEntry.D));
    }

    [Fact]
    public void A_write_through_a_translation_that_is_cached_clean_sets_the_dirty_bit()
    {
        _bench.ClearInEntries(Page, PageEntry.A | PageEntry.D);
        _bench[Gpr.Rbx] = Page;
        _bench.RunUser64(a => { a.mov(al, __byte_ptr[rbx]); a.mov(cl, __byte_ptr[rbx]); a.mov(__byte_ptr[rbx], al); });
        Assert.Equal(PageEntry.D, _bench.Pages[Page] & PageEntry.D);
    }

    [Fact]
    public void An_access_that_faults_sets_no_dirty_bit()
    {
        _bench.Protect(Page, 5);
        Touch(BenchMode.User64, Page, write: true);
        Assert.Equal(0ul, _bench.Pages[Page] & PageEntry.D);
    }

    [Fact]
    public void A_fetch_sets_the_accessed_bit()
    {
        _bench.ClearInEntries(BenchLayout.UserCode, PageEntry.A);
        _bench.RunUser64(a => a.nop());
        Assert.Equal(PageEntry.A, _bench.Pages[BenchLayout.UserCode] & PageEntry.A);
    }

    [Fact]
    public void Ring_0_writes_read_only_pages_unless_CR0_WP_forbids_it()
    {
        _bench.Protect(Page, 5);
        Assert.Equal(3u, Touch(BenchMode.Kernel64, Page, write: true).ErrorCode);
        _bench.ClearCr0(Cr0.WP);
        _bench[Gpr.Rax] = 0x5A;
        _bench.Run64(a => a.mov(__byte_ptr[rbx], al));
        Assert.Equal(0x5A, _bench.Read8(Page));
        _bench.Cpu.Registers.ControlRegister0 |= Cr0.WP;
        Assert.Equal(3u, Touch(BenchMode.Kernel64, Page, write: true).ErrorCode);
    }

    [Fact]
    public void Clearing_WP_never_lets_ring_3_write()
    {
        _bench.Protect(Page, 5);
        _bench.ClearCr0(Cr0.WP);
        Assert.Equal(7u, Touch(BenchMode.User64, Page, write: true).ErrorCode);
    }

    [Fact]
    public void SMEP_keeps_ring_0_from_executing_user_pages()
    {
        _bench.WriteBytes(Page, 0xF4);
        _bench.Place(BenchMode.Kernel64);
        _bench.Cpu.Registers.Rip = Page;
        Assert.Equal(StopReason.Halted, _bench.Go().Result.Reason);
        Assert.Equal(Page + 1, _bench.Cpu.Registers.Rip);
        _bench.SetCr4(Cr4.SMEP);
        Assert.Equal(17u, Fetch(BenchMode.Kernel64, Page).ErrorCode);
    }

    [Fact]
    public void SMAP_keeps_ring_0_from_user_data_until_STAC_and_after_CLAC()
    {
        _bench.SetCr4(Cr4.SMAP);
        Assert.Equal(1u, Touch(BenchMode.Kernel64, Page, write: false).ErrorCode);
        Assert.Equal(3u, Touch(BenchMode.Kernel64, Page, write: true).ErrorCode);
        _bench.Run64(a => { a.stac(); a.mov(al, __byte_ptr[rbx]); a.mov(__byte_ptr[rbx], al); });
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => { a.stac(); a.mov(al, __byte_ptr[rbx]); a.clac(); a.mov(cl, __byte_ptr[rbx]); });
        Assert.Equal((Vector.PageFault, 1u), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void SMAP_lets_ring_3_alone()
    {
        _bench.SetCr4(Cr4.SMAP);
        _bench[Gpr.Rbx] = Page;
        _bench.RunUser64(a => a.mov(al, __byte_ptr[rbx]));
    }

    [Theory]
    [InlineData(BenchMode.User64), InlineData(BenchMode.Kernel64)]
    public void Accesses_of_the_processor_itself_ignore_AC(BenchMode mode)
    {
        _bench.SetCr4(Cr4.SMAP);
        _bench.Cpu.Registers.LocalDescriptorTable = new Segment(0x60, Page, 0xFFFF, 0x82);
        _bench.Write64(Page + 8, 0x00CF_F300_0000_FFFF);
        _bench.Flags = Rflags.AC;
        _bench[Gpr.Rcx] = 0xF;
        TakenException taken = _bench.Fault(mode, a => a.mov(ds, ecx));
        Assert.Equal((Vector.PageFault, 1u), (taken.Vector, taken.ErrorCode));
        Assert.Equal(Page + 8, _bench.Cpu.Registers.ControlRegister2);
    }

    [Theory]
    [InlineData(BenchMode.User64), InlineData(BenchMode.User32), InlineData(BenchMode.Kernel64)]
    public void A_write_whose_second_page_is_missing_commits_nothing(BenchMode mode)
    {
        _bench.Unmap(Page + 0x1000);
        _bench[Gpr.Rbx] = Page + 0xFFE;
        _bench[Gpr.Rax] = 0x11223344;
        TakenException taken = _bench.Fault(mode, a =>
        {
            if (mode == BenchMode.User32)
                a.mov(__[ebx], eax);
            else
                a.mov(__[rbx], eax);
        });
        Assert.Equal(mode == BenchMode.Kernel64 ? 2u : 6u, taken.ErrorCode);
        Assert.Equal(Page + 0x1000, _bench.Cpu.Registers.ControlRegister2);
        Assert.Equal(0, _bench.Read16(Page + 0xFFE));
    }

    [Fact]
    public void A_read_and_write_whose_second_page_is_read_only_commits_nothing()
    {
        _bench.Protect(Page + 0x1000, 5);
        _bench[Gpr.Rbx] = Page + 0xFFC;
        _bench[Gpr.Rax] = 1;
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.add(__[rbx], rax));
        Assert.Equal((7u, Page + 0x1000), (taken.ErrorCode, _bench.Cpu.Registers.ControlRegister2));
        Assert.Equal(0u, _bench.Read32(Page + 0xFFC));
        Assert.Equal(0ul, taken.Flags & Rflags.Arithmetic);
    }

    [Fact]
    public void An_access_across_two_pages_meets_two_frames()
    {
        _bench.Pages.Map(Page + 0x1000, Page + 0x5000, 7);
        _bench.FlushTranslations();
        _bench[Gpr.Rbx] = Page + 0xFFC;
        _bench[Gpr.Rax] = 0x1122_3344_5566_7788;
        _bench.RunUser64(a => { a.mov(__[rbx], rax); a.mov(rcx, __[rbx]); });
        Assert.Equal(0x1122_3344_5566_7788ul, _bench[Gpr.Rcx]);
        Assert.Equal((0x5566_7788u, 0x1122_3344u), (_bench.Read32(Page + 0xFFC), _bench.Read32(Page + 0x5000)));
    }

    [Fact]
    public void Tables_that_point_to_themselves_end_the_walk_after_four_levels()
    {
        const ulong self = 510;
        const ulong linear = 0xFFFF_0000_0000_0000 | (self << 39) | (self << 30) | (self << 21) | (self << 12) | (self << 3);
        _bench.Write64(_bench.Pages.Root + self * 8, _bench.Pages.Root | 3);
        _bench[Gpr.Rbx] = linear;
        _bench.Run64(a => a.mov(rax, __[rbx]));
        Assert.Equal(_bench.Pages.Root | 3 | PageEntry.A, _bench[Gpr.Rax]);
    }

    [Fact]
    public void Tables_outside_RAM_are_full_of_reserved_bits()
    {
        ulong entry = _bench.EntriesOf(Page)[2];
        _bench.Write64(entry, 0x1F_0000_0000 | 7);
        _bench.FlushTranslations();
        TakenException taken = Touch(BenchMode.Kernel64, Page, write: false);
        Assert.Equal((Vector.PageFault, 9u), (taken.Vector, taken.ErrorCode));
    }

    [Theory]
    [InlineData(0x0000_8000_0000_0000ul), InlineData(0xFFFF_7FFF_FFFF_FFFFul), InlineData(0x0000_7FFF_FFFF_FFFDul)]
    public void A_noncanonical_address_is_a_general_protection_fault(ulong address)
    {
        _bench[Gpr.Rbx] = address;
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.mov(rax, __[rbx]));
        Assert.Equal((Vector.GeneralProtection, 0u), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void A_noncanonical_stack_is_a_stack_fault()
    {
        _bench[Gpr.Rbp] = 0x0000_8000_0000_0000;
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.mov(rax, __[rbp]));
        Assert.Equal((Vector.StackFault, 0u), (taken.Vector, taken.ErrorCode));
    }

    private void MapGigabyte(ulong linear, ulong physical)
    {
        _bench.Pages.Map(linear, 0, 3);
        _bench.Write64(_bench.EntriesOf(linear)[1], physical | 3 | PageEntry.PS);
        _bench.FlushTranslations();
    }

    private TakenException Touch(BenchMode mode, ulong address, bool write)
    {
        _bench[Gpr.Rbx] = address;
        AssemblerMemoryOperand target = MachineBench.BitnessOf(mode) == 32 ? __byte_ptr[ebx] : __byte_ptr[rbx];
        return _bench.Fault(mode, a =>
        {
            if (write)
                a.mov(target, al);
            else
                a.mov(al, target);
        });
    }

    private TakenException Fetch(BenchMode mode, ulong address)
    {
        _bench.Place(mode);
        _bench.Cpu.Registers.Rip = address;
        BenchRun run = _bench.Go();
        return Assert.IsType<TakenException>(run.Exception);
    }
}
