namespace SyscallExplorer.Linux.Tests;

/// <summary>futex: what it refuses, and what it does where nobody waits. Programs with threads are compared with the host elsewhere.</summary>
public sealed class FutexCallTests
{
    private const ulong D = UserSpace.Data64;
    private const int Futex = 202, Mmap = 9, SetRobustList = 273, Membarrier = 324;
    private const int Wait = 0, Wake = 1, Requeue = 3, CompareAndRequeue = 4, WakeOperation = 5, LockInheriting = 6, UnlockInheriting = 7, WaitBitset = 9, WakeBitset = 10;
    private const int Private = 128, Realtime = 256;

    private static byte[] Dwords(params uint[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    private static byte[] Words(params long[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    [Fact]
    public void A_bitset_without_bits_and_counts_below_zero_are_einval()
    {
        CallRun run = new CallScript(64).Call(Futex, D, WaitBitset, 0, 0, 0, 0).Call(Futex, D, WakeBitset, 1, 0, 0, 0)
            .Call(Futex, D, Requeue, -1, 0, D + 4, 0).Call(Futex, D, Requeue, 0, -1, D + 4, 0).Run();
        Assert.Equal([-22L, -22, -22, -22], Enumerable.Range(0, 4).Select(i => run[i]));
    }

    [Fact]
    public void Only_waits_with_a_bitset_take_the_wall_clock()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(1, 0)).Call(Futex, D, Wait | Realtime, 0, D + 0x100, 0, 0)
            .Call(Futex, D, Wake | Realtime, 0, 0, 0, 0)
            .Call(Futex, D, WaitBitset | Realtime, 0, D + 0x100, 0, -1).Call(Futex, D, WaitBitset, 0, D + 0x100, 0, -1).Run();
        Assert.Equal([-38L, -38, -110, -110], Enumerable.Range(0, 4).Select(i => run[i]));
        Assert.InRange(new EmulatedTime(run.Machine).SinceBoot, 1_000_000_000, 1_001_000_000);
    }

    [Fact]
    public void A_time_that_is_none_is_refused_before_the_futex_is_looked_at()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(0, 1_000_000_000)).Call(Futex, D + 1, Wait, 0, D + 0x100, 0, 0)
            .Call(Futex, D + 1, Wait, 0, 0x10, 0, 0)
            .Call(Futex, D + 1, Wait, 0, 0, 0, 0).Run();
        Assert.Equal([-22L, -14, -22], Enumerable.Range(0, 3).Select(i => run[i]));
    }

    [Fact]
    public void A_private_wake_does_not_look_at_memory_and_a_shared_one_does()
    {
        CallRun run = new CallScript(64).Call(Futex, 0x1000, Wake | Private, 1, 0, 0, 0).Call(Futex, 0x1000, Wake, 1, 0, 0, 0)
            .Call(Futex, 0x1000, Wait | Private, 1, 0, 0, 0).Call(Futex, unchecked((long)0x8000_0000_0000_0000), Wake | Private, 1, 0, 0, 0).Run();
        Assert.Equal([0L, -14, -14, -14], Enumerable.Range(0, 4).Select(i => run[i]));
    }

    [Fact]
    public void A_requeue_compares_first()
    {
        CallRun run = new CallScript(64).Holding(0x100, Dwords(5)).Call(Futex, D + 0x100, CompareAndRequeue, 1, 1, D + 0x104, 4)
            .Call(Futex, D + 0x100, CompareAndRequeue, 1, 1, D + 0x104, 5).Run();
        Assert.Equal([-11L, 0], [run[0], run[1]]);
    }

    [Theory]
    [InlineData(0u, 7u, 7u)]
    [InlineData(1u, 7u, 107u)]
    [InlineData(2u, 3u, 103u)]
    [InlineData(3u, 4u, 96u)]
    [InlineData(4u, 5u, 97u)]
    [InlineData(0u, 0xFFFu, uint.MaxValue)]
    [InlineData(8u, 5u, 32u)]
    [InlineData(10u, 4u, 116u)]
    public void A_wake_operation_changes_the_second_futex(uint operation, uint operand, uint expected)
    {
        CallRun run = new CallScript(64).Holding(0x104, Dwords(100))
            .Call(Futex, D + 0x100, WakeOperation, 1, 1, D + 0x104, (operation << 28) | (operand << 12)).Run();
        Assert.Equal(0, run[0]);
        Assert.Equal(expected, (uint)run.Dword(0x104));
    }

    [Fact]
    public void A_wake_operation_that_there_is_not_is_enosys_and_an_unknown_comparison_too_but_late()
    {
        CallRun run = new CallScript(64).Holding(0x104, Dwords(100, 100)).Call(Futex, D + 0x100, WakeOperation, 1, 1, D + 0x104, 5u << 28)
            .Call(Futex, D + 0x100, WakeOperation, 1, 1, D + 0x108, (6u << 24) | (9u << 12)).Run();
        Assert.Equal([-38L, -38], [run[0], run[1]]);
        Assert.Equal((100, 9), (run.Dword(0x104), run.Dword(0x108)));
    }

    [Theory]
    [InlineData(0, 5, 5, true)]
    [InlineData(0, 5, 6, false)]
    [InlineData(1, 5, 6, true)]
    [InlineData(2, -1, 0, true)]
    [InlineData(3, 0, 0, true)]
    [InlineData(3, 1, 0, false)]
    [InlineData(4, 1, 0, true)]
    [InlineData(5, 0, 0, true)]
    [InlineData(5, -3, -2, false)]
    public void A_wake_operation_compares_signed_numbers(int comparison, int old, int with, bool holds) =>
        Assert.Equal(holds, FutexOperation.Decode(((uint)comparison << 24) | ((uint)with & 0xFFF)).Holds((uint)old));

    [Fact]
    public void A_lock_is_taken_by_writing_the_number_of_the_thread()
    {
        CallRun run = new CallScript(64).Call(Futex, D + 0x100, LockInheriting | Private, 0, 0, 0, 0)
            .Call(Futex, D + 0x100, LockInheriting | Private, 0, 0, 0, 0).Run();
        Assert.Equal([0L, -35], [run[0], run[1]]);
        Assert.Equal(TaskIdentity.Pid, run.Dword(0x100));
        run = new CallScript(64).Holding(0x100, Dwords(TaskIdentity.Pid, 77, FutexWord.OwnerDied)).Call(Futex, D + 0x100, UnlockInheriting, 0, 0, 0, 0)
            .Call(Futex, D + 0x104, UnlockInheriting, 0, 0, 0, 0).Call(Futex, D + 0x104, LockInheriting, 0, 0, 0, 0)
            .Call(Futex, D + 0x108, LockInheriting, 0, 0, 0, 0).Run();
        Assert.Equal([0L, -1, -3, 0], Enumerable.Range(0, 4).Select(i => run[i]));
        Assert.Equal((0, FutexWord.OwnerDied | TaskIdentity.Pid), (run.Dword(0x100), (uint)run.Dword(0x108)));
    }

    [Fact]
    public void A_circle_of_robust_locks_ends_with_the_thread()
    {
        // The only entry points to itself, and not to the head.
        CallRun run = new CallScript(64).Holding(0x200, Words((long)D + 0x240, 8, 0)).Holding(0x240, Words((long)D + 0x240, TaskIdentity.Pid))
            .Call(SetRobustList, D + 0x200, 24).Run();
        Assert.Equal(0, run[0]);
        Assert.Equal(FutexWord.OwnerDied, (uint)run.Dword(0x248));
    }

    [Fact]
    public void A_barrier_answers_those_who_registered()
    {
        CallRun run = new CallScript(64).Call(Membarrier, 0, 0, 0).Call(Membarrier, 8, 0, 0).Call(Membarrier, 16, 0, 0).Call(Membarrier, 8, 0, 0)
            .Call(Membarrier, 32, 0, 0).Call(Membarrier, 1, 0, 0).Call(Membarrier, 1, 1, 0).Call(Membarrier, 256, 0, 0)
            .Call(Membarrier, 128, 1, 0).Call(Membarrier, 3, 0, 0).Run();
        Assert.Equal([0x1FFL, -1, 0, 0, -1, 0, -22, 0, 0, -22], Enumerable.Range(0, 10).Select(i => run[i]));
    }

    [Fact]
    public void Shared_memory_has_the_same_futex_at_both_of_its_addresses()
    {
        LinuxMachine machine = new CallScript(64).Call(Mmap, 0, 0x2000, 3, 0x21, -1, 0).Call(Mmap, 0, 0x2000, 3, 0x22, -1, 0).Run().Machine;
        AddressSpace memory = machine.Memory;
        VmArea shared = memory.Map.Areas.First(area => area.Shared);
        Assert.NotEqual(Futexes.KeyOf(memory, shared.Start), Futexes.KeyOf(memory, shared.Start + 4));
        Assert.NotNull(Futexes.KeyOf(memory, shared.Start).Backing);
        Assert.Null(Futexes.KeyOf(memory, shared.Start, isPrivate: true).Backing);
        Assert.NotEqual(Futexes.KeyOf(memory, D), Futexes.KeyOf(memory, D, isPrivate: true));
    }
}
