using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>
/// How calls end that programs make, by which the frame changes: signals and the return from them, execve, fork, tracers. Linux 2.6.39 leaves all of them
/// by IRET but a child of a 64-bit program; from 4.4 on what the frame holds decides.
/// </summary>
public sealed class WayBackOccasionTests
{
    private const ulong Data = UserSpace.Data64, Action = 0x300, Path = 0x200, Mark = 0x5EED;
    private const int Signal = SignalNumbers.SIGUSR1, ExitCode = 7, Octal755 = 0x1ED;
    private const int ContextR11 = 40 + 3 * 8, ContextRcx = 40 + 14 * 8, ContextRip = 40 + 16 * 8, ContextFlags = 40 + 17 * 8, ContextSegments = 40 + 18 * 8;

    public static TheoryData<string, string> Machines()
    {
        var rows = new TheoryData<string, string>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.Skylake, Cpus.Core2, Cpus.Zen2, Cpus.Zen4, Cpus.K8])
                rows.Add(kernel.Name, cpu.Name);
        }

        return rows;
    }

    public static TheoryData<string, string, int, ulong> ChangesOfTheContext()
    {
        var rows = new TheoryData<string, string, int, ulong>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (string cpu in (string[])["Skylake", "Zen4"])
            {
                rows.Add(kernel.Name, cpu, ContextRcx, 0x1234);
                rows.Add(kernel.Name, cpu, ContextRip, 1);
                rows.Add(kernel.Name, cpu, ContextR11, Rflags.CF);
                rows.Add(kernel.Name, cpu, ContextFlags, Rflags.TF);
                rows.Add(kernel.Name, cpu, ContextFlags, Rflags.RF);
                rows.Add(kernel.Name, cpu, ContextSegments, Selectors.UserCs ^ Selectors.User32Cs);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_handler_is_entered_by_iret(string kernel, string cpu)
    {
        (List<RingExit> exits, ulong handler, _) = RunHandler(kernel, cpu);
        Assert.Equal(Mnemonic.Iretq, exits.Single(exit => exit.To == handler).By);
    }

    /// <summary>The context of an untouched call says what SYSRET restores.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void The_return_from_a_handler_may_be_sysret_from_4_4_on(string kernel, string cpu)
    {
        (List<RingExit> exits, _, LinuxMachine machine) = RunHandler(kernel, cpu);
        Assert.Equal(ExitCode, machine.ExitStatus);
        Assert.Equal(SlowExit(kernel, isFrameWhole: true), exits.Last(exit => exit.Mark == Mark).By);
    }

    [Theory]
    [MemberData(nameof(ChangesOfTheContext))]
    public void A_context_that_a_handler_changed_is_restored_by_iret(string kernel, string cpu, int offset, ulong bits)
    {
        (List<RingExit> exits, _, _) = RunHandler(kernel, cpu, a =>
        {
            a.mov(rcx, bits);
            a.xor(__qword_ptr[rdx + offset], rcx);
        });
        Assert.Equal(Mnemonic.Iretq, exits.Last(exit => exit.Mark == Mark).By);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_new_program_begins_by_iret(string kernel, string cpu)
    {
        foreach (int bitness in (int[])[64, 32])
        {
            LinuxMachine machine = Guest.Load(a =>
            {
                Guest.Call(a, 90, Data + Path, Octal755);
                a.mov(rdi, Data + Path);
                a.xor(esi, esi);
                a.xor(edx, edx);
                a.mov(eax, 59);
                a.syscall();
                a.hlt();
            }, cpu: Cpus.Find(cpu), kernel: Kernels.Find(kernel));
            ElfImage image = ElfImage.Program(a =>
            {
                a.mov(ebx, ExitCode);
                a.mov(eax, 252);
                SystemCallPathTests.Int80(a);
            }, bitness);
            ulong entryPoint = ElfFile.Parse(image.ToBytes()).EntryPoint;
            machine.WriteFile("/tool", image.ToBytes());
            Assert.True(machine.Memory.TryWrite(Data + Path, "/tool\0"u8.ToArray()));
            List<RingExit> exits = RingExits.Run(machine, 200_000);
            Assert.Equal(ExitCode, machine.ExitStatus);
            Assert.Equal(Mnemonic.Iretq, exits.First(exit => exit.To == entryPoint).By);
        }
    }

    /// <summary>Linux 2.6.39 returns to a 64-bit child by its fast path, 4.4 by its slow path, later ones by IRET.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void A_child_begins_as_its_generation_has_it(string kernel, string cpu)
    {
        const ulong behindTheCall = UserSpace.Code64 + 7;
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, 57);
            a.syscall();
            a.xor(edi, edi);
            a.mov(eax, 60);
            a.syscall();
        }, cpu: Cpus.Find(cpu), kernel: Kernels.Find(kernel));
        List<RingExit> exits = [.. RingExits.Run(machine).Where(exit => exit.To == behindTheCall)];
        Assert.Equal(Mnemonic.Sysretq, exits.Single(exit => exit.Rax != 0).By);
        bool isSysret = Kernels.Find(kernel).Traits.Version < new Version(4, 6);
        Assert.Equal(isSysret ? Mnemonic.Sysretq : Mnemonic.Iretq, exits.Single(exit => exit.Rax == 0).By);
    }

    /// <summary>The call of the parent needs the whole frame, which makes Linux 2.6.39 leave by IRET as well.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void A_32_bit_child_begins_by_iret(string kernel, string cpu)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, 2);
            a.call(UserSpace.KernelVsyscall);
            a.xor(ebx, ebx);
            a.mov(eax, 1);
            SystemCallPathTests.Int80(a);
        }, 32, Cpus.Find(cpu), kernel: Kernels.Find(kernel));
        List<RingExit> exits = RingExits.Run(machine);
        KernelGeneration generation = Kernels.Find(kernel);
        Mnemonic ofParent = generation.Traits.HasPartialFrame ? Mnemonic.Iretq : Way.Vsyscall32.Exit(generation, Cpus.Find(cpu));
        Assert.Equal(ofParent, exits.First(exit => exit.Rax is > 2 and < 100_000).By);
        Assert.Equal(Mnemonic.Iretq, exits.First(exit => exit.Rax == 0 && exit.To != UserSpace.Code32).By);
    }

    /// <summary>A tracer that only looks leaves the frame as it was: SYSRET will do, but in 2.6.39.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void A_call_that_was_looked_at_leaves_by_sysret_from_4_4_on(string kernel, string cpu)
    {
        foreach (Way way in new[] { Way.Syscall, Way.Sysenter32, Way.Syscall32 }.Where(way => way.IsOf(Cpus.Find(cpu))))
        {
            KernelGeneration generation = Kernels.Find(kernel);
            LinuxMachine machine = Guest.Load(a =>
            {
                way.Enter(a, generation, way.GetpidNumber());
                a.hlt();
            }, way.Bitness(), Cpus.Find(cpu), kernel: generation);
            machine.TraceSystemCalls();
            RingExit exit = RingExits.Run(machine)[^1];
            Assert.Equal((ulong)TaskIdentity.Pid, exit.Rax);
            Assert.Equal(generation.Traits.HasPartialFrame ? Mnemonic.Iretq : way.Exit(generation, Cpus.Find(cpu)), exit.By);
        }
    }

    private static Mnemonic SlowExit(string kernel, bool isFrameWhole) =>
        isFrameWhole && !Kernels.Find(kernel).Traits.HasPartialFrame ? Mnemonic.Sysretq : Mnemonic.Iretq;

    /// <summary>A program that sends itself a signal, with a mark in R15 that only its own code has, not the handler.</summary>
    private static (List<RingExit> Exits, ulong Handler, LinuxMachine Machine) RunHandler(string kernel, string cpu, Action<Assembler>? inHandler = null)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            Label handler = a.CreateLabel(), restorer = a.CreateLabel();
            a.lea(rax, __[handler]);
            a.mov(__qword_ptr[Data + Action], rax);
            a.mov(rax, SignalActionFlags.SignalInfo | SignalActionFlags.Restorer);
            a.mov(__qword_ptr[Data + Action + 8], rax);
            a.lea(rax, __[restorer]);
            a.mov(__qword_ptr[Data + Action + 16], rax);
            Guest.Call(a, 13, Signal, Data + Action, 0, 8);
            a.mov(r15d, (int)Mark);
            Guest.Call(a, 62, TaskIdentity.Pid, Signal);
            a.nop();
            a.nop();
            a.xor(r15d, r15d);
            a.mov(edi, ExitCode);
            a.mov(eax, 231);
            a.syscall();
            a.Label(ref handler);
            a.xor(r15d, r15d);
            inHandler?.Invoke(a);
            a.ret();
            a.Label(ref restorer);
            a.mov(eax, 15);
            a.syscall();
        }, cpu: Cpus.Find(cpu), kernel: Kernels.Find(kernel));
        List<RingExit> exits = RingExits.Run(machine);
        byte[] address = new byte[8];
        Assert.True(machine.Memory.TryRead(Data + Action, address));
        return (exits, BitConverter.ToUInt64(address), machine);
    }
}
