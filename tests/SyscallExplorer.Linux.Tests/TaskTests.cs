using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Tasks: making them, switching between them, waiting for them.</summary>
public sealed class TaskTests
{
    private const ulong D = UserSpace.Data64;
    private const int Fork = 57, Exit = 231, Wait4 = 61, Yield = 24, GetPid = 39, GetPpid = 110;

    public static TheoryData<string, string> Machines() => new()
    {
        { "Skylake", "" },
        { "Haswell", "nopcid" },
        { "Haswell", "nofsgsbase" },
        { "Zen2", "" },
        { "Skylake", "mitigations=off" },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_child_has_a_number_and_memory_of_its_own_and_its_parent_learns_its_status(string cpu, string options)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(__qword_ptr[D], 1);
            a.mov(eax, Fork);
            a.syscall();
            a.test(eax, eax);
            Iced.Intel.Label parent = a.CreateLabel();
            a.jne(parent);

            a.mov(eax, GetPid);
            a.syscall();
            a.mov(edi, eax);
            a.mov(__qword_ptr[D], 2);
            a.mov(eax, GetPpid);
            a.syscall();
            a.sub(edi, eax);
            a.add(edi, 40);
            a.mov(eax, Exit);
            a.syscall();

            a.Label(ref parent);
            a.mov(__qword_ptr[D + 8], rax);
            a.mov(edi, -1);
            a.mov(rsi, D + 16);
            a.xor(edx, edx);
            a.xor(r10d, r10d);
            a.mov(eax, Wait4);
            a.syscall();
            a.mov(__qword_ptr[D + 24], rax);
            a.xor(edi, edi);
            a.mov(eax, Exit);
            a.syscall();
        }, cpu: Cpus.Find(cpu), commandLine: options);
        RunResult result = machine.Run(RunLimits.Instructions(100_000));
        Assert.True(machine.IsOver, result.Message);
        Assert.Equal(0, machine.ExitStatus);
        byte[] words = new byte[32];
        Assert.True(machine.Memory.TryRead(D, words));
        Assert.Equal([1L, TaskIdentity.Pid + 1, 41 << 8, TaskIdentity.Pid + 1], Enumerable.Range(0, 4).Select(i => BitConverter.ToInt64(words, i * 8)));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Tasks_that_yield_take_turns_and_keep_their_vector_registers(string cpu, string options)
    {
        const int rounds = 5;
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, Fork);
            a.syscall();
            a.mov(ebx, eax);
            a.vmovd(xmm7, ebx);
            a.vpbroadcastd(ymm7, xmm7);
            a.mov(ebp, rounds);
            Iced.Intel.Label again = a.CreateLabel(), differs = a.CreateLabel(), parent = a.CreateLabel();
            a.Label(ref again);
            a.mov(eax, Yield);
            a.syscall();
            a.vextracti128(xmm0, ymm7, 1);
            a.vmovd(eax, xmm0);
            a.cmp(eax, ebx);
            a.jne(differs);
            a.dec(ebp);
            a.jne(again);
            a.test(ebx, ebx);
            a.jne(parent);
            a.mov(edi, 7);
            a.mov(eax, Exit);
            a.syscall();

            a.Label(ref parent);
            a.mov(edi, ebx);
            a.mov(rsi, D);
            a.xor(edx, edx);
            a.xor(r10d, r10d);
            a.mov(eax, Wait4);
            a.syscall();
            a.movzx(edi, __byte_ptr[D + 1]);
            a.mov(eax, Exit);
            a.syscall();

            a.Label(ref differs);
            a.ud2();
        }, cpu: Cpus.Find(cpu), commandLine: options);
        RunResult result = machine.Run(RunLimits.Instructions(200_000));
        Assert.True(machine.IsOver, result.Message);
        Assert.Equal(7, machine.ExitStatus);
        Assert.InRange(machine.State.Switches, 2 * rounds, 4 * rounds);
    }

    [Fact]
    public void A_task_that_never_calls_the_kernel_is_preempted_by_the_tick()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(__qword_ptr[D], 0);
            a.mov(edi, 0);
            a.mov(eax, 56);
            const int memory = 0x100;
            a.mov(edi, memory);
            a.mov(rsi, D + 0x8000);
            a.syscall();
            a.test(eax, eax);
            Iced.Intel.Label spin = a.CreateLabel(), child = a.CreateLabel();
            a.je(child);
            a.Label(ref spin);
            a.cmp(__qword_ptr[D], 0);
            a.je(spin);
            a.mov(edi, 5);
            a.mov(eax, Exit);
            a.syscall();
            a.Label(ref child);
            a.mov(__qword_ptr[D], 1);
            a.xor(edi, edi);
            a.mov(eax, Exit);
            a.syscall();
        });
        RunResult result = machine.Run(RunLimits.Instructions(200_000_000));
        Assert.True(machine.IsOver, result.Message);
        Assert.Equal(5, machine.ExitStatus);
        Assert.InRange(machine.State.Ticks, 1, 20);
    }

    [Fact]
    public void A_process_that_waits_for_nothing_that_can_come_ends_the_run_with_a_sentence_that_names_it()
    {
        LinuxMachine machine = new CallScript(64).Call(202, D, 0, 0, 0, 0, 0).Run().Machine;
        Assert.Contains($"process {TaskIdentity.Pid} (program) waits for the futex", machine.Run(RunLimits.Instructions(1)).Message, StringComparison.Ordinal);
    }
}
