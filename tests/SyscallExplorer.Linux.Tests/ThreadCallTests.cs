using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>arch_prctl, set_thread_area and what else a C library registers for its thread.</summary>
public sealed class ThreadCallTests
{
    private const int ArchPrctl = 158, SetTidAddress = 218, Futex = 202, SetRobustList = 273, GetRobustList = 274, Rseq = 334;
    private const int SetGs = 0x1001, SetFs = 0x1002, GetFs = 0x1003, GetGs = 0x1004;
    private const ulong D = UserSpace.Data64, D32 = UserSpace.Data32;

    private static byte[] Dwords(params uint[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    [Theory]
    [InlineData("")]
    [InlineData("nofsgsbase pti=off")]
    public void The_bases_of_fs_and_gs_are_set_used_and_told(string options)
    {
        CallRun run = new CallScript(64).Holding(0x1000, Dwords(77)).Holding(0x2000, Dwords(88)).Call(ArchPrctl, SetFs, D + 0x1000).Call(ArchPrctl, SetGs, D + 0x2000)
            .Then(a =>
            {
                a.db(0x64, 0x8B, 0x04, 0x25, 0, 0, 0, 0);
                a.mov(__dword_ptr[D], eax);
                a.db(0x65, 0x8B, 0x04, 0x25, 0, 0, 0, 0);
                a.mov(__dword_ptr[D + 4], eax);
            }).Call(ArchPrctl, GetFs, D + 0x10).Call(ArchPrctl, GetGs, D + 0x18).Run(commandLine: options);
        Assert.Null(run.Machine.Fatal);
        Assert.Equal((77, 88), (run.Dword(0), run.Dword(4)));
        Assert.Equal(((long)D + 0x1000, (long)D + 0x2000), (run.Word(0x10), run.Word(0x18)));
    }

    [Fact]
    public void A_base_outside_the_program_is_eperm_and_an_unknown_code_einval()
    {
        CallRun run = new CallScript(64).Call(ArchPrctl, SetFs, KernelLayout.DirectMap).Call(ArchPrctl, SetGs, 1ul << 47).Call(ArchPrctl, 0x1234, 0)
            .Call(ArchPrctl, GetFs, 0x10).Run();
        Assert.Equal([-1L, -1, -22, -14], [run[0], run[1], run[2], run[3]]);
        Assert.Equal(-Errno.EINVAL, new CallScript(32).Call(384, SetFs, 0).Run()[0]);
    }

    [Fact]
    public void A_32_bit_thread_area_is_a_segment_of_the_gdt_that_gs_can_hold()
    {
        const uint flags = 0x51;
        CallRun run = new CallScript(32).Holding(0x1000, Dwords(77)).Holding(0x100, Dwords(uint.MaxValue, (uint)D32 + 0x1000, 0xF_FFFF, flags))
            .Call(243, D32 + 0x100).Then(a =>
            {
                a.mov(eax, __dword_ptr[D32 + 0x100]);
                a.lea(eax, __[eax * 8 + 3]);
                a.mov(gs, eax);
                a.db(0x65, 0xA1, 0, 0, 0, 0);
                a.mov(__dword_ptr[D32], eax);
            }).Holding(0x120, Dwords(12, 0, 0, 0)).Call(244, D32 + 0x120).Run();
        Assert.Null(run.Machine.Fatal);
        Assert.Equal([0L, 0], [run[0], run[1]]);
        Assert.Equal(12, run.Dword(0x100));
        Assert.Equal(77, run.Dword(0));
        Assert.Equal(Dwords(12, (uint)D32 + 0x1000, 0xF_FFFF, flags), run.Bytes(0x120, 16));
    }

    [Fact]
    public void A_segment_register_that_holds_the_entry_takes_a_new_base_at_once()
    {
        foreach (bool useFs in (bool[])[false, true])
        {
            CallRun run = new CallScript(32).Holding(0x1000, Dwords(77)).Holding(0x2000, Dwords(88)).Holding(0x100, Dwords(13, (uint)D32 + 0x1000, 0xF_FFFF, 0x51))
                .Holding(0x120, Dwords(13, (uint)D32 + 0x2000, 0xF_FFFF, 0x51)).Call(243, D32 + 0x100).Then(a =>
                {
                    a.mov(eax, 13 * 8 + 3);
                    if (useFs)
                        a.mov(fs, eax);
                    else
                        a.mov(gs, eax);
                }).Call(243, D32 + 0x120).Then(a =>
                {
                    a.db(useFs ? (byte)0x64 : (byte)0x65, 0xA1, 0, 0, 0, 0);
                    a.mov(__dword_ptr[D32], eax);
                }).Run();
            Assert.Null(run.Machine.Fatal);
            Assert.Equal(88, run.Dword(0));
        }
    }

    [Fact]
    public void Three_entries_are_handed_out_and_one_can_be_cleared()
    {
        CallScript script = new CallScript(32).Holding(0x140, Dwords(13, 0, 0, 0x28));
        for (ulong i = 0; i < 4; i++)
            script.Holding(0x100 + i * 16, Dwords(uint.MaxValue, 0x1000, 1, 0x51)).Call(243, D32 + 0x100 + i * 16);
        CallRun run = script.Holding(0x140, Dwords(13, 0, 0, 0x28)).Call(243, D32 + 0x140).Holding(0x150, Dwords(uint.MaxValue, 0x1000, 1, 0x51)).Call(243, D32 + 0x150).Run();
        Assert.Equal([0L, 0, 0, -Errno.ESRCH, 0, 0], [run[0], run[1], run[2], run[3], run[4], run[5]]);
        Assert.Equal([12, 13, 14, 13], new[] { run.Dword(0x100), run.Dword(0x110), run.Dword(0x120), run.Dword(0x150) });
    }

    [Theory]
    [InlineData(15u, 0x51u)]
    [InlineData(11u, 0x51u)]
    [InlineData(12u, 0x50u)]
    [InlineData(12u, 0x55u)]
    [InlineData(12u, 0x71u)]
    public void An_entry_that_is_not_the_threads_or_no_32_bit_data_segment_is_einval(uint entry, uint flags) =>
        Assert.Equal(-Errno.EINVAL, new CallScript(32).Holding(0x100, Dwords(entry, 0x1000, 0xF_FFFF, flags)).Call(243, D32 + 0x100).Run()[0]);

    [Fact]
    public void The_tid_address_and_the_robust_list_are_registered()
    {
        CallRun run = new CallScript(64).Call(SetTidAddress, D).Call(SetRobustList, D + 8, 24).Call(SetRobustList, D, 12).Call(GetRobustList, 0, D + 0x100, D + 0x108).Run();
        Assert.Equal([(long)TaskIdentity.Pid, 0, -Errno.EINVAL, 0], [run[0], run[1], run[2], run[3]]);
        Assert.Equal(((long)D + 8, 24L), (run.Word(0x100), run.Word(0x108)));
    }

    [Fact]
    public void A_restartable_area_shows_the_processor_and_is_registered_once()
    {
        const uint signature = 0x53053053;
        CallRun run = new CallScript(64).Holding(0x100, Dwords(9, 9)).Call(Rseq, D + 0x100, 32, 0, signature).Call(Rseq, D + 0x100, 32, 0, signature)
            .Call(Rseq, D + 0x100, 32, 0, 1).Call(Rseq, D + 0x120, 32, 0, signature).Run();
        Assert.Equal([0L, -Errno.EBUSY, -Errno.EPERM, -Errno.EINVAL], [run[0], run[1], run[2], run[3]]);
        Assert.Equal(0, run.Word(0x100));
        run = new CallScript(64).Call(Rseq, D + 0x108, 32, 0, signature).Call(Rseq, D + 0x100, 16, 0, signature).Call(Rseq, D + 0x100, 32, 0, signature)
            .Call(Rseq, D + 0x100, 32, 1, 5).Call(Rseq, D + 0x100, 32, 1, signature).Run();
        Assert.Equal([-22L, -22, 0, -1, 0], [run[0], run[1], run[2], run[3], run[4]]);
        Assert.Equal(-1, run.Dword(0x104));
    }

    [Fact]
    public void A_futex_that_nobody_holds_is_compared_and_wakes_nobody()
    {
        const int wait = 0, wake = 1, privately = 128, unknown = 77;
        CallRun run = new CallScript(64).Holding(0x100, Dwords(5)).Call(Futex, D + 0x100, wait | privately, 4, 0, 0, 0).Call(Futex, D + 0x100, wake | privately, 1, 0, 0, 0)
            .Call(Futex, D + 0x102, wake, 1, 0, 0, 0).Call(Futex, 0x1000, wait, 1, 0, 0, 0).Call(Futex, D + 0x100, unknown, 0, 0, 0, 0).Run();
        Assert.Equal([-11L, 0, -22, -14, -38], [run[0], run[1], run[2], run[3], run[4]]);
        Assert.Contains("futex(77)", run.Machine.Unimplemented.Keys);
    }

    [Fact]
    public void A_wait_that_nobody_can_end_stops_the_run_with_a_sentence_and_one_with_a_timeout_passes_it()
    {
        LinuxMachine machine = new CallScript(64).Call(Futex, D, 0, 0, 0, 0, 0).Run().Machine;
        Assert.Contains("waits for the futex at", machine.Run(RunLimits.Instructions(1)).Message, StringComparison.Ordinal);
        CallRun run = new CallScript(64).Holding(0x100, [.. BitConverter.GetBytes(2L), .. BitConverter.GetBytes(0L)]).Call(Futex, D, 0, 0, D + 0x100, 0, 0).Run();
        Assert.Equal(-Errno.ETIMEDOUT, run[0]);
        Assert.InRange(new EmulatedTime(run.Machine).SinceBoot, 2_000_000_000, 2_100_000_000);
    }
}
