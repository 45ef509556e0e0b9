using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>What a program sees of the ways into the kernel.</summary>
public sealed class SystemCallPathTests
{
    private const int Vector = 0x80;
    private const ulong Marker = 0x1122_3344_5566_7788;

    public static TheoryData<string, string> Machines()
    {
        var data = new TheoryData<string, string>();
        foreach (CpuModel cpu in Cpus.All)
        {
            foreach (string options in (string[])["pti=on", "pti=off", "mitigations=off", "randomize_kstack_offset=on", "nopcid pti=on", "nosmap nofsgsbase"])
                data.Add(cpu.Name, options);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Getpid_answers_by_every_path(string cpu, string options)
    {
        CpuModel model = Cpus.Find(cpu);
        int expected = TaskIdentity.Pid & 0xFF;
        Assert.Equal(expected, Guest.Run(a =>
        {
            a.mov(eax, 39);
            a.syscall();
            a.Exit64(eax);
        }, 64, model, options).ExitStatus);
        Assert.Equal(expected, Guest.Run(a =>
        {
            a.mov(eax, 20);
            Int80(a);
            Exit32(a);
        }, 32, model, options).ExitStatus);
        Assert.Equal(expected, Guest.Run(a =>
        {
            a.mov(eax, 20);
            a.call(UserSpace.KernelVsyscall);
            Exit32(a);
        }, 32, model, options).ExitStatus);
        Assert.Equal(expected, Guest.Run(a =>
        {
            a.mov(eax, 20);
            Int80(a);
            a.Exit64(eax);
        }, 64, model, options).ExitStatus);
    }

    [Fact]
    public void Syscall_leaves_the_return_address_in_rcx_and_the_flags_in_r11_and_all_else_alone()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            FillRegisters(a);
            a.mov(eax, 39);
            a.syscall();
            a.nop();
            a.Exit64(eax);
        });
        Guest.RunTo(machine, "do_syscall_64");
        PtRegs saved = machine.ReadPtRegs(machine.Processor.Registers[Gpr.Rsi]);
        Guest.RunTo(machine, saved[PtRegsOffsets.Ip]);
        ProcessorRegisters after = machine.Processor.Registers;
        Assert.Equal(saved[PtRegsOffsets.Ip], after[Gpr.Rcx]);
        Assert.Equal(saved[PtRegsOffsets.Flags], after[Gpr.R11]);
        foreach (Gpr register in (Gpr[])[Gpr.Rbx, Gpr.Rdx, Gpr.Rsi, Gpr.Rdi, Gpr.Rbp, Gpr.R8, Gpr.R9, Gpr.R10, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15])
            Assert.Equal(Marker + (ulong)register, after[register]);
        Assert.Equal(UserSpace.StackTop64 - 16, after[Gpr.Rsp]);
        Assert.Equal((ulong)TaskIdentity.Pid, after[Gpr.Rax]);
    }

    [Fact]
    public void Int80_from_64_bit_code_preserves_every_register_but_rax()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            FillRegisters(a);
            a.mov(eax, 20);
            Int80(a);
            a.nop();
            a.Exit64(eax);
        });
        Guest.RunTo(machine, "do_int80_syscall_32");
        PtRegs saved = machine.ReadPtRegs(machine.Processor.Registers[Gpr.Rdi]);
        Guest.RunTo(machine, saved[PtRegsOffsets.Ip]);
        foreach (Gpr register in Enum.GetValues<Gpr>().Except([Gpr.Rax, Gpr.Rsp]))
            Assert.Equal(Marker + (ulong)register, machine.Processor.Registers[register]);
    }

    [Fact]
    public void Pt_regs_at_do_syscall_64_has_the_documented_layout()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            FillRegisters(a);
            a.mov(eax, 39);
            a.syscall();
            a.Exit64(eax);
        });
        Guest.RunTo(machine, "do_syscall_64");
        PtRegs saved = machine.ReadPtRegs(machine.Processor.Registers[Gpr.Rsi]);
        Assert.Equal(39ul, machine.Processor.Registers[Gpr.Rdi]);
        (int Offset, Gpr Register)[] general =
        [
            (0, Gpr.R15), (8, Gpr.R14), (16, Gpr.R13), (24, Gpr.R12), (32, Gpr.Rbp), (40, Gpr.Rbx), (56, Gpr.R10), (64, Gpr.R9), (72, Gpr.R8),
            (96, Gpr.Rdx), (104, Gpr.Rsi), (112, Gpr.Rdi),
        ];
        foreach ((int offset, Gpr register) in general)
            Assert.Equal(Marker + (ulong)register, Guest.Peek(machine, saved.Address + (ulong)offset));
        Assert.Equal(unchecked((ulong)-38), saved[80]);
        Assert.Equal(saved[128], saved[88]);
        Assert.Equal(saved[144], saved[48]);
        Assert.Equal(39ul, saved[120]);
        Assert.Equal(0x33ul, saved[136]);
        Assert.Equal(UserSpace.StackTop64 - 16, saved[152]);
        Assert.Equal(0x2Bul, saved[160]);
        Assert.Equal(KernelLayout.ThreadStackTop, saved.Address + PtRegsOffsets.Size);
    }

    [Fact]
    public void The_entry_clears_registers_before_c_code_sees_them()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            FillRegisters(a);
            a.mov(eax, 39);
            a.syscall();
            a.Exit64(eax);
        });
        Guest.RunTo(machine, "do_syscall_64");
        foreach (Gpr register in (Gpr[])[Gpr.Rdx, Gpr.Rcx, Gpr.Rbx, Gpr.Rbp, Gpr.R8, Gpr.R9, Gpr.R10, Gpr.R11, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15])
            Assert.Equal(0ul, machine.Processor.Registers[register]);
    }

    [Theory]
    [InlineData(447ul)]
    [InlineData(9999ul)]
    [InlineData(0x1_0000_0027ul)]
    [InlineData(ulong.MaxValue)]
    public void A_number_beyond_the_64_bit_table_is_enosys_with_all_64_bits_compared(ulong number)
    {
        LinuxMachine machine = Guest.Run(a =>
        {
            a.mov(rax, number);
            a.syscall();
            a.neg(eax);
            a.Exit64(eax);
        });
        Assert.Equal(Errno.ENOSYS, machine.ExitStatus);
    }

    [Fact]
    public void Int80_looks_at_the_low_half_of_rax_only()
    {
        LinuxMachine machine = Guest.Run(a =>
        {
            a.mov(rax, 0x1_0000_0014);
            Int80(a);
            a.Exit64(eax);
        });
        Assert.Equal(TaskIdentity.Pid & 0xFF, machine.ExitStatus);
    }

    [Fact]
    public void A_call_without_a_handler_returns_enosys_and_is_counted_by_name()
    {
        LinuxMachine machine = Guest.Run(a =>
        {
            a.mov(eax, 321);
            a.syscall();
            a.mov(ebx, eax);
            a.mov(eax, 321);
            a.syscall();
            a.neg(ebx);
            a.Exit64(ebx);
        });
        Assert.Equal(Errno.ENOSYS, machine.ExitStatus);
        Assert.Equal(2, machine.Unimplemented["bpf"]);
    }

    [Fact]
    public void The_usual_return_is_sysret()
    {
        LinuxMachine machine = Guest.Load(GetpidThenExit);
        Guest.RunTo(machine, "entry_SYSCALL_64");
        List<Mnemonic> seen = Guest.RunCollecting(machine);
        Assert.Contains(Mnemonic.Sysretq, seen);
        Assert.DoesNotContain(Mnemonic.Iretq, seen);
    }

    [Theory]
    [InlineData(PtRegsOffsets.Cx, 0x1234ul)]
    [InlineData(PtRegsOffsets.R11, 0x246ul)]
    [InlineData(PtRegsOffsets.Cs, 0x23ul)]
    [InlineData(PtRegsOffsets.Ss, 0x2Aul)]
    public void A_frame_that_sysret_cannot_restore_leaves_by_iret(int offset, ulong value)
    {
        LinuxMachine machine = Guest.Load(GetpidThenExit);
        Guest.RunTo(machine, "do_syscall_64");
        Guest.Poke(machine, machine.Processor.Registers[Gpr.Rsi] + (ulong)offset, value);
        Guest.RunTo(machine, "swapgs_restore_regs_and_return_to_usermode");
    }

    [Fact]
    public void A_noncanonical_return_address_never_reaches_sysret()
    {
        LinuxMachine machine = Guest.Load(GetpidThenExit);
        Guest.RunTo(machine, "do_syscall_64");
        ulong frame = machine.Processor.Registers[Gpr.Rsi];
        Guest.Poke(machine, frame + PtRegsOffsets.Ip, 0x8000_0000_0000);
        Guest.Poke(machine, frame + PtRegsOffsets.Cx, 0x8000_0000_0000);
        List<Mnemonic> seen = Guest.RunCollecting(machine);
        Assert.DoesNotContain(Mnemonic.Sysretq, seen);
        Assert.Equal(SignalNumbers.SIGSEGV, machine.Fatal?.Signal);
    }

    [Fact]
    public void Sysenter_returns_to_the_landing_pad_with_all_registers()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(ebx, 11);
            a.mov(ecx, 12);
            a.mov(edx, 13);
            a.mov(esi, 14);
            a.mov(edi, 15);
            a.mov(ebp, 16);
            a.mov(eax, 20);
            a.call(UserSpace.KernelVsyscall);
            a.hlt();
        }, 32);
        machine.Run(RunLimits.Instructions(5000));
        PtRegs end = machine.Fatal!.Registers;
        Assert.Equal((ulong)TaskIdentity.Pid, end[PtRegsOffsets.Ax]);
        Assert.Equal([11ul, 12, 13, 14, 15, 16],
            new[] { PtRegsOffsets.Bx, PtRegsOffsets.Cx, PtRegsOffsets.Dx, PtRegsOffsets.Si, PtRegsOffsets.Di, PtRegsOffsets.Bp }.Select(offset => end[offset]));
    }

    [Theory]
    [InlineData("Skylake", Rflags.NT)]
    [InlineData("Skylake", Rflags.AC)]
    [InlineData("Skylake", Rflags.NT | Rflags.AC)]
    [InlineData("Zen2", Rflags.NT)]
    [InlineData("Zen2", Rflags.AC)]
    public void A_fast_32_bit_call_with_odd_flags_returns_with_them(string cpu, ulong flags)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, 20);
            a.push((int)(flags | Rflags.Fixed));
            a.popfd();
            a.call(UserSpace.KernelVsyscall);
            a.pushfd();
            a.pop(ebx);
            a.push(2);
            a.popfd();
            a.hlt();
        }, 32, Cpus.Find(cpu));
        machine.Run(RunLimits.Instructions(5000));
        PtRegs end = machine.Fatal!.Registers;
        Assert.Equal((ulong)TaskIdentity.Pid, end[PtRegsOffsets.Ax]);
        Assert.Equal(flags, end[PtRegsOffsets.Bx] & (Rflags.NT | Rflags.AC));
    }

    [Fact]
    public void Sysenter_while_single_stepping_survives_and_traps_in_user_mode()
    {
        LinuxMachine machine = Guest.Run(a =>
        {
            a.mov(eax, 20);
            a.mov(ebp, esp);
            a.pushfd();
            a.or(__dword_ptr[esp], (int)Rflags.TF);
            a.popfd();
            a.sysenter();
        }, 32);
        Assert.Equal(SignalNumbers.SIGTRAP, machine.Fatal?.Signal);
        Assert.Equal(Selectors.User32Cs, machine.Fatal!.Registers[PtRegsOffsets.Cs]);
        Assert.Equal((ulong)TaskIdentity.Pid, machine.Fatal.Registers[PtRegsOffsets.Ax]);
    }

    [Theory]
    [InlineData("Skylake")]
    [InlineData("Zen2")]
    public void An_unreadable_sixth_argument_is_efault_and_the_kernel_survives(string cpu)
    {
        LinuxMachine machine = Guest.Run(a =>
        {
            a.mov(eax, 20);
            if (cpu == "Skylake")
            {
                a.mov(ebp, 0x1000);
                a.sysenter();
            }
            else
            {
                a.mov(esp, 0x1000);
                a.syscall();
            }
        }, 32, Cpus.Find(cpu));

        // The landing pad then pops from the same address: the program's own fault shows the result.
        Assert.Equal(SignalNumbers.SIGSEGV, machine.Fatal?.Signal);
        Assert.Equal(0x1000ul, machine.Fatal!.FaultAddress);
        Assert.Equal(-Errno.EFAULT, (int)machine.Fatal.Registers[PtRegsOffsets.Ax]);
    }

    [Fact]
    public void Sysenter_on_amd_is_an_illegal_instruction()
    {
        LinuxMachine machine = Guest.Run(a => a.sysenter(), 32, Cpus.Zen2);
        Assert.Equal(SignalNumbers.SIGILL, machine.Fatal?.Signal);
    }

    [Fact]
    public void Syscall_in_compatibility_mode_on_intel_is_an_illegal_instruction()
    {
        LinuxMachine machine = Guest.Run(a => a.syscall(), 32, Cpus.Skylake);
        Assert.Equal(SignalNumbers.SIGILL, machine.Fatal?.Signal);
    }

    [Fact]
    public void The_kernel_stack_moves_between_calls_when_its_offset_is_random()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            for (int i = 0; i < 8; i++)
            {
                a.mov(eax, 39);
                a.syscall();
            }

            a.Exit64(eax);
        }, commandLine: "randomize_kstack_offset=on");
        var depths = new HashSet<ulong>();
        for (int i = 0; i < 8; i++)
        {
            Guest.RunTo(machine, "__x64_sys_getpid");
            depths.Add(machine.Processor.Registers[Gpr.Rsp]);
            machine.Run(RunLimits.Instructions(1));
        }

        Assert.True(depths.Count > 2, $"Only {depths.Count} depths in eight calls.");
    }

    [Fact]
    public void Ac_is_clear_while_the_kernel_runs_whatever_the_program_set()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, 20);
            a.pushfq();
            a.or(__qword_ptr[rsp], (int)Rflags.AC);
            a.popfq();
            Int80(a);
            a.Exit64(eax);
        });
        Guest.RunTo(machine, "do_int80_syscall_32");
        Assert.Equal(0ul, machine.Processor.Registers.Flags & Rflags.AC);
    }

    internal static void Int80(Assembler a) => a.@int(unchecked((sbyte)Vector));

    internal static void Exit32(Assembler a)
    {
        a.mov(ebx, eax);
        a.mov(eax, 252);
        Int80(a);
    }

    private static void GetpidThenExit(Assembler a)
    {
        a.mov(eax, 39);
        a.syscall();
        a.Exit64(eax);
    }

    private static void FillRegisters(Assembler a)
    {
        AssemblerRegister64[] registers = [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];
        for (int i = 0; i < registers.Length; i++)
        {
            if (i != (int)Gpr.Rsp)
                a.mov(registers[i], Marker + (ulong)i);
        }
    }
}
