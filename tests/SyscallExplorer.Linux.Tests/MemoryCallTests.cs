using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>brk and mmap.</summary>
public sealed class MemoryCallTests
{
    private const int ReadWrite = 3, Private = 2, Shared = 1, Fixed = 0x10, Anonymous = 0x20, FixedNoReplace = 0x100000;
    private const ulong Free = 0x1000_0000;
    private const ulong HeapStart = UserSpace.Data64 + UserSpace.DataSize;

    [Fact]
    public void Brk_moves_the_end_up_and_down_and_says_where_it_is()
    {
        CallRun run = new CallScript(64).Call(12, 0).Call(12, HeapStart + 0x2345).Call(12, HeapStart + 0x10).Call(12, HeapStart - 1).Call(12, 0).Run();
        Assert.Equal([(long)HeapStart, (long)HeapStart + 0x2345, (long)HeapStart + 0x10, (long)HeapStart + 0x10, (long)HeapStart + 0x10],
            new[] { run[0], run[1], run[2], run[3], run[4] });
    }

    [Fact]
    public void A_page_that_brk_gave_back_is_gone_and_comes_back_zeroed()
    {
        CallRun run = new CallScript(64).Call(12, HeapStart + 0x2000)
            .Then(a => a.mov(__dword_ptr[HeapStart + 0x1000], 77))
            .Call(12, HeapStart + 0x1000).Call(12, HeapStart + 0x2000)
            .Then(a =>
            {
                a.mov(eax, __dword_ptr[HeapStart + 0x1000]);
                a.mov(__dword_ptr[UserSpace.Data64], eax);
            }).Run();
        Assert.Null(run.Machine.Fatal);
        Assert.Equal(0, run.Dword(0));
        run = new CallScript(64).Call(12, HeapStart + 0x2000).Then(a => a.mov(__dword_ptr[HeapStart + 0x1000], 77)).Call(12, HeapStart + 0x1000)
            .Then(a => a.mov(eax, __dword_ptr[HeapStart + 0x1000])).Run();
        Assert.Equal(HeapStart + 0x1000, run.Machine.Fatal?.FaultAddress);
    }

    [Fact]
    public void Brk_into_a_mapping_or_out_of_the_address_space_is_refused()
    {
        CallRun run = new CallScript(64).Call(9, Free, 0x1000, ReadWrite, Private | Anonymous | Fixed, -1, 0)
            .Call(12, Free + 0x10).Call(12, -1L).Call(12, KernelLayout.DirectMap).Run();
        Assert.Equal((long)Free, run[0]);
        Assert.Equal([(long)HeapStart, (long)HeapStart, (long)HeapStart], new[] { run[1], run[2], run[3] });
    }

    [Fact]
    public void Brk_of_a_32_bit_program_stays_below_4_gib()
    {
        ulong heap = UserSpace.Data32 + UserSpace.DataSize;
        CallRun run = new CallScript(32).Call(45, 0).Call(45, heap + 0x5000).Call(45, 0xFFFF_F000).Run();
        Assert.Equal([(long)heap, (long)heap + 0x5000, (long)heap + 0x5000], new[] { run[0], run[1], run[2] });
    }

    [Theory]
    [InlineData(64, 9)]
    [InlineData(32, 192)]
    public void Anonymous_memory_is_zeroed_and_writable_and_lies_apart(int bitness, int mmap)
    {
        var script = new CallScript(bitness);
        CallRun run = script.Call(mmap, 0, 0x1800, ReadWrite, Private | Anonymous, -1, 0).Call(mmap, 0, 0x1000, ReadWrite, Shared | Anonymous, -1, 0)
            .Then(a =>
            {
                a.mov(ecx, __dword_ptr[script.Data + 0xF000]);
                if (bitness == 64)
                    a.mov(rcx, __qword_ptr[script.Data + 0xF000]);
                if (bitness == 64)
                {
                    a.mov(eax, __dword_ptr[rcx + 0x1FFC]);
                    a.mov(__dword_ptr[rcx + 0x1FFC], 42);
                }
                else
                {
                    a.mov(eax, __dword_ptr[ecx + 0x1FFC]);
                    a.mov(__dword_ptr[ecx + 0x1FFC], 42);
                }

                a.mov(__dword_ptr[script.Data], eax);
            }).Run();
        Assert.Null(run.Machine.Fatal);
        ulong first = bitness == 64 ? (ulong)run[0] : (uint)run[0];
        ulong second = bitness == 64 ? (ulong)run[1] : (uint)run[1];
        Assert.Equal(0ul, first % 4096);
        Assert.Equal(first - 0x1000, second);
        Assert.Equal(0, run.Dword(0));
        Assert.Equal(42, BitConverter.ToInt32(run.At(first + 0x1FFC, 4)));
    }

    [Fact]
    public void A_free_hint_is_taken_and_a_taken_or_impossible_one_is_not()
    {
        CallRun run = new CallScript(64)
            .Call(9, Free + 5, 0x1000, ReadWrite, Private | Anonymous, -1, 0).Call(9, Free, 0x1000, ReadWrite, Private | Anonymous, -1, 0)
            .Call(9, -4096L, 0x2000, ReadWrite, Private | Anonymous, -1, 0).Call(9, KernelLayout.DirectMap, 0x1000, ReadWrite, Private | Anonymous, -1, 0).Run();
        Assert.Equal((long)Free, run[0]);
        foreach (int call in (int[])[1, 2, 3])
        {
            Assert.InRange(run[call], 0x1000, (long)UserSpace.MmapTop64);
            Assert.NotEqual((long)Free, run[call]);
        }
    }

    [Fact]
    public void Room_is_looked_for_from_the_top_down_and_in_the_old_layout_or_where_that_is_full_from_the_bottom_up()
    {
        const ulong bottom = 0x10_0000, top = 0x20_0000, page = 0x1000;
        LinuxMachine machine = Guest.Load(a => a.nop());
        AddressSpace memory = machine.Memory;
        memory.Map = memory.Map with { Mmap = new MmapRegion(top, bottom, top + 4 * page, IsUpward: false) };
        Assert.Equal(top - page, memory.FindGap(page));
        memory.Add(new VmArea(AddressSpace.LowestAddress, top, true, true, false, ""));
        Assert.Equal((top, null), (memory.FindGap(4 * page), memory.FindGap(5 * page)));
        memory.Unmap(bottom + page, bottom + 3 * page);
        Assert.Equal(bottom + page, memory.FindGap(2 * page));

        memory.Unmap(AddressSpace.LowestAddress, top);
        memory.Map = memory.Map with { Mmap = memory.Map.Mmap with { IsUpward = true } };
        Assert.Equal(bottom, memory.FindGap(page));
        memory.Add(new VmArea(bottom - page, bottom + page, true, true, false, ""));
        Assert.Equal(bottom + page, memory.FindGap(page));
    }

    [Fact]
    public void Fixed_replaces_and_fixed_noreplace_does_not()
    {
        CallRun run = new CallScript(64).Call(9, Free, 0x2000, ReadWrite, Private | Anonymous | Fixed, -1, 0)
            .Then(a => a.mov(__dword_ptr[Free], 5)).Then(a => a.mov(__dword_ptr[Free + 0x1000], 6))
            .Call(9, Free, 0x1000, ReadWrite, Private | Anonymous | FixedNoReplace, -1, 0)
            .Call(9, Free, 0x1000, ReadWrite, Private | Anonymous | Fixed, -1, 0)
            .Call(9, Free + 0x4000, 0x1000, ReadWrite, Private | Anonymous | FixedNoReplace, -1, 0).Run();
        Assert.Equal([(long)Free, -17, (long)Free, (long)Free + 0x4000], new[] { run[0], run[1], run[2], run[3] });
        Assert.Equal(0, BitConverter.ToInt32(run.At(Free, 4)));
        Assert.Equal(6, BitConverter.ToInt32(run.At(Free + 0x1000, 4)));
    }

    [Theory]
    [InlineData(0L, 0L, Private | Anonymous, -Errno.EINVAL)]
    [InlineData(0L, 0x1000L, Anonymous, -Errno.EINVAL)]
    [InlineData(0x1001L, 0x1000L, Private | Anonymous | Fixed, -Errno.EINVAL)]
    [InlineData(0L, 0x1000L, Private, -19)]
    [InlineData(0L, -1L, Private | Anonymous, -Errno.ENOMEM)]
    [InlineData(0x7FFF_FFFF_F000L, 0x1000L, Private | Anonymous | Fixed, -Errno.ENOMEM)]
    [InlineData(-4096L, 0x1000L, Private | Anonymous | Fixed, -Errno.ENOMEM)]
    public void Mmap_refuses_with_the_right_error(long address, long length, int flags, long expected)
    {
        CallRun run = new CallScript(64).Call(9, address, length, ReadWrite, flags, 0, 0).Run();
        Assert.Equal(expected, run[0]);
    }

    [Fact]
    public void A_mapping_of_no_open_file_is_ebadf_and_an_odd_offset_einval()
    {
        CallRun run = new CallScript(64).Call(9, 0, 0x1000, ReadWrite, Private, 77, 0).Call(9, 0, 0x1000, ReadWrite, Private | Anonymous, -1, 5).Run();
        Assert.Equal([-9L, -22], [run[0], run[1]]);
    }

    [Fact]
    public void The_old_mmap_takes_its_arguments_from_memory()
    {
        var script = new CallScript(32);
        byte[] block = new uint[] { (uint)Free, 0x1000, ReadWrite, Private | Anonymous | Fixed, uint.MaxValue, 0 }.SelectMany(BitConverter.GetBytes).ToArray();
        CallRun run = script.Holding(0x40, block).Call(90, script.Data + 0x40).Then(a => a.mov(__dword_ptr[Free], 9)).Call(90, 0x10).Run();
        Assert.Equal([(long)Free, -14], new[] { run[0], run[1] });
    }

    [Theory]
    [InlineData(0, false, false)]
    [InlineData(1, true, false)]
    [InlineData(2, true, true)]
    public void Protection_decides_who_may_touch_a_page(int protection, bool readable, bool writable)
    {
        foreach (bool write in (bool[])[false, true])
        {
            CallRun run = new CallScript(64).Call(9, Free, 0x1000, protection, Private | Anonymous | Fixed, -1, 0)
                .Then(a =>
                {
                    if (write)
                        a.mov(__dword_ptr[Free], 1);
                    else
                        a.mov(eax, __dword_ptr[Free]);
                }).Run();
            Assert.Equal(!(write ? writable : readable), run.Machine.Fatal is { Signal: SignalNumbers.SIGSEGV, FaultAddress: Free });
        }
    }

    [Fact]
    public void The_kernel_honours_a_pages_protection_too()
    {
        CallRun run = new CallScript(64).Call(9, Free, 0x1000, 0, Private | Anonymous | Fixed, -1, 0)
            .Call(9, Free + 0x1000, 0x1000, 1, Private | Anonymous | Fixed, -1, 0)
            .Call(1, 1, Free, 4).Call(0, 0, Free + 0x1000, 4).Call(228, 0, Free).Call(228, 0, Free + 0x1000).Run("abcd");
        Assert.Equal([-14L, -14, -14, -14], [run[2], run[3], run[4], run[5]]);
    }

    [Fact]
    public void Terabytes_can_be_reserved_and_replaced_at_once()
    {
        const long size = 0x6000_0000_0000;
        CallRun run = new CallScript(64).Call(9, Free, size, ReadWrite, Private | Anonymous | Fixed, -1, 0)
            .Then(a => a.mov(__dword_ptr[Free], 3)).Call(9, Free, size, ReadWrite, Private | Anonymous | Fixed, -1, 0).Run();
        Assert.Equal((long)Free, run[1]);
        Assert.Equal(0, BitConverter.ToInt32(run.At(Free, 4)));
    }
}
