using System.Runtime.Intrinsics;
using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Handlers of small programs: entered by the kernel's way back to user mode, left by sigreturn.</summary>
public sealed class HandlerTests
{
    private const int Signal = SignalNumbers.SIGUSR1;
    private const ulong SignalInfoAndRestorer = SignalActionFlags.SignalInfo | SignalActionFlags.Restorer;
    private const ulong Data64 = UserSpace.Data64, Data32 = UserSpace.Data32;
    private const int Action = 0x300, Seen = 0x100;

    public static TheoryData<string, string> Machines() => new()
    {
        { "Skylake", "" }, { "Haswell", "" }, { "Zen2", "mitigations=off" }, { "Skylake", "nopti nopcid" }, { "Zen2", "pti=on" },
    };

    /// <summary>A 64-bit program that sends itself a signal; its handler keeps the signal and the address of its context, then does what is given.</summary>
    private static Action<Assembler> Program64(Action<Assembler>? inHandler = null, ulong flags = SignalInfoAndRestorer, Action<Assembler>? before = null) => a =>
    {
        Label handler = a.CreateLabel(), restorer = a.CreateLabel();
        a.lea(rax, __[handler]);
        a.mov(__qword_ptr[Data64 + Action], rax);
        a.mov(rax, flags);
        a.mov(__qword_ptr[Data64 + Action + 8], rax);
        a.lea(rax, __[restorer]);
        a.mov(__qword_ptr[Data64 + Action + 16], rax);
        Call64(a, 13, Signal, (long)Data64 + Action, 0, 8);
        before?.Invoke(a);
        a.mov(ebx, 5);
        Call64(a, 62, TaskIdentity.Pid, Signal);
        a.add(ebx, __dword_ptr[Data64 + Seen]);
        a.Exit64(ebx);

        a.Label(ref handler);
        a.mov(__dword_ptr[Data64 + Seen], edi);
        a.mov(__qword_ptr[Data64 + Seen + 8], rdx);
        a.mov(ebx, 77);
        a.mov(r10d, 88);
        inHandler?.Invoke(a);
        a.ret();
        a.Label(ref restorer);
        a.mov(eax, 15);
        a.syscall();
    };

    /// <summary>The same as a 32-bit program, whose handler returns by the kernel's stub.</summary>
    private static Action<Assembler> Program32(ulong flags) => a =>
    {
        // The call leaves the address of what stands behind it: the handler.
        Label behind = a.CreateLabel();
        a.call(behind);
        a.mov(__dword_ptr[Data32 + Seen], eax);
        a.mov(esi, 99);
        a.ret();
        a.Label(ref behind);
        a.pop(eax);
        a.mov(__dword_ptr[Data32 + Action], eax);
        a.mov(__dword_ptr[Data32 + Action + 4], (uint)flags);
        a.mov(__dword_ptr[Data32 + Action + 8], 0);
        a.mov(eax, 174);
        a.mov(ebx, Signal);
        a.mov(ecx, (uint)Data32 + Action);
        a.xor(edx, edx);
        a.mov(esi, 8);
        SystemCallPathTests.Int80(a);
        a.mov(esi, 5);
        a.mov(eax, 37);
        a.mov(ebx, TaskIdentity.Pid);
        a.mov(ecx, Signal);
        SystemCallPathTests.Int80(a);
        a.add(esi, __dword_ptr[Data32 + Seen]);
        a.mov(ebx, esi);
        a.mov(eax, 252);
        SystemCallPathTests.Int80(a);
    };

    private static void Call64(Assembler a, int number, params long[] arguments)
    {
        AssemblerRegister64[] registers = [rdi, rsi, rdx, r10];
        for (int i = 0; i < arguments.Length; i++)
            a.mov(registers[i], arguments[i]);
        a.mov(eax, number);
        a.syscall();
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_handler_runs_and_the_program_goes_on_where_it_was(string cpu, string options)
    {
        Assert.Equal(5 + Signal, Guest.Run(Program64(), 64, Cpus.Find(cpu), options).ExitStatus);
        Assert.Equal(5 + Signal, Guest.Run(Program32(0), 32, Cpus.Find(cpu), options).ExitStatus);
        Assert.Equal(5 + Signal, Guest.Run(Program32(SignalActionFlags.SignalInfo), 32, Cpus.Find(cpu), options).ExitStatus);
    }

    [Fact]
    public void Without_a_restorer_a_64_bit_handler_is_not_entered() =>
        Assert.Equal(SignalNumbers.SIGSEGV, Guest.Run(Program64(flags: SignalActionFlags.SignalInfo)).Signal);

    [Fact]
    public void A_frame_that_cannot_be_written_ends_the_program()
    {
        LinuxMachine machine = Guest.Run(Program64(before: a => a.mov(esp, 0x2000)));
        Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
        Assert.Null(machine.ExitStatus);
    }

    public static TheoryData<string, int, ulong> Damages() => new()
    {
        { "RIP beyond all programs", SignalFrame64.MachineContext + 128, 0x8000_0000_0000_0000 },
        { "RIP of the kernel", SignalFrame64.MachineContext + 128, 0xFFFF_FFFF_8100_0000 },
        { "CS of nothing", SignalFrame64.MachineContext + 144, 0x0000_0000_0000_1230 },
        { "CS of the kernel", SignalFrame64.MachineContext + 144, 0x002B_0000_0000_0010 },
        { "SS of code", SignalFrame64.MachineContext + 144, 0x0033_0000_0000_0033 },
        { "no floating-point state", SignalFrame64.FpuPointer, 8 },
        { "a floating-point state of the kernel's", SignalFrame64.FpuPointer, 0xFFFF_FFFF_FFFF_FFC0 },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_frame_that_leads_nowhere_ends_the_program_and_nothing_else(string what, int offset, ulong value)
    {
        LinuxMachine machine = Guest.Run(Program64(a =>
        {
            a.mov(rax, value);
            a.mov(__qword_ptr[rdx + offset - SignalFrame64.Context], rax);
        }));
        Assert.True(machine.Signal == SignalNumbers.SIGSEGV, what);
        Assert.Null(machine.State.Refusal);
    }

    [Fact]
    public void Sigreturn_without_a_frame_ends_the_program()
    {
        foreach (ulong stack in (ulong[])[0, 8, 0x10, UserSpace.StackTop64, 0x8000_0000_0000_0000, ulong.MaxValue])
        {
            LinuxMachine machine = Guest.Run(a =>
            {
                a.mov(rsp, stack);
                a.mov(eax, 15);
                a.syscall();
            });
            Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
        }

        foreach (int number in (int[])[119, 173])
        {
            LinuxMachine machine = Guest.Run(a =>
            {
                a.mov(esp, 4);
                a.mov(eax, number);
                SystemCallPathTests.Int80(a);
            }, 32);
            Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
        }
    }

    [Fact]
    public void Whatever_a_frame_holds_the_program_ends_or_goes_on()
    {
        var random = new Random(7);
        for (int round = 0; round < 60; round++)
        {
            int offset = random.Next(0, SignalFrame64.Size / 8) * 8 - 8;
            ulong value = random.Next(4) switch { 0 => 0, 1 => ulong.MaxValue, 2 => 1ul << random.Next(64), _ => (ulong)random.NextInt64() };
            LinuxMachine machine = Guest.Load(Program64(a =>
            {
                a.mov(rax, value);
                a.mov(__qword_ptr[rdx + offset], rax);
            }));
            RunResult result = machine.Run(RunLimits.Instructions(50_000));
            Assert.True(machine.IsOver || result.Reason == StopReason.InstructionBudget, $"{value:x} at {offset}: {result.Message}");
            Assert.True(machine.Fatal is not { Signal: 0 }, $"{value:x} at {offset}: {machine.Fatal}");
        }
    }

    [Fact]
    public void A_result_that_looks_like_waiting_is_restored_as_any_other()
    {
        LinuxMachine machine = Guest.Run(Program64(a =>
        {
            a.mov(rax, 0x8000_0000_0000_0000);
            a.mov(__qword_ptr[rdx + SignalFrame64.MachineContext + 104 - SignalFrame64.Context], rax);
        }));
        Assert.Equal(5 + Signal, machine.ExitStatus);
    }

    [Fact]
    public void A_machine_that_is_captured_in_a_handler_goes_on_to_the_same_end()
    {
        LinuxMachine machine = Guest.Load(Program64(a =>
        {
            for (int i = 0; i < 50; i++)
                a.nop();
        }));
        while (machine.Processor.Registers[Gpr.R10] != 88)
            machine.Run(RunLimits.Instructions(1));
        LinuxMachine fork = machine.Fork();
        LinuxSnapshot snapshot = machine.Capture();
        machine.Run(RunLimits.Instructions(100_000));
        fork.Run(RunLimits.Instructions(100_000));
        Assert.Equal(5 + Signal, machine.ExitStatus);
        Assert.Equal(machine.Processor.Clock, fork.Processor.Clock);
        machine.Restore(snapshot);
        machine.Run(RunLimits.Instructions(100_000));
        Assert.Equal(fork.Processor.Clock, machine.Processor.Clock);
        Assert.Equal(5 + Signal, machine.ExitStatus);
    }

    [Fact]
    public void A_handler_starts_with_fresh_vector_registers_and_the_program_gets_its_own_back()
    {
        LinuxMachine machine = Guest.Run(Program64(
            a =>
            {
                a.movq(rax, xmm3);
                a.mov(__qword_ptr[Data64 + 0x200], rax);
                a.pcmpeqd(xmm3, xmm3);
            },
            before: a =>
            {
                a.mov(rax, 0x1234_5678);
                a.movq(xmm3, rax);
            }));
        byte[] bytes = new byte[8];
        Assert.True(machine.Memory.TryRead(Data64 + 0x200, bytes));
        Assert.Equal(0, BitConverter.ToInt64(bytes));
        Assert.Equal(0x1234_5678ul, machine.Processor.Registers.GetVector(3).AsUInt64()[0]);
    }
}
