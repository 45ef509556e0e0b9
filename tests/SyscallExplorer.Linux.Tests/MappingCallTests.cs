using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>munmap, mprotect, mremap and madvise.</summary>
public sealed class MappingCallTests
{
    private const int None = 0, ReadOnly = 1, ReadWrite = 3, All = 7, Private = 2, Fixed = 0x10, Anonymous = 0x20;
    private const int Mmap = 9, Mprotect = 10, Munmap = 11, Mremap = 25, Madvise = 28;
    private const ulong Free = 0x1000_0000;

    private static CallScript Mapped(ulong size, int protection = ReadWrite) =>
        new CallScript(64).Call(Mmap, Free, size, protection, Private | Anonymous | Fixed, -1, 0);

    private static CallScript Storing(CallScript script, ulong address, int value) => script.Then(a => a.mov(__dword_ptr[address], value));

    private static int At(CallRun run, ulong address) => BitConverter.ToInt32(run.At(address, 4));

    [Fact]
    public void What_was_unmapped_faults_and_what_stands_around_it_stays()
    {
        CallScript script = Mapped(0x3000);
        foreach (ulong page in (ulong[])[0, 0x1000, 0x2000])
            Storing(script, Free + page, 7);
        CallRun run = script.Call(Munmap, Free + 0x1000, 1).Then(a => a.mov(eax, __dword_ptr[Free + 0x1000])).Run();
        Assert.Equal(0, run[1]);
        Assert.Equal(Free + 0x1000, run.Machine.Fatal?.FaultAddress);
        Assert.Equal(7, At(run, Free));
        Assert.Equal(7, At(run, Free + 0x2000));
    }

    [Fact]
    public void MAP_32BIT_takes_the_lowest_gap_of_the_second_gigabyte_and_a_hint_below_its_end()
    {
        const int in32Bits = 0x40;
        CallScript script = new CallScript(64);
        foreach (ulong hint in (ulong[])[0, 0, 0x7FFF_F000, 0x7FFF_F000, 0x1_0000_0000])
            script.Call(Mmap, hint, 0x1000, ReadWrite, Private | Anonymous | in32Bits, -1, 0);
        CallRun run = script.Run();
        Assert.Equal([0x4000_0000L, 0x4000_1000, 0x7FFF_F000, 0x4000_2000, 0x4000_3000], [run[0], run[1], run[2], run[3], run[4]]);
    }

    [Fact]
    public void Frames_that_were_given_back_are_used_again_and_are_zero()
    {
        CallScript script = new CallScript(64);
        for (int round = 0; round < 20; round++)
        {
            script.Call(Mmap, Free, 0x10_0000, ReadWrite, Private | Anonymous | Fixed, -1, 0).Then(a =>
            {
                a.cld();
                a.mov(rdi, Free);
                a.mov(ecx, 0x10_0000);
                a.xor(eax, eax);
                a.repe.scasb();
                a.setne(al);
                a.or(__byte_ptr[UserSpace.Data64], al);
                a.mov(rdi, Free);
                a.mov(ecx, 0x10_0000);
                a.mov(eax, 0x55);
                a.rep.stosb();
            }).Call(Munmap, Free, 0x10_0000);
        }

        CallRun run = script.Run(limit: 100_000_000);
        Assert.Equal(0, run.Bytes(0, 1)[0]);
        Assert.InRange(run.Machine.State.NextFrame, KernelLayout.FirstFreeFrame, KernelLayout.FirstFreeFrame + (3ul << 20));
    }

    [Theory]
    [InlineData(Free + 1, 0x1000ul)]
    [InlineData(Free, 0ul)]
    [InlineData(Free, ulong.MaxValue)]
    [InlineData(KernelLayout.DirectMap, 0x1000ul)]
    public void Munmap_of_no_range_of_the_program_is_einval(ulong address, ulong length) =>
        Assert.Equal(-Errno.EINVAL, new CallScript(64).Call(Munmap, address, length).Run()[0]);

    [Fact]
    public void A_page_made_read_only_keeps_its_content_and_faults_on_a_write()
    {
        CallRun run = Storing(Storing(Mapped(0x1000), Free, 5).Call(Mprotect, Free, 0x1000, ReadOnly).Then(a =>
        {
            a.mov(eax, __dword_ptr[Free]);
            a.mov(__dword_ptr[UserSpace.Data64], eax);
        }), Free, 6).Run();
        Assert.Equal(0, run[1]);
        Assert.Equal(5, run.Dword(0));
        Assert.Equal(Free, run.Machine.Fatal?.FaultAddress);
        Assert.Contains("protection", run.Machine.Fatal!.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_without_rights_comes_back_with_its_content()
    {
        CallRun run = Storing(Mapped(0x1000), Free, 5).Call(Mprotect, Free, 0x1000, None).Call(1, 1, Free, 4).Call(Mprotect, Free, 0x1000, ReadWrite).Call(1, 1, Free, 4).Run();
        Assert.Equal([0L, -Errno.EFAULT, 0, 4], [run[1], run[2], run[3], run[4]]);
        Assert.Equal(5, At(run, Free));
    }

    [Fact]
    public void Written_code_runs_once_it_is_executable()
    {
        CallRun run = Storing(Mapped(0x1000), Free, unchecked((int)0xC3_07_B0_90)).Call(Mprotect, Free, 0x1000, All).Then(a =>
        {
            a.mov(rcx, Free);
            a.call(rcx);
            a.mov(__byte_ptr[UserSpace.Data64], al);
        }).Run();
        Assert.Null(run.Machine.Fatal);
        Assert.Equal(7, run.Bytes(0, 1)[0]);
    }

    [Fact]
    public void Mprotect_of_a_hole_is_enomem_and_of_a_part_of_a_page_einval()
    {
        CallRun run = Mapped(0x1000).Call(Mprotect, Free, 0x2000, ReadOnly).Call(Mprotect, Free + 8, 8, ReadOnly).Call(Mprotect, Free, 0x1000, 0x100).Call(Mprotect, Free, 0, ReadOnly).Run();
        Assert.Equal([-Errno.ENOMEM, -Errno.EINVAL, -Errno.EINVAL, 0L], [run[1], run[2], run[3], run[4]]);
    }

    [Fact]
    public void Mremap_grows_in_place_shrinks_and_moves_with_the_content()
    {
        const int mayMove = 1, isFixed = 2;
        CallScript script = Storing(Mapped(0x2000), Free, 5);
        CallRun run = script.Call(Mremap, Free, 0x2000, 0x4000, 0, 0).Call(Mremap, Free, 0x4000, 0x1000, 0, 0)
            .Call(Mmap, Free + 0x1000, 0x1000, ReadWrite, Private | Anonymous | Fixed, -1, 0)
            .Call(Mremap, Free, 0x1000, 0x3000, 0, 0).Call(Mremap, Free, 0x1000, 0x3000, mayMove, 0)
            .Call(Mremap, Argument.Result(5), 0x3000, 0x3000, mayMove | isFixed, Free + 0x10_0000).Call(1, 1, Free, 1).Run();
        Assert.Equal([(long)Free, (long)Free, (long)Free + 0x1000, -Errno.ENOMEM], [run[1], run[2], run[3], run[4]]);
        Assert.NotEqual((long)Free, run[5]);
        Assert.Equal((long)Free + 0x10_0000, run[6]);
        Assert.Equal(5, At(run, Free + 0x10_0000));
        Assert.Equal(0, At(run, Free + 0x10_2000));
        Assert.Equal(-Errno.EFAULT, run[7]);
    }

    [Fact]
    public void Mremap_refuses_what_is_not_mapped_overlaps_or_asks_for_more_than_is_built()
    {
        const int mayMove = 1, isFixed = 2, keepOld = 4;
        CallRun run = Mapped(0x2000).Call(Mremap, Free + 0x8000, 0x1000, 0x2000, mayMove, 0).Call(Mremap, Free, 0x2000, 0x2000, mayMove | isFixed, Free + 0x1000)
            .Call(Mremap, Free + 1, 0x1000, 0x2000, mayMove, 0).Call(Mremap, Free, 0x1000, 0, mayMove, 0).Call(Mremap, Free, 0x1000, 0x1000, mayMove | keepOld, 0).Run();
        Assert.Equal([-Errno.EFAULT, -Errno.EINVAL, -Errno.EINVAL, -Errno.EINVAL, -Errno.EINVAL], [run[1], run[2], run[3], run[4], run[5]]);
        Assert.Contains("mremap(MREMAP_DONTUNMAP)", run.Machine.Unimplemented.Keys);
    }

    [Fact]
    public void Madvise_dontneed_zeroes_and_other_advice_changes_nothing()
    {
        const int doNotNeed = 4, willNeed = 3;
        CallRun run = Storing(Storing(Mapped(0x2000), Free, 5), Free + 0x1000, 6).Call(Madvise, Free, 0x1000, doNotNeed).Call(Madvise, Free, 0x2000, willNeed)
            .Call(Madvise, Free, 0x1000, 99).Call(Madvise, Free + 0x2000, 0x1000, doNotNeed).Run();
        Assert.Equal([0L, 0, -Errno.EINVAL, -Errno.ENOMEM], [run[1], run[2], run[3], run[4]]);
        Assert.Equal(0, At(run, Free));
        Assert.Equal(6, At(run, Free + 0x1000));
    }

    [Fact]
    public void Areas_that_adjoin_and_are_alike_are_one()
    {
        CallScript script = new(64);
        for (ulong page = 0; page < 8; page++)
            script.Call(Mmap, Free + (page ^ 1) * 0x1000, 0x1000, ReadWrite, Private | Anonymous | Fixed, -1, 0);
        CallRun run = script.Call(Mprotect, Free + 0x3000, 0x1000, ReadOnly).Call(Mprotect, Free + 0x3000, 0x1000, ReadWrite).Run();
        VmArea area = Assert.Single(run.Machine.Memory.Map.Areas, area => area.Start >= Free && area.Start < Free + 0x8000);
        Assert.Equal((Free, Free + 0x8000), (area.Start, area.End));
    }
}
