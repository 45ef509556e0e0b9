using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>
/// How SYSENTER's calls of 32-bit kernels end: SYSEXIT restores too little for some of what a frame may hold. Linux 2.6.39 does not look, and leaves by IRET whenever
/// there is work, TIF_IRET included; from 4.4 on C looks at the frame, also after work.
/// </summary>
public sealed class I386WayBackTests
{
    private const ulong D = UserSpace.Data32, Action = 0x100, Path = 0x200;
    private const int Fork = 2, Execve = 11, Kill = 37, Chmod = 15, Getpid = 20, Sigaction = 67, Exit = 1, Handler = 0x200, ExitCode = 7, Octal755 = 0x1ED;

    /// <summary>What is done to the frame of a call.</summary>
    public enum Reason
    {
        None,
        IpIsNotTheLandingPad,
        ResumeFlag,
        TrapFlag,
        VirtualMode,
        CodeSegment,
        StackSegment,
    }

    public static TheoryData<string, string, string> Machines()
    {
        var rows = new TheoryData<string, string, string>();
        foreach (KernelGeneration kernel in Kernels.I386)
        {
            foreach (string cpu in (string[])["PentiumIII", "Core2", "K8", "Zen2"])
                rows.Add(kernel.Name, cpu, "");
            rows.Add(kernel.Name, "Skylake", kernel.Traits.HasEntryStack ? "pti=on" : "");
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_frame_that_Sysexit_cannot_restore_leaves_as_its_generation_has_it(string kernel, string cpu, string options)
    {
        foreach (Reason reason in Enum.GetValues<Reason>())
        {
            foreach (bool withWork in (bool[])[false, true])
            {
                LinuxMachine machine = InGetpid(kernel, cpu, options);
                Change(machine, reason);
                if (withWork)
                    machine.Tasks.Current.SetFlag(ThreadFlags.NotifyResume, true);
                bool looks = !machine.Kernel.Traits.HasIretFlag;
                bool isFast = looks ? reason == Reason.None : !withWork;
                Assert.True(Expected(isFast) == ExitOf(machine), $"{reason}{(withWork ? " with work" : "")}");
            }
        }
    }

    [Theory]
    [InlineData(ThreadFlags.SigPending)]
    [InlineData(ThreadFlags.NeedResched)]
    [InlineData(I386SystemCall26.Iret)]
    public void Each_bit_of_work_makes_Linux_2_6_39_leave_by_iret(int flag)
    {
        LinuxMachine machine = InGetpid("Linux_2_6_39_i386", "Core2", "");
        machine.Tasks.Current.SetFlag(flag, true);
        Assert.Equal(Mnemonic.Iretd, ExitOf(machine));
    }

    /// <summary>The call's own way back is as any other's, but Linux 2.6.39 has an entry for fork, whose frame IRET restores.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void A_child_begins_by_iret(string kernel, string cpu, string options)
    {
        LinuxMachine machine = Load(kernel, cpu, options, a =>
        {
            a.mov(eax, Fork);
            a.call(UserSpace.NativeKernelVsyscall);
            a.mov(esi, eax);
            a.mov(eax, Exit);
            a.xor(ebx, ebx);
            a.@int(unchecked((sbyte)0x80));
        });
        List<RingExit> exits = RingExits.Run(machine);
        ulong pad = UserSpace.NativeKernelVsyscallPage + machine.Vdso.Narrow!.LandingPad;
        Assert.Equal(Mnemonic.Sysexit, exits.Single(exit => exit.To == pad && exit.Rax != 0).By);
        Assert.Equal(Mnemonic.Iretd, exits.Single(exit => exit.To == pad && exit.Rax == 0).By);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_handler_is_entered_by_iret_and_returned_from_as_its_frame_says(string kernel, string cpu, string options)
    {
        LinuxMachine machine = Load(kernel, cpu, options, a =>
        {
            a.mov(__dword_ptr[D + Action], (int)UserSpace.Code32 + Handler);
            Int80(a, Sigaction, SignalNumbers.SIGUSR1, (int)(D + Action), 0);
            a.mov(ebx, TaskIdentity.Pid);
            a.mov(ecx, SignalNumbers.SIGUSR1);
            a.mov(eax, Kill);
            a.call(UserSpace.NativeKernelVsyscall);
            Int80(a, Exit, ExitCode, 0, 0);
            int length = AssembledBytes.Of(a, UserSpace.Code32).Length;
            a.db(new byte[Handler - length]);
            a.ret();
        });
        List<RingExit> exits = RingExits.Run(machine);
        Assert.Equal(ExitCode, machine.ExitStatus);
        Assert.Equal(Mnemonic.Iretd, exits.Single(exit => exit.To == UserSpace.Code32 + Handler).By);

        // The stub behind a handler uses int 0x80, whose way back is IRET for all that it may restore.
        ulong pad = UserSpace.NativeKernelVsyscallPage + machine.Vdso.Narrow!.LandingPad;
        RingExit back = exits.Single(exit => exit.To == pad && exit.Raised < 0);
        Assert.Equal((Mnemonic.Iretd, 0ul), (back.By, back.Rax));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_new_program_begins_by_iret(string kernel, string cpu, string options)
    {
        LinuxMachine machine = Load(kernel, cpu, options, a =>
        {
            Int80(a, Chmod, (int)(D + Path), Octal755, 0);
            a.mov(ebx, (uint)(D + Path));
            a.xor(ecx, ecx);
            a.xor(edx, edx);
            a.mov(eax, Execve);
            a.call(UserSpace.NativeKernelVsyscall);
            a.hlt();
        });
        ElfImage image = ElfImage.Program(a => Int80(a, Exit, ExitCode, 0, 0), 32);
        ulong entryPoint = ElfFile.Parse(image.ToBytes()).EntryPoint;
        machine.WriteFile("/tool", image.ToBytes());
        Assert.True(machine.Memory.TryWrite(D + Path, "/tool\0"u8.ToArray()));
        List<RingExit> exits = RingExits.Run(machine, 200_000);
        Assert.Equal(ExitCode, machine.ExitStatus);
        Assert.Equal(Mnemonic.Iretd, exits.First(exit => exit.To == entryPoint).By);
    }

    /// <summary>A tracer that only looks leaves the frame as it was: SYSEXIT will do, but in 2.6.39.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void A_call_that_was_looked_at_leaves_by_sysexit_from_4_4_on(string kernel, string cpu, string options)
    {
        LinuxMachine machine = Load(kernel, cpu, options, CallGetpid);
        machine.TraceSystemCalls();
        RingExit exit = RingExits.Run(machine)[^1];
        Assert.Equal((ulong)TaskIdentity.Pid, exit.Rax);
        Assert.Equal(Expected(!machine.Kernel.Traits.HasIretFlag), exit.By);
    }

    private static Mnemonic Expected(bool isFast) => isFast ? Mnemonic.Sysexit : Mnemonic.Iretd;

    private static LinuxMachine Load(string kernel, string cpu, string options, Action<Assembler> program) =>
        Guest.Load(program, 32, Cpus.Find(cpu), options, kernel: Kernels.Find(kernel));

    private static void CallGetpid(Assembler a)
    {
        a.mov(eax, __dword_ptr[UserSpace.NativeKernelVsyscall]);
        a.mov(eax, Getpid);
        a.call(UserSpace.NativeKernelVsyscall);
        a.hlt();
    }

    private static void Int80(Assembler a, int number, int first, int second, int third)
    {
        a.mov(ebx, first);
        a.mov(ecx, second);
        a.mov(edx, third);
        a.mov(eax, number);
        a.@int(unchecked((sbyte)0x80));
    }

    private static LinuxMachine InGetpid(string kernel, string cpu, string options)
    {
        LinuxMachine machine = Load(kernel, cpu, options, CallGetpid);
        SyscallHandler handler = HandlerTable.Linux_5_13.First(known => known.Name == "getpid");
        Guest.RunTo(machine, machine.Kernel.Traits.SymbolOf(handler, SyscallAbi.Ia32));
        return machine;
    }

    private static void Change(LinuxMachine machine, Reason reason)
    {
        PtRegs frame = machine.ReadCallRegisters();
        machine.WritePtRegs(reason switch
        {
            Reason.IpIsNotTheLandingPad => frame.With((PtRegsOffsets.Ip, UserSpace.Code32)),
            Reason.ResumeFlag => frame.With((PtRegsOffsets.Flags, frame[PtRegsOffsets.Flags] | Rflags.RF)),
            Reason.TrapFlag => frame.With((PtRegsOffsets.Flags, frame[PtRegsOffsets.Flags] | Rflags.TF)),
            Reason.VirtualMode => frame.With((PtRegsOffsets.Flags, frame[PtRegsOffsets.Flags] | Rflags.VM)),
            Reason.CodeSegment => frame.With((PtRegsOffsets.Cs, I386Selectors.UserCs & ~1ul)),
            Reason.StackSegment => frame.With((PtRegsOffsets.Ss, I386Selectors.UserDs & ~1ul)),
            _ => frame,
        });
    }

    /// <summary>The instruction by which ring 0 is left, or would be: IRET may fault on what the frame holds.</summary>
    private static Mnemonic ExitOf(LinuxMachine machine)
    {
        var last = new List<Mnemonic>();
        var trace = new Attempt(last);
        machine.Run(RunLimits.Instructions(20_000), ref trace);
        return last[0];
    }

    private readonly struct Attempt(List<Mnemonic> attempts) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            bool isExit = processor.CurrentPrivilegeLevel == 0 && instruction.Mnemonic is Mnemonic.Sysexit or Mnemonic.Iretd;
            if (isExit)
                attempts.Add(instruction.Mnemonic);
            return !isExit;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
