using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>
/// What a tracer changes by ptrace at the end of a call is what the call leaves with: by IRET, for SYSRET could not restore it. Linux 2.6.39 takes IRET for
/// each traced call; from 4.4 on an untouched frame leaves by SYSRET.
/// </summary>
public sealed class TracerChangeTests
{
    private const int Ptrace = 101, Wait4 = 61, Fork = 57, Kill = 62, Getpid = 39;
    private const ulong TraceMe = 0, PokeUser = 6, Continue = 7, UntilCall = 24;
    private const ulong Mark = 0x5EED;
    private const int Nothing = -1;

    public static TheoryData<string, string, int, ulong> Changes()
    {
        var rows = new TheoryData<string, string, int, ulong>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (string cpu in (string[])["Skylake", "Zen2"])
            {
                rows.Add(kernel.Name, cpu, Nothing, 0);
                rows.Add(kernel.Name, cpu, PtRegsOffsets.Ip, UserSpace.Data64);
                rows.Add(kernel.Name, cpu, PtRegsOffsets.Cx, 0x1234);
                rows.Add(kernel.Name, cpu, PtRegsOffsets.R11, 0);
                rows.Add(kernel.Name, cpu, PtRegsOffsets.Flags, Rflags.CF | Rflags.Fixed);
                rows.Add(kernel.Name, cpu, PtRegsOffsets.Cs, Selectors.User32Cs);
                rows.Add(kernel.Name, cpu, PtRegsOffsets.Ss, Selectors.User32Cs);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_register_that_a_tracer_changed_at_the_end_of_a_call_is_restored_by_iret(string kernel, string cpu, int register, ulong value)
    {
        KernelGeneration generation = Kernels.Find(kernel);
        LinuxMachine machine = Guest.Load(a => Write(a, register, value), cpu: Cpus.Find(cpu), kernel: generation);
        List<RingExit> exits = RingExits.Run(machine);
        RingExit first = exits.First(exit => exit.Mark == Mark);
        bool isSysret = register == Nothing && !generation.Traits.HasPartialFrame;
        Assert.Equal(isSysret ? Mnemonic.Sysretq : Mnemonic.Iretq, first.By);
        if (register == PtRegsOffsets.Ip)
            Assert.Equal(value, first.To);
        if (register == PtRegsOffsets.Flags)
            Assert.Equal(value | Rflags.IF, first.Flags);
    }

    /// <summary>A child that asks to be traced, stops, and makes a call with a mark in R15; the parent stops it at the call's end and changes a register.</summary>
    private static void Write(Assembler a, int register, ulong value)
    {
        Label child = a.CreateLabel();
        a.xor(r15d, r15d);
        Guest.Call(a, Fork);
        a.test(eax, eax);
        a.je(child);
        a.mov(ebx, eax);
        Wait(a);
        for (int stop = 0; stop < 2; stop++)
        {
            Trace(a, UntilCall);
            Wait(a);
        }

        if (register != Nothing)
            Trace(a, PokeUser, (ulong)register, value);
        Trace(a, Continue);
        Wait(a);
        a.xor(edi, edi);
        a.Exit64(edi);

        a.Label(ref child);
        Guest.Call(a, Ptrace, TraceMe);
        Guest.Call(a, Getpid);
        a.mov(edi, eax);
        a.mov(esi, SignalNumbers.SIGSTOP);
        a.mov(eax, Kill);
        a.syscall();
        a.mov(r15d, (int)Mark);
        Guest.Call(a, Getpid);
        a.hlt();
    }

    private static void Trace(Assembler a, ulong request, ulong address = 0, ulong data = 0)
    {
        a.mov(rdi, request);
        a.mov(esi, ebx);
        a.mov(rdx, address);
        a.mov(r10, data);
        a.mov(eax, Ptrace);
        a.syscall();
    }

    private static void Wait(Assembler a)
    {
        a.mov(edi, ebx);
        a.xor(esi, esi);
        a.xor(edx, edx);
        a.xor(r10d, r10d);
        a.mov(eax, Wait4);
        a.syscall();
    }
}
