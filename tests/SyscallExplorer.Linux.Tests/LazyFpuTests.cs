using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The registers of the FPU change hands when they are used first, before Linux 4.6.</summary>
public sealed class LazyFpuTests
{
    private const int Yield = 24, Fork = 57, Wait4 = 61, Kill = 62, RtSigaction = 13, RtSigreturn = 15, ExitGroup = 231;
    private const int Rounds = 12;
    private const ulong D = UserSpace.Data64;

    /// <summary>Kernel, processor, options, and whether the exception is how a task gets its registers.</summary>
    public static TheoryData<string, string, string, bool> Kinds() => new()
    {
        { "Linux_2_6_39", "Core2", "", true },
        { "Linux_2_6_39", "Skylake", "", true },
        { "Linux_4_4", "Core2", "", true },
        { "Linux_4_4", "Skylake", "", false },
        { "Linux_4_4", "Skylake", "eagerfpu=off", true },
        { "Linux_4_4", "Core2", "eagerfpu=on", false },
        { "Linux_4_19", "Core2", "", false },
        { "Linux_5_13", "Core2", "", false },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Two_processes_keep_their_registers_and_get_them_by_the_exception_where_the_kernel_is_lazy(string kernel, string cpu, string options, bool isLazy)
    {
        LinuxMachine machine = Load(kernel, cpu, options, a => TwoProcesses(a, usesFpu: true));
        List<Mnemonic> seen = Guest.RunCollecting(machine);
        Assert.Equal(0, machine.ExitStatus);

        // Each gets them by #NM for a few turns, and then at once: CLTS both times, and at most once in a turn. The first and the last are no yields.
        int given = seen.Count(mnemonic => mnemonic == Mnemonic.Clts);
        if (isLazy)
            Assert.InRange(given, Rounds, 2 * (Rounds + 2));
        else
            Assert.Equal(0, given);
    }

    [Fact]
    public void Who_does_not_use_them_does_not_get_them()
    {
        LinuxMachine machine = Load("Linux_2_6_39", "Core2", "", a => TwoProcesses(a, usesFpu: false));
        List<Mnemonic> seen = Guest.RunCollecting(machine);
        Assert.Equal(0, machine.ExitStatus);
        Assert.DoesNotContain(Mnemonic.Clts, seen);
        Assert.DoesNotContain(Mnemonic.Fxrstor64, seen);
    }

    [Fact]
    public void From_the_sixth_turn_on_they_come_without_an_exception()
    {
        LinuxMachine machine = Load("Linux_2_6_39", "Core2", "", a => TwoProcesses(a, usesFpu: true));
        var counter = new CountOf(machine.AddressOf(LazyFpu.Handler));
        machine.Run(RunLimits.Instructions(200_000), ref counter);
        Assert.Equal(0, machine.ExitStatus);
        Assert.InRange(counter.Times, 2, 2 * 7);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_signal_handler_has_registers_of_its_own_and_gives_them_back(string kernel, string cpu, string options, bool isLazy)
    {
        _ = isLazy;
        const int usr1 = 10, restorer = 0x0400_0000;
        LinuxMachine machine = Load(kernel, cpu, options, a =>
        {
            Label handler = a.CreateLabel(), back = a.CreateLabel(), main = a.CreateLabel();
            a.jmp(main);
            a.Label(ref handler);
            a.movq(rax, xmm3);
            a.mov(__qword_ptr[D + 0x100], rax);
            a.mov(eax, 99);
            a.movq(xmm3, rax);
            a.ret();
            a.Label(ref back);
            Guest.Call(a, RtSigreturn);
            a.Label(ref main);
            a.lea(rax, __[handler]);
            a.mov(__qword_ptr[D], rax);
            a.mov(__qword_ptr[D + 8], restorer);
            a.lea(rax, __[back]);
            a.mov(__qword_ptr[D + 16], rax);
            Guest.Call(a, RtSigaction, usr1, D, 0, 8);
            a.mov(eax, 55);
            a.movq(xmm3, rax);
            Guest.Call(a, Kill, TaskIdentity.Pid, usr1);
            a.movq(rax, xmm3);
            a.mov(__qword_ptr[D + 0x108], rax);
            Guest.Call(a, ExitGroup, 0);
        });
        machine.Run(RunLimits.Instructions(200_000));
        Assert.Equal(0, machine.ExitStatus);
        byte[] bytes = new byte[16];
        Assert.True(machine.Memory.TryRead(D + 0x100, bytes));
        Assert.Equal([0L, 55], new[] { BitConverter.ToInt64(bytes), BitConverter.ToInt64(bytes, 8) });
    }

    private static LinuxMachine Load(string kernel, string cpu, string options, Action<Assembler> program)
    {
        LinuxMachine machine = LinuxMachine.Boot(Kernels.Find(kernel), Cpus.Find(cpu), KernelOptions.Parse(options));
        machine.Load(UserProgram.Assemble(program, 64));
        return machine;
    }

    /// <summary>Parent and child take turns, and each looks for its own value after each turn.</summary>
    private static void TwoProcesses(Assembler a, bool usesFpu)
    {
        Label again = a.CreateLabel(), wrong = a.CreateLabel(), parent = a.CreateLabel();
        Guest.Call(a, Fork);
        a.mov(r13, rax);
        a.lea(rbx, __[rax + 7]);
        if (usesFpu)
            a.movq(xmm5, rbx);
        a.mov(r12d, Rounds);
        a.Label(ref again);
        Guest.Call(a, Yield);
        if (usesFpu)
        {
            a.movq(rax, xmm5);
            a.cmp(rax, rbx);
            a.jne(wrong);
        }

        a.dec(r12d);
        a.jne(again);
        a.test(r13, r13);
        a.jne(parent);
        Guest.Call(a, ExitGroup, 0);
        a.Label(ref parent);
        Guest.Call(a, Wait4, ulong.MaxValue, D, 0, 0);
        a.mov(edi, __dword_ptr[D]);
        a.mov(eax, ExitGroup);
        a.syscall();
        a.Label(ref wrong);
        Guest.Call(a, ExitGroup, 1);
    }

    private struct CountOf(ulong address) : IInstructionTrace
    {
        public int Times { get; private set; }

        public bool Before(Processor processor, in Instruction instruction)
        {
            Times += processor.Registers.Rip == address ? 1 : 0;
            return true;
        }

        public readonly void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
