using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Every 32-bit generation by every way into it that a processor has.</summary>
public sealed class I386MatrixTests
{
    private const uint Marker = 0x1122_3300;
    private const int Vector = 0x80;

    public static TheoryData<string, string, string, bool> Rows()
    {
        var rows = new TheoryData<string, string, string, bool>();
        foreach (KernelGeneration kernel in Kernels.I386)
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.PentiumIII, Cpus.Core2, Cpus.K8, Cpus.Haswell, Cpus.Zen2])
            {
                foreach (string options in kernel.Traits.Version >= new Version(4, 15) ? (string[])["pti=on", "pti=off"] : [""])
                {
                    rows.Add(kernel.Name, cpu.Name, options, true);
                    rows.Add(kernel.Name, cpu.Name, options, false);
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Getpid_answers_and_leaves_the_registers_as_they_were(string kernel, string cpu, string options, bool sysenter)
    {
        (PtRegs end, Mnemonic exit) = Round(kernel, cpu, options, a => Enter(a, sysenter, 20));
        Assert.Equal((ulong)TaskIdentity.Pid, end[PtRegsOffsets.Ax]);
        foreach ((int offset, uint index) in (ReadOnlySpan<(int, uint)>)[(PtRegsOffsets.Cx, 1), (PtRegsOffsets.Dx, 2), (PtRegsOffsets.Bx, 3),
            (PtRegsOffsets.Bp, 5), (PtRegsOffsets.Si, 6), (PtRegsOffsets.Di, 7)])
        {
            Assert.True(Marker + index == end[offset], $"{PtRegs.FieldNames[offset / 8]}: {end[offset]:x}.");
        }

        Assert.Equal(sysenter ? Mnemonic.Sysexit : Mnemonic.Iretd, exit);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_bad_number_is_enosys(string kernel, string cpu, string options, bool sysenter)
    {
        foreach (int number in (int[])[Kernels.Find(kernel).Traits.Ia32NrSyscalls, -2, int.MinValue, -1])
            Assert.Equal(-Errno.ENOSYS, (int)Round(kernel, cpu, options, a => Enter(a, sysenter, number)).End[PtRegsOffsets.Ax]);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_call_gets_all_six_arguments(string kernel, string cpu, string options, bool sysenter)
    {
        // FUTEX_CMP_REQUEUE compares a word, which is zero, with the sixth argument.
        Assert.Equal(0, (int)Requeue(0).End[PtRegsOffsets.Ax]);
        Assert.Equal(-Errno.EAGAIN, (int)Requeue(7).End[PtRegsOffsets.Ax]);

        (PtRegs End, Mnemonic Exit) Requeue(int sixth) => Round(kernel, cpu, options, a =>
        {
            const int compareRequeue = 4, futex = 240;
            int[] arguments = [(int)UserSpace.Data32, compareRequeue, 1, 1, (int)UserSpace.Data32 + 64, sixth];
            AssemblerRegister32[] registers = [ebx, ecx, edx, esi, edi, ebp];
            for (int i = 0; i < arguments.Length; i++)
                a.mov(registers[i], arguments[i]);
            Enter(a, sysenter, futex);
        });
    }

    /// <summary>The stub of the kernel is the only thing that enters so, hence a stack pointer that does not lead to its words.</summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void A_sixth_argument_that_cannot_be_read_is_efault(string kernel, string cpu, string options, bool sysenter)
    {
        if (!sysenter)
            return;
        foreach (uint place in (uint[])[0x10, 0xBFFF_FFFE, 0xC000_0000, 0xFFFF_FFFC])
        {
            LinuxMachine machine = Start(kernel, cpu, options, a =>
            {
                a.mov(eax, 20);
                a.mov(ebp, place);
                a.sysenter();
            });
            Guest.RunTo(machine, UserSpace.NativeKernelVsyscallPage + machine.Vdso.Narrow!.LandingPad);
            Assert.Equal(-Errno.EFAULT, (int)machine.Processor.Registers[Gpr.Rax]);
        }
    }

    private static void Enter(Assembler a, bool sysenter, int number)
    {
        a.mov(eax, number);
        if (sysenter)
            a.call(UserSpace.NativeKernelVsyscall);
        else
            a.@int(unchecked((sbyte)Vector));
    }

    private static LinuxMachine Start(string kernel, string cpu, string options, Action<Assembler> program) =>
        Guest.Load(program, 32, Cpus.Find(cpu), options, kernel: Kernels.Find(kernel));

    /// <summary>A call between a program's registers filled with markers and the HLT that ends it.</summary>
    private static (PtRegs End, Mnemonic Exit) Round(string kernel, string cpu, string options, Action<Assembler> call)
    {
        LinuxMachine machine = Start(kernel, cpu, options, a =>
        {
            foreach ((AssemblerRegister32 register, uint index) in (ReadOnlySpan<(AssemblerRegister32, uint)>)[(ecx, 1), (edx, 2), (ebx, 3), (ebp, 5), (esi, 6), (edi, 7)])
                a.mov(register, Marker + index);
            call(a);
            a.hlt();
        });
        var exits = new List<Mnemonic>();
        var trace = new ExitTrace(exits);
        RunResult result = machine.Run(RunLimits.Instructions(20_000), ref trace);
        Assert.True(machine.Fatal is not null, result.Message);
        Assert.True(machine.Fatal.Signal == SignalNumbers.SIGSEGV, machine.Fatal.Title);
        return (machine.Fatal.Registers, exits[^1]);
    }

    private readonly struct ExitTrace(List<Mnemonic> exits) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (processor.CurrentPrivilegeLevel == 0 && instruction.Mnemonic is Mnemonic.Sysexit or Mnemonic.Iretd or Mnemonic.Iret)
                exits.Add(instruction.Mnemonic);
            return true;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
