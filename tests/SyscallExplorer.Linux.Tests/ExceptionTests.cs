using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Exceptions of user and kernel origin, through the kernel's own entry and exit code.</summary>
public sealed class ExceptionTests
{
    public static TheoryData<string, int, int> FatalPrograms() => new()
    {
        { "divide", SignalNumbers.SIGFPE, (int)Vector.DivideError },
        { "step", SignalNumbers.SIGTRAP, (int)Vector.Debug },
        { "breakpoint", SignalNumbers.SIGTRAP, (int)Vector.Breakpoint },
        { "undefined", SignalNumbers.SIGILL, (int)Vector.InvalidOpcode },
        { "privileged", SignalNumbers.SIGSEGV, (int)Vector.GeneralProtection },
        { "stack", SignalNumbers.SIGBUS, (int)Vector.StackFault },
        { "unmapped", SignalNumbers.SIGSEGV, (int)Vector.PageFault },
        { "kernel", SignalNumbers.SIGSEGV, (int)Vector.PageFault },
        { "code", SignalNumbers.SIGSEGV, (int)Vector.PageFault },
        { "data", SignalNumbers.SIGSEGV, (int)Vector.PageFault },
        { "gate", SignalNumbers.SIGSEGV, (int)Vector.GeneralProtection },
    };

    [Theory]
    [MemberData(nameof(FatalPrograms))]
    public void A_fatal_exception_ends_in_a_report_with_registers_and_disassembly(string program, int signal, int vector)
    {
        foreach (string options in (string[])["pti=on", "pti=off"])
        {
            LinuxMachine machine = Guest.Run(a => Write(a, program), commandLine: options);
            FatalReport report = Assert.IsType<FatalReport>(machine.Fatal);
            Assert.Equal(signal, report.Signal);
            Assert.Equal(vector, report.Vector);
            Assert.Equal(0x5555ul, report.Registers[PtRegsOffsets.Bx]);
            Assert.Equal(ulong.MaxValue, report.Registers[PtRegsOffsets.OrigAx]);
            Assert.Contains(report.Disassembly, line => line.IsCurrent);
            Assert.Contains(SignalNumbers.Name(signal), report.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_exception_without_an_error_code_reports_none()
    {
        LinuxMachine machine = Guest.Run(a => a.ud2());
        Assert.Equal(0ul, machine.Fatal!.ErrorCode);
        Assert.Contains("#UD at", machine.Fatal.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_fault_reports_its_address_and_kind()
    {
        LinuxMachine machine = Guest.Run(a => a.mov(__dword_ptr[0x1234], 1));
        Assert.Equal(0x1234ul, machine.Fatal!.FaultAddress);
        Assert.Contains("user write, not mapped", machine.Fatal.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Int_n_to_a_gate_of_the_kernel_faults_at_the_instruction_with_the_vector_in_the_error_code()
    {
        LinuxMachine machine = Guest.Run(a => a.@int(14));
        Assert.Equal((int)Vector.GeneralProtection, machine.Fatal!.Vector);
        Assert.Equal(14ul * 8 + 2, machine.Fatal.ErrorCode);
        Assert.Equal(UserSpace.Code64, machine.Fatal.Registers[PtRegsOffsets.Ip]);
    }

    [Fact]
    public void A_page_of_the_stack_comes_when_it_is_touched_and_the_program_does_not_notice()
    {
        LinuxMachine machine = Guest.Run(a =>
        {
            a.mov(eax, __dword_ptr[rsp - 0x10000]);
            a.mov(__dword_ptr[rsp - 0x20000], 7);
            a.add(eax, __dword_ptr[rsp - 0x20000]);
            a.Exit64(eax);
        });
        Assert.Equal(7, machine.ExitStatus);
    }

    [Fact]
    public void A_page_fault_in_the_kernel_that_nobody_expects_is_a_panic_with_a_report()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, 39);
            a.syscall();
        });
        Guest.Poke(machine, KernelLayout.SysCallTable + 39 * 8, 0xFFFF_FFFF_9000_0000);
        machine.Run(RunLimits.Instructions(5000));
        Assert.Equal(0, machine.Fatal!.Signal);
        Assert.Equal((int)Vector.PageFault, machine.Fatal.Vector);
        Assert.Equal(0xFFFF_FFFF_9000_0000, machine.Fatal.FaultAddress);
        Assert.Contains("Kernel panic", machine.Fatal.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_entry_stack_ends_in_a_double_fault_on_its_own_stack()
    {
        LinuxMachine machine = Guest.Load(a => a.ud2());
        Guest.RunTo(machine, UserSpace.Code64);
        machine.Processor.Bus.Ram.WriteUInt64(KernelLayout.PerCpuPhysical + PerCpuOffsets.Tss + TaskStateSegment.Rsp0, KernelLayout.Vmalloc);
        machine.Run(RunLimits.Instructions(5000));
        Assert.Equal((int)Vector.DoubleFault, machine.Fatal!.Vector);
        Assert.Equal(0, machine.Fatal.Signal);
        Assert.InRange(machine.Fatal.Registers.Address, KernelLayout.ExceptionStackTop(1) - KernelLayout.PageSize, KernelLayout.ExceptionStackTop(1));
    }

    [Fact]
    public void A_fault_of_iret_itself_is_the_programs_fault()
    {
        const ulong rubbish = 0x1F0;
        foreach (string options in (string[])["pti=on", "pti=off"])
        {
            LinuxMachine machine = Guest.Load(a =>
            {
                a.mov(ebx, 0x5555);
                a.mov(eax, 39);
                a.syscall();
            }, commandLine: options);
            Guest.RunTo(machine, "do_syscall_64");
            Guest.Poke(machine, machine.Processor.Registers[Gpr.Rsi] + PtRegsOffsets.Cs, rubbish | 3);
            machine.Run(RunLimits.Instructions(5000));
            Assert.Equal(SignalNumbers.SIGSEGV, machine.Fatal?.Signal);
            Assert.Equal((int)Vector.GeneralProtection, machine.Fatal!.Vector);
            Assert.Equal(rubbish, machine.Fatal.ErrorCode);
            Assert.Equal(rubbish | 3, machine.Fatal.Registers[PtRegsOffsets.Cs]);
            Assert.Equal(0x5555ul, machine.Fatal.Registers[PtRegsOffsets.Bx]);
        }
    }

    [Fact]
    public void A_program_that_is_over_stays_over()
    {
        LinuxMachine machine = Guest.Run(a => a.ud2());
        long clock = machine.Processor.Clock;
        RunResult again = machine.Run(RunLimits.Instructions(100));
        Assert.Equal(0, again.Instructions);
        Assert.Equal(clock, machine.Processor.Clock);
        Assert.Contains("SIGILL", again.Message, StringComparison.Ordinal);
    }

    private static void Write(Assembler a, string program)
    {
        a.mov(ebx, 0x5555);
        switch (program)
        {
            case "divide":
                a.xor(ecx, ecx);
                a.div(ecx);
                break;
            case "step":
                a.pushfq();
                a.or(__qword_ptr[rsp], (int)Rflags.TF);
                a.popfq();
                a.nop();
                a.nop();
                break;
            case "breakpoint":
                a.int3();
                a.nop();
                break;
            case "undefined":
                a.ud2();
                break;
            case "privileged":
                a.hlt();
                break;
            case "stack":
                a.mov(rsp, 0x8000_0000_0000_0000);
                a.push(rax);
                break;
            case "unmapped":
                a.mov(eax, __dword_ptr[0x10]);
                break;
            case "kernel":
                a.mov(rax, KernelLayout.DirectMap);
                a.mov(eax, __dword_ptr[rax]);
                break;
            case "code":
                a.mov(__byte_ptr[UserSpace.Code64], 0);
                break;
            case "data":
                a.mov(eax, (uint)UserSpace.Data64);
                a.mov(__dword_ptr[rax], 0xC3);
                a.jmp(rax);
                break;
            case "gate":
                a.@int(13);
                break;
        }
    }
}
