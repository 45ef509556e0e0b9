using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The memory of other processes: process_vm_readv, process_vm_writev and /proc/PID/mem.</summary>
public sealed class RemoteMemoryTests
{
    private const int Open = 2, Nanosleep = 35, Fork = 57, Wait4 = 61, Pread = 17, Pwrite = 18, ExitGroup = 231, ReadRemote = 310, WriteRemote = 311;
    private const ulong D = UserSpace.Data64;

    [Fact]
    public void A_parent_reads_what_its_child_has_written_and_writes_what_it_then_reads()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            Label child = a.CreateLabel();
            Guest.Call(a, Fork);
            a.test(eax, eax);
            a.je(child);
            a.mov(ebx, eax);
            Guest.Call(a, Nanosleep, D + 0x200, 0);
            Remote(a, ReadRemote, D + 0x100, D + 0x110);
            a.mov(__qword_ptr[D + 0x300], rax);
            Remote(a, WriteRemote, D + 0x120, D + 0x130);
            a.mov(__qword_ptr[D + 0x308], rax);
            Guest.Call(a, Wait4, ulong.MaxValue, D + 0x310, 0, 0);
            Exit(a);

            a.Label(ref child);
            a.mov(__byte_ptr[D], 7);
            Guest.Call(a, Nanosleep, D + 0x210, 0);
            a.movzx(edi, __byte_ptr[D + 8]);
            a.mov(eax, ExitGroup);
            a.syscall();
        });
        Hold(machine, 0x100, D + 0x400, 8, D, 8, D + 0x408, 1, D + 8, 1);
        Hold(machine, 0x200, 0, 1_000_000, 0, 20_000_000);
        Hold(machine, 0x408, 9);
        machine.Run(RunLimits.Instructions(1_000_000));
        Assert.Equal(0, machine.ExitStatus);
        Assert.Equal([8L, 1, 9 << 8], new[] { Word(machine, 0x300), Word(machine, 0x308), Word(machine, 0x310) });
        Assert.Equal(7, Word(machine, 0x400));
        Assert.Equal(0, Word(machine, 0));
    }

    [Fact]
    public void Calls_that_cannot_be_done_say_why_and_a_part_is_counted()
    {
        CallScript script = new CallScript(64)
            .Holding(0x100, Words(D + 0x400, 16)).Holding(0x110, Words(D + 0xFFF8, 16)).Holding(0x120, Words(0x10, 8)).Holding(0x130, Words(D, 0))
            .Holding(0xFFF8, Words(42))
            .Call(ReadRemote, TaskIdentity.Pid, D + 0x100, 1, D + 0x110, 1, 0)
            .Call(ReadRemote, TaskIdentity.Pid, D + 0x100, 1, D + 0x110, 1, 1)
            .Call(ReadRemote, 77, D + 0x100, 1, D + 0x110, 1, 0)
            .Call(ReadRemote, TaskIdentity.Pid, D + 0x100, 1, D + 0x120, 1, 0)
            .Call(ReadRemote, 77, D + 0x100, 1, D + 0x130, 1, 0)
            .Call(ReadRemote, TaskIdentity.Pid, D + 0x100, 1025, D + 0x110, 1, 0)
            .Call(WriteRemote, TaskIdentity.Pid, D + 0x100, 1, D + 0x148, 1, 0)
            .Holding(0x148, Words(UserSpace.Code64, 16));
        CallRun run = script.Run();
        Assert.Equal([8L, -22, -3, -14, 0, -22, -14], Enumerable.Range(0, 7).Select(call => run[call]));
        Assert.Equal(42, run.Word(0x400));
    }

    [Fact]
    public void The_file_of_a_process_shows_its_memory_and_writes_where_the_process_cannot()
    {
        CallScript script = new CallScript(64).Holding(0x100, "/proc/self/mem\0").Holding(0x120, [0x90, 0x90])
            .Call(Open, D + 0x100, 2, 0)
            .Call(Pread, 3, D + 0x200, 8, UserSpace.Code64)
            .Call(Pwrite, 3, D + 0x120, 2, UserSpace.Code64)
            .Call(Pread, 3, D + 0x208, 2, UserSpace.Code64)
            .Call(Pread, 3, D + 0x210, 8, 0x10)
            .Call(8, 3, D, 0).Call(0, 3, D + 0x300, 16);
        CallRun run = script.Run();
        Assert.Equal([3L, 8, 2, 2, -5, (long)D, 16], Enumerable.Range(0, 7).Select(call => run[call]));
        Assert.Equal(script.Assemble().Code.Take(8), run.Bytes(0x200, 8));
        Assert.Equal([0x90, 0x90], run.Bytes(0x208, 2));
    }

    private static void Remote(Assembler a, int number, ulong local, ulong remote)
    {
        a.mov(edi, ebx);
        a.mov(rsi, local);
        a.mov(edx, 1);
        a.mov(r10, remote);
        a.mov(r8d, 1);
        a.xor(r9d, r9d);
        a.mov(eax, number);
        a.syscall();
    }

    private static void Exit(Assembler a)
    {
        a.xor(edi, edi);
        a.mov(eax, ExitGroup);
        a.syscall();
    }

    private static byte[] Words(params ulong[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    private static void Hold(LinuxMachine machine, ulong offset, params ulong[] words) => Assert.True(machine.Memory.TryWrite(D + offset, Words(words)));

    private static long Word(LinuxMachine machine, ulong offset)
    {
        byte[] bytes = new byte[8];
        Assert.True(machine.Memory.TryRead(D + offset, bytes));
        return BitConverter.ToInt64(bytes);
    }
}
