using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Linux 6.12 with FRED: one entry for each ring, told apart by what the processor saves, and ERETU as the way back.</summary>
public sealed class FredTests
{
    private const ulong D = UserSpace.Data64;
    private const uint D32 = (uint)UserSpace.Data32;

    [Theory]
    [InlineData("PantherLake", "fred=on", true), InlineData("PantherLake", "", false), InlineData("PantherLake", "fred=off", false)]
    [InlineData("Skylake", "fred=on", false), InlineData("SapphireRapids", "fred=on", false), InlineData("PantherLake", "fred=on pti=on", false)]
    public void FRED_must_be_asked_for_and_needs_the_processor_and_no_isolation(string cpu, string options, bool expected)
    {
        LinuxMachine machine = Guest.Boot(Cpus.Find(cpu), options, kernel: Kernels.Linux_6_12);
        Assert.Equal(expected, machine.Features.Contains(KernelFeature.Fred));
        Assert.Equal(expected, (machine.Processor.Registers.ControlRegister4 & Cr4.FRED) != 0);
        Assert.Equal(!expected, machine.Features.Contains(KernelFeature.Sysenter32));
    }

    [Fact]
    public void Without_32_bit_calls_int_80_is_a_general_protection_fault()
    {
        foreach ((string options, int? signal) in (ReadOnlySpan<(string, int?)>)[("fred=on", null), ("fred=on ia32_emulation=off", SignalNumbers.SIGSEGV)])
        {
            LinuxMachine machine = Guest.Load(a =>
            {
                a.mov(eax, 1);
                a.mov(ebx, 5);
                SystemCallPathTests.Int80(a);
            }, cpu: Cpus.PantherLake, commandLine: options, kernel: Kernels.Linux_6_12);
            machine.Run(RunLimits.Instructions(20_000));
            Assert.Equal(signal, machine.Fatal?.Signal);
            Assert.Equal(signal is null ? 5 : null, machine.ExitStatus);
        }
    }

    [Fact]
    public void An_older_kernel_has_no_such_option()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Guest.Boot(Cpus.PantherLake, "fred=on", kernel: Kernels.Linux_6_8));
        Assert.Contains("it came with Linux 6.9", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Boot_gives_the_processor_an_entry_page_and_a_stack_for_each_level()
    {
        ProcessorRegisters registers = Boot().Processor.Registers;
        ulong entry = Boot().AddressOf("asm_fred_entrypoint_user");
        Assert.Equal(0ul, entry % 4096);
        Assert.Equal(entry + 256, Boot().AddressOf("asm_fred_entrypoint_kernel"));
        Assert.Equal(entry | (1 << 6), registers.ReadMsr(Msr.FredConfig));
        Assert.Equal((1ul << 2) | (2ul << 4) | (2ul << 36) | (3ul << 16), registers.ReadMsr(Msr.FredStackLevels));
        Assert.Equal(
            [KernelLayout.ThreadStackTop, KernelLayout.ExceptionStackTop(IstIndex.Debug), KernelLayout.ExceptionStackTop(IstIndex.Nmi), KernelLayout.ExceptionStackTop(IstIndex.DoubleFault)],
            Enumerable.Range(0, 4).Select(level => registers.ReadMsr(Msr.FredRsp0 + (uint)level)));
        Assert.All([Msr.Lstar, Msr.Cstar, Msr.Fmask, Msr.SysenterCs, Msr.SysenterEip], msr => Assert.Equal(0ul, registers.ReadMsr(msr)));
        Assert.Equal(0, registers.Idtr.Limit);
    }

    [Fact]
    public void A_call_of_64_bit_code_is_an_event_whose_frame_is_eight_words_at_the_top_of_the_stack()
    {
        LinuxMachine machine = Load(a =>
        {
            a.mov(eax, 39);
            a.mov(ecx, 0x1111);
            a.mov(r11d, 0x2222);
            a.syscall();
        });
        Guest.RunTo(machine, "do_syscall_64");
        PtRegs saved = machine.ReadPtRegs(machine.Processor.Registers[Gpr.Rdi]);
        Assert.Equal(KernelLayout.ThreadStackTop - 16, saved.Address + PtRegsOffsets.Size);
        Assert.Equal((39ul, unchecked((ulong)-Errno.ENOSYS), 0x1111ul, 0x2222ul), (saved[PtRegsOffsets.OrigAx], saved[PtRegsOffsets.Ax], saved[PtRegsOffsets.Cx], saved[PtRegsOffsets.R11]));
        Assert.Equal(((ulong)Selectors.UserCs, (ulong)Selectors.UserDs), (saved[PtRegsOffsets.Cs], saved[PtRegsOffsets.Ss]));
        FredEvent told = machine.ReadFredEvent(saved.Address)!;
        Assert.Equal((FredEventType.Other, 1, 2, true, true, false, 0), (told.Type, told.Vector, told.InstructionLength, told.IsLongMode, told.IsSoftware, told.IsNested, told.StackLevel));
        Assert.Null(Guest.Load(a => a.nop()).ReadFredEvent(saved.Address));
    }

    [Theory, InlineData(64), InlineData(32)]
    public void The_kernel_executes_none_of_the_instructions_that_FRED_replaces(int bitness)
    {
        LinuxMachine machine = Load(a =>
        {
            a.mov(eax, bitness == 64 ? 39 : 20);
            if (bitness == 64)
                a.syscall();
            else
                a.call(UserSpace.KernelVsyscall);
            a.hlt();
        }, bitness);
        List<Mnemonic> executed = Guest.RunCollecting(machine);
        Assert.Contains(Mnemonic.Eretu, executed);
        Assert.DoesNotContain(executed, code => code is Mnemonic.Swapgs or Mnemonic.Sysretq or Mnemonic.Sysret or Mnemonic.Iretq or Mnemonic.Verw);
    }

    [Fact]
    public void SYSENTER_of_32_bit_code_is_a_call_that_keeps_all_registers_and_goes_on_at_the_landing_pad()
    {
        PtRegs end = Sysenter(a => a.mov(eax, 20)).Fatal!.Registers;
        Assert.Equal((ulong)TaskIdentity.Pid, end[PtRegsOffsets.Ax]);
        Assert.Equal((0xB0ul, 0xC0ul, 0xD0ul, 0x50ul, 0xE0ul, 0xF0ul),
            (end[PtRegsOffsets.Bx], end[PtRegsOffsets.Cx], end[PtRegsOffsets.Dx], end[PtRegsOffsets.Bp], end[PtRegsOffsets.Si], end[PtRegsOffsets.Di]));
    }

    [Theory, InlineData(-1), InlineData(9999), InlineData(int.MinValue)]
    public void A_bad_number_by_SYSENTER_is_enosys(int number) =>
        Assert.Equal(-Errno.ENOSYS, (int)Sysenter(a => a.mov(eax, number)).Fatal!.Registers[PtRegsOffsets.Ax]);

    [Theory, InlineData(0, 0), InlineData(7, -Errno.EAGAIN)]
    public void The_sixth_argument_of_SYSENTER_is_on_the_programs_stack(int sixth, int expected)
    {
        const int futex = 240, compareRequeue = 4;
        LinuxMachine machine = Sysenter(a =>
        {
            int[] arguments = [(int)D32, compareRequeue, 1, 1, (int)D32 + 64, sixth];
            AssemblerRegister32[] registers = [ebx, ecx, edx, esi, edi, ebp];
            for (int i = 0; i < arguments.Length; i++)
                a.mov(registers[i], arguments[i]);
            a.mov(eax, futex);
        });
        Assert.Equal(expected, (int)machine.Fatal!.Registers[PtRegsOffsets.Ax]);
    }

    [Fact]
    public void A_sixth_argument_that_cannot_be_read_is_efault_and_the_call_is_not_done()
    {
        LinuxMachine machine = Load(a =>
        {
            a.mov(eax, 20);
            a.mov(ebp, esp);
            a.mov(esp, 0x10);
            a.sysenter();
        }, 32);
        Guest.RunTo(machine, UserSpace.KernelVsyscall + 9);
        Assert.Equal(-Errno.EFAULT, (int)machine.Processor.Registers[Gpr.Rax]);
    }

    public static TheoryData<string, int, string, int, int, ulong, int> Instructions() => new()
    {
        { "sysenter of 64-bit code", 64, "0F34", SignalNumbers.SIGILL, (int)Vector.InvalidOpcode, 0, 2 },
        { "syscall of 32-bit code", 32, "0F05", SignalNumbers.SIGILL, (int)Vector.InvalidOpcode, 0, 0 },
        { "int 81h", 64, "CD81", SignalNumbers.SIGSEGV, (int)Vector.GeneralProtection, 0x81 * 8 + 2, 0 },
        { "int 14", 32, "CD0E", SignalNumbers.SIGSEGV, (int)Vector.GeneralProtection, 14 * 8 + 2, 0 },
        { "int 3", 64, "CD03", SignalNumbers.SIGTRAP, (int)Vector.Breakpoint, 0, 2 },
        { "int3", 64, "CC", SignalNumbers.SIGTRAP, (int)Vector.Breakpoint, 0, 1 },
        { "int1", 64, "F1", SignalNumbers.SIGTRAP, (int)Vector.Debug, 0, 1 },
        { "int 4", 32, "CD04", SignalNumbers.SIGSEGV, (int)Vector.Overflow, 0, 2 },
        { "ud2", 64, "0F0B", SignalNumbers.SIGILL, (int)Vector.InvalidOpcode, 0, 0 },
        { "cli", 64, "FA", SignalNumbers.SIGSEGV, (int)Vector.GeneralProtection, 0, 0 },
        { "div of nothing by nothing", 64, "F7F3", SignalNumbers.SIGFPE, (int)Vector.DivideError, 0, 0 },
        { "eretu", 64, "F30F01CA", SignalNumbers.SIGILL, (int)Vector.InvalidOpcode, 0, 0 },
        { "load of address 0", 64, "8A03", SignalNumbers.SIGSEGV, (int)Vector.PageFault, 4, 0 },
        { "push to no address", 64, "48BC000000000000008050", SignalNumbers.SIGBUS, (int)Vector.StackFault, 0, 10 },
    };

    [Theory, MemberData(nameof(Instructions))]
    public void An_exception_of_a_program_is_its_signal(string what, int bitness, string code, int signal, int vector, ulong error, int length)
    {
        LinuxMachine machine = Boot().Fork();
        machine.Load(UserProgram.FromBytes([0x31, 0xDB, 0x90, .. Convert.FromHexString(code), 0xF4], bitness));
        RunResult result = machine.Run(RunLimits.Instructions(10_000));
        Assert.True(machine.IsOver, result.Message);
        FatalReport report = machine.Fatal ?? throw new InvalidOperationException($"{what}: {result.Message}");
        ulong start = bitness == 64 ? UserSpace.Code64 : UserSpace.Code32;
        Assert.Equal((signal, vector, error), (report.Signal, report.Vector, report.ErrorCode));
        Assert.Equal((start + 3 + (ulong)length, ulong.MaxValue), (report.Registers[PtRegsOffsets.Ip], report.Registers[PtRegsOffsets.OrigAx]));
    }

    [Fact]
    public void The_address_of_a_page_fault_comes_from_the_frame_and_not_from_CR2()
    {
        LinuxMachine machine = Load(a => a.mov(__dword_ptr[0x1234], 1));
        Guest.RunTo(machine, "exc_page_fault");
        machine.Processor.Registers.ControlRegister2 = 0x7777;
        machine.Run(RunLimits.Instructions(5000));
        Assert.Equal((SignalNumbers.SIGSEGV, 0x1234ul), (machine.Signal, machine.Fatal!.FaultAddress));
    }

    [Fact]
    public void A_page_fault_of_the_kernel_on_the_programs_memory_returns_by_ERETS_to_the_fixup()
    {
        LinuxMachine machine = Load(a =>
        {
            Guest.Call(a, 228, 1, 0x10);
            a.neg(eax);
            a.Exit64(eax);
        });
        List<Mnemonic> executed = Guest.RunCollecting(machine);
        Assert.Equal(Errno.EFAULT, machine.ExitStatus);
        Assert.Contains(Mnemonic.Erets, executed);
    }

    [Fact]
    public void A_page_of_the_program_that_the_kernel_touches_first_comes_on_demand()
    {
        LinuxMachine machine = Load(a =>
        {
            a.lea(rsi, __[rsp - 0x20000]);
            a.mov(edi, 1);
            a.mov(eax, 228);
            a.syscall();
            a.Exit64(eax);
        });
        Assert.Contains(Mnemonic.Erets, Guest.RunCollecting(machine));
        Assert.Equal(0, machine.ExitStatus);
    }

    [Fact]
    public void A_page_fault_in_the_kernel_that_nobody_expects_is_a_panic()
    {
        LinuxMachine machine = Load(a => Guest.Call(a, 39));
        Guest.RunTo(machine, "do_syscall_64");
        machine.Processor.Registers.Rip = 0xFFFF_FFFF_9000_0000;
        machine.Run(RunLimits.Instructions(5000));
        Assert.Equal((0, (int)Vector.PageFault, 0xFFFF_FFFF_9000_0000), (machine.Fatal!.Signal, machine.Fatal.Vector, machine.Fatal.FaultAddress));
    }

    [Fact]
    public void A_task_without_a_stack_ends_in_a_double_fault_on_the_stack_of_level_3()
    {
        LinuxMachine machine = Load(a => a.mov(eax, __dword_ptr[0x10]));
        Guest.RunTo(machine, UserSpace.Code64);
        machine.Processor.Registers.WriteMsr(Msr.FredRsp0, KernelLayout.Vmalloc);
        machine.Run(RunLimits.Instructions(5000));
        Assert.Equal((0, (int)Vector.DoubleFault), (machine.Fatal!.Signal, machine.Fatal.Vector));
        ulong top = KernelLayout.ExceptionStackTop(IstIndex.DoubleFault);
        Assert.InRange(machine.Fatal.Registers.Address, top - KernelLayout.PageSize, top);
    }

    [Theory]
    [InlineData(PtRegsOffsets.Cs, 0x1F3ul, 0x1F0), InlineData(PtRegsOffsets.Ip, 0x8000_0000_0000_0000, 0), InlineData(PtRegsOffsets.Flags, 0x3202ul, 0)]
    [InlineData(PtRegsOffsets.Ss, 0x1F3ul, 0x1F0)]
    public void What_ERETU_refuses_is_the_programs_fault(int offset, ulong value, int error)
    {
        LinuxMachine machine = Load(a =>
        {
            a.mov(ebx, 0x5555);
            a.mov(eax, 39);
            a.syscall();
        });
        Guest.RunTo(machine, "do_syscall_64");
        Guest.RunTo(machine, "asm_fred_exit_user");
        Guest.Poke(machine, machine.Processor.Registers[Gpr.Rsp] + (ulong)offset, value);
        machine.Run(RunLimits.Instructions(5000));
        Assert.Equal((SignalNumbers.SIGSEGV, (int)Vector.GeneralProtection, (ulong)error), (machine.Fatal?.Signal, machine.Fatal!.Vector, machine.Fatal.ErrorCode));
        Assert.Equal((value, 0x5555ul), (machine.Fatal.Registers[offset], machine.Fatal.Registers[PtRegsOffsets.Bx]));
        Assert.Equal(ulong.MaxValue, machine.Fatal.Registers[PtRegsOffsets.OrigAx]);
    }

    [Fact]
    public void A_handler_runs_and_returns_to_where_the_fault_was()
    {
        LinuxMachine machine = Run(a =>
        {
            const int ip = 40 + 16 * 8, lengthOfLoad = 3;
            Install(a, SignalNumbers.SIGSEGV, () => a.add(__qword_ptr[rdx + ip], lengthOfLoad));
            a.mov(ebx, 5);
            a.mov(ecx, 6);
            a.xor(esi, esi);
            a.mov(eax, __dword_ptr[rsi + 0x10]);
            a.add(ebx, ecx);
            a.Exit64(ebx);
        });
        Assert.Equal(11, machine.ExitStatus);
    }

    [Fact]
    public void A_single_step_traps_once_for_each_instruction_a_SYSCALL_and_the_return_of_the_handler_included()
    {
        LinuxMachine machine = Run(a =>
        {
            const int ip = 40 + 16 * 8;
            Install(a, SignalNumbers.SIGTRAP, () =>
            {
                // Keeps the low bytes of the addresses at which it was called.
                a.mov(rax, __qword_ptr[rdx + ip]);
                a.mov(ecx, __dword_ptr[D]);
                a.inc(__dword_ptr[D]);
                a.mov(__byte_ptr[rcx + (long)D + 0x10], al);
            });
            a.pushfq();
            a.or(__dword_ptr[rsp], (int)Rflags.TF);
            a.popfq();
            a.mov(eax, 39);
            a.syscall();
            a.nop();
            a.pushfq();
            a.and(__dword_ptr[rsp], ~(int)Rflags.TF);
            a.popfq();
            a.xor(ebx, ebx);
            a.Exit64(ebx);
        });
        Assert.Equal(0, machine.ExitStatus);
        byte[] seen = Bytes(machine, 0, 0x20);
        Assert.Equal(6, seen[0]);
        Assert.Equal([5, 2, 1, 1, 7], Enumerable.Range(0, 5).Select(i => i == 0 ? 5 : seen[0x10 + i] - seen[0x10 + i - 1]));
    }

    [Theory, InlineData("emulate"), InlineData("xonly")]
    public void The_vsyscall_page_is_emulated(string mode)
    {
        LinuxMachine machine = Run(a =>
        {
            VsyscallGuest.Call(a, VsyscallGuest.Time);
            a.mov(__qword_ptr[D], rax);
            a.xor(ebx, ebx);
            a.Exit64(ebx);
        }, "vsyscall=" + mode);
        Assert.Equal((0, machine.Kernel.ReleaseTime), (machine.ExitStatus, BitConverter.ToInt64(Bytes(machine, 0, 8))));
    }

    [Fact]
    public void The_timer_interrupts_a_program_and_an_idle_kernel()
    {
        const int nanosleep = 35;
        LinuxMachine machine = Load(a =>
        {
            a.mov(__qword_ptr[D], 0);
            a.mov(__qword_ptr[D + 8], 5_000_000);
            Guest.Call(a, nanosleep, D, 0);
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.jmp(again);
        });
        Guest.RunTo(machine, TimerInterrupt.Symbol);
        FredEvent asleep = EventOf(machine);
        Assert.Equal((FredEventType.External, TimerInterrupt.Vector, 0ul), (asleep.Type, asleep.Vector, asleep.CodeWord & 3));
        machine.Run(RunLimits.Instructions(1));
        var stop = new StopAtSymbol(machine.AddressOf(TimerInterrupt.Symbol));
        RunResult result = machine.Run(RunLimits.Instructions(50_000_000), ref stop);
        Assert.True(result.Reason == StopReason.Trace, result.Message);
        Assert.Equal((FredEventType.External, 3ul), (EventOf(machine).Type, EventOf(machine).CodeWord & 3));
    }

    [Fact]
    public void Another_interrupt_is_acknowledged_and_nothing_else_happens()
    {
        LinuxMachine machine = Load(a =>
        {
            a.nop();
            a.mov(ebx, 9);
            a.Exit64(ebx);
        });
        Guest.RunTo(machine, UserSpace.Code64);
        machine.Processor.Interrupts.Schedule(0x55, machine.Processor.Clock);
        Guest.RunTo(machine, "common_interrupt");
        machine.Run(RunLimits.Instructions(5000));
        Assert.Equal(9, machine.ExitStatus);
    }

    [Fact]
    public void Each_task_has_its_own_stack_and_its_own_base_of_GS()
    {
        const int archPrctl = 158, setGs = 0x1001, fork = 57, wait4 = 61;
        LinuxMachine machine = Load(a =>
        {
            Label child = a.CreateLabel();
            Guest.Call(a, archPrctl, setGs, D + 0x100);
            Guest.Call(a, fork);
            a.test(eax, eax);
            a.je(child);
            Guest.Call(a, wait4, ulong.MaxValue, D + 0x10, 0, 0);
            a.mov(__dword_ptr[D + 0x100], 5);
            a.mov(ebx, __dword_ptr.gs[0]);
            a.add(bl, __[D + 0x11]);
            a.Exit64(ebx);
            a.Label(ref child);
            Guest.Call(a, archPrctl, setGs, D + 0x200);
            a.mov(__dword_ptr[D + 0x200], 3);
            Guest.Call(a, 24);
            a.mov(ebx, __dword_ptr.gs[0]);
            a.Exit64(ebx);
        });
        var stacks = new HashSet<(ulong, ulong)>();
        var watch = new StackWatch(machine, stacks);
        machine.Run(RunLimits.Instructions(300_000), ref watch);
        Assert.Equal(8, machine.ExitStatus);
        Assert.Equal(2, stacks.Count);
        Assert.All(stacks, entry => Assert.Equal(entry.Item1, entry.Item2));
    }

    [Fact]
    public void A_switch_to_another_task_loads_its_selector_of_GS_by_LKGS()
    {
        const int setThreadArea = 243, fork = 2, waitpid = 7, yield = 158;
        LinuxMachine machine = Load(a =>
        {
            Label child = a.CreateLabel();
            a.mov(__dword_ptr[D32], -1);
            a.mov(__dword_ptr[D32 + 4], D32 + 0x100);
            a.mov(__dword_ptr[D32 + 8], 0xFFF);
            a.mov(__dword_ptr[D32 + 12], 0x51);
            Call32(a, setThreadArea, D32);
            a.mov(eax, __dword_ptr[D32]);
            a.lea(eax, __[eax * 8 + 3]);
            a.mov(gs, eax);
            a.mov(__dword_ptr[D32 + 0x100], 6);
            Call32(a, fork);
            a.test(eax, eax);
            a.je(child);
            Call32(a, waitpid, uint.MaxValue, 0, 0);
            a.mov(ebx, __dword_ptr.gs[0]);
            a.mov(eax, 252);
            a.@int(unchecked((sbyte)0x80));
            a.Label(ref child);
            a.xor(eax, eax);
            a.mov(gs, eax);
            Call32(a, yield);
            Call32(a, 252, 0);
        }, 32);
        Assert.Contains(Mnemonic.Lkgs, Guest.RunCollecting(machine));
        Assert.Equal(6, machine.ExitStatus);
    }

    [Fact]
    public void A_run_that_is_cut_at_random_moments_ends_alike()
    {
        string end = Guest.AssertGoesOnAlike(
            () => Load(a =>
            {
                const int ip = 40 + 16 * 8, lengthOfLoad = 3;
                Install(a, SignalNumbers.SIGSEGV, () => a.add(__qword_ptr[rdx + ip], lengthOfLoad));
                a.xor(esi, esi);
                a.mov(eax, __dword_ptr[rsi + 0x10]);
                a.mov(__qword_ptr[D + 0x80], 0);
                a.mov(__qword_ptr[D + 0x88], 100_000);
                Guest.Call(a, 35, D + 0x80, 0);
                a.lea(rsi, __[rsp - 0x20000]);
                Guest.Call(a, 228, 1);
                a.mov(ebx, 4);
                a.Exit64(ebx);
            }),
            machine =>
            {
                machine.Run(RunLimits.Instructions(200_000));
                return $"{machine.ExitStatus} {machine.Processor.Clock} {machine.Processor.InstructionCount} {machine.Fatal?.Title}";
            }, seed: 3, moments: 12);
        Assert.StartsWith("4 ", end, StringComparison.Ordinal);
    }

    private static LinuxMachine Boot() => Guest.Boot(Cpus.PantherLake, "fred=on", kernel: Kernels.Linux_6_12);

    private static LinuxMachine Load(Action<Assembler> program, int bitness = 64, string options = "") =>
        Guest.Load(program, bitness, Cpus.PantherLake, ("fred=on " + options).Trim(), kernel: Kernels.Linux_6_12);

    private static LinuxMachine Run(Action<Assembler> program, string options = "")
    {
        LinuxMachine machine = Load(program, options: options);
        RunResult result = machine.Run(RunLimits.Instructions(200_000));
        Assert.True(machine.IsOver, result.Message);
        return machine;
    }

    /// <summary>A call by the program's own stub, with registers that tell themselves; HLT ends the program.</summary>
    private static LinuxMachine Sysenter(Action<Assembler> call)
    {
        LinuxMachine machine = Load(a =>
        {
            Label stub = a.CreateLabel();
            foreach ((AssemblerRegister32 register, int value) in (ReadOnlySpan<(AssemblerRegister32, int)>)
                [(ebx, 0xB0), (ecx, 0xC0), (edx, 0xD0), (ebp, 0x50), (esi, 0xE0), (edi, 0xF0)])
            {
                a.mov(register, value);
            }

            call(a);
            a.call(stub);
            a.hlt();
            a.Label(ref stub);
            a.push(ecx);
            a.push(edx);
            a.push(ebp);
            a.mov(ebp, esp);
            a.sysenter();
        }, 32);
        List<Mnemonic> executed = Guest.RunCollecting(machine);
        Assert.Contains(Mnemonic.Eretu, executed);
        Assert.Equal((int)Vector.GeneralProtection, machine.Fatal!.Vector);
        return machine;
    }

    private static void Call32(Assembler a, int number, params uint[] arguments)
    {
        AssemblerRegister32[] registers = [ebx, ecx, edx];
        for (int i = 0; i < arguments.Length; i++)
            a.mov(registers[i], arguments[i]);
        a.mov(eax, number);
        SystemCallPathTests.Int80(a);
    }

    /// <summary>Installs a handler with SA_SIGINFO, whose body finds the context in RDX.</summary>
    private static void Install(Assembler a, int signal, Action body)
    {
        Label handler = a.CreateLabel(), restorer = a.CreateLabel(), over = a.CreateLabel();
        a.jmp(over);
        a.Label(ref handler);
        body();
        a.ret();
        a.Label(ref restorer);
        a.mov(eax, 15);
        a.syscall();
        a.Label(ref over);
        VsyscallGuest.Install(a, signal, handler, restorer);
    }

    private static FredEvent EventOf(LinuxMachine machine) => machine.ReadFredEvent(machine.Processor.Registers[Gpr.Rdi])!;

    private static byte[] Bytes(LinuxMachine machine, ulong offset, int count)
    {
        byte[] bytes = new byte[count];
        Assert.True(machine.Memory.TryRead(D + offset, bytes));
        return bytes;
    }

    private readonly struct StopAtSymbol(ulong address) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction) => processor.Registers.Rip != address;

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }

    /// <summary>At each return to user mode: where the next event will begin, and where it should.</summary>
    private readonly struct StackWatch(LinuxMachine machine, HashSet<(ulong, ulong)> stacks) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (instruction.Mnemonic == Mnemonic.Eretu)
                stacks.Add((processor.Registers.ReadMsr(Msr.FredRsp0), machine.Tasks.Current[TaskLayout.TopOfStack] + machine.Kernel.Traits.StackPadding));
            return true;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
