using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary><c>ia32_emulation=off</c>, from Linux 6.7 on: no way in for 32-bit code, and no 32-bit programs. Code can still go to a 32-bit segment by itself.</summary>
public sealed class Ia32EmulationTests
{
    private const string Off = "ia32_emulation=off", On = "ia32_emulation=on";
    private const int ExitCode = 7, Getpid = 20;

    public static TheoryData<string, string> Machines()
    {
        var rows = new TheoryData<string, string>();
        foreach (string kernel in (string[])["6.8", "6.12"])
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.Haswell, Cpus.Skylake, Cpus.Core2, Cpus.Zen2, Cpus.Zen4, Cpus.K8])
                rows.Add(kernel, cpu.Name);
        }

        return rows;
    }

    private static LinuxMachine Load(string kernel, string cpu, Action<Assembler> program, string options = Off, int bitness = 64) =>
        Guest.Load(program, bitness, Cpus.Find(cpu), options, kernel: Kernels.Find(kernel));

    [Theory]
    [MemberData(nameof(Machines))]
    public void Int80_from_64_bit_code_is_a_general_protection_fault(string kernel, string cpu)
    {
        LinuxMachine machine = Load(kernel, cpu, a =>
        {
            a.mov(eax, Getpid);
            SystemCallPathTests.Int80(a);
            a.ud2();
        });
        RingExits.Run(machine);
        AssertProtectionFault(machine, UserSpace.Code64 + 5, error: 0x402);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Int80_from_32_bit_code_is_a_general_protection_fault(string kernel, string cpu)
    {
        LinuxMachine machine = Load(kernel, cpu, a => In32BitCode(a, () => SystemCallPathTests.Int80(a)));
        RingExits.Run(machine);
        AssertProtectionFault(machine, address: null, error: 0x402);
        Assert.Equal((ulong)Selectors.User32Cs, machine.Fatal!.Registers[PtRegsOffsets.Cs]);
    }

    /// <summary>AMD has no SYSENTER in long mode at all.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void Sysenter_has_no_segment_to_go_to(string kernel, string cpu)
    {
        LinuxMachine machine = Load(kernel, cpu, a => In32BitCode(a, () => a.db(0x0F, 0x34)));
        RingExits.Run(machine);
        if (Cpus.Find(cpu).HasLongModeSysenter)
            AssertProtectionFault(machine, address: null, error: 0);
        else
            Assert.Equal(SignalNumbers.SIGILL, machine.Signal);
    }

    /// <summary>Intel has no SYSCALL in compatibility mode; on AMD the kernel answers at once, and the stack stays the program's.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void Syscall_of_32_bit_code_is_answered_with_enosys(string kernel, string cpu)
    {
        LinuxMachine machine = Load(kernel, cpu, a => In32BitCode(a, () => a.syscall()));
        List<RingExit> exits = RingExits.Run(machine);
        if (!Cpus.Find(cpu).HasCompatibilitySyscall)
        {
            Assert.Equal(SignalNumbers.SIGILL, machine.Signal);
            return;
        }

        Assert.Equal(Mnemonic.Sysret, exits[^1].By);
        Assert.Equal(-Errno.ENOSYS, (int)machine.Fatal!.Registers[PtRegsOffsets.Ax]);
        Assert.Equal((ulong)Selectors.User32Cs, machine.Fatal.Registers[PtRegsOffsets.Cs]);
        Assert.Equal(exits[^1].To, machine.Fatal.Registers[PtRegsOffsets.Ip]);
        Assert.Equal("#UD", machine.Fatal.Title.Split(": ")[^1].Split(' ')[0]);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Execve_of_a_32_bit_program_is_enoexec(string kernel, string cpu)
    {
        Assert.Equal(-Errno.ENOEXEC, (int)Execute(kernel, cpu, Off).Fatal!.Registers[PtRegsOffsets.Ax]);
        Assert.Equal(ExitCode, Execute(kernel, cpu, On).ExitStatus);
        Assert.Equal(ExitCode, Execute(kernel, cpu, "").ExitStatus);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void The_64_bit_way_is_as_ever(string kernel, string cpu)
    {
        CallInFlight call = CallInFlight.Of(kernel, Cpus.Find(cpu), Way.Syscall, Off);
        RingExit exit = RingExits.Next(call.Machine);
        Assert.Equal((Mnemonic.Sysretq, (ulong)TaskIdentity.Pid), (exit.By, exit.Rax));
    }

    [Fact]
    public void A_machine_refuses_a_32_bit_program_with_the_option_that_forbids_it()
    {
        ElfFormatException error = Assert.Throws<ElfFormatException>(() => Load("6.8", "Skylake", a => a.hlt(), bitness: 32));
        Assert.Contains("ia32_emulation=off", error.Message, StringComparison.Ordinal);
        Assert.Equal(Errno.ENOEXEC, error.Errno);
    }

    [Theory]
    [InlineData("6.1", Off, "it came with Linux 6.7")]
    [InlineData("5.13", On, "it came with Linux 6.7")]
    [InlineData("6.8", "ia32_emulation=of", "Did you mean 'off'?")]
    [InlineData("6.8", "ia32_emulation", "Its values: on, off")]
    public void A_wrong_use_of_the_option_is_a_sentence(string kernel, string options, string part)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Guest.Boot(commandLine: options, kernel: Kernels.Find(kernel)));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private static void AssertProtectionFault(LinuxMachine machine, ulong? address, ulong error)
    {
        Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
        Assert.StartsWith("#GP", machine.Fatal!.Title.Split(": ")[^1], StringComparison.Ordinal);
        Assert.Equal(error, machine.Fatal.ErrorCode);
        if (address is { } expected)
            Assert.Equal(expected, machine.Fatal.Registers[PtRegsOffsets.Ip]);
    }

    /// <summary>A far return into the 32-bit code segment, then an instruction and UD2.</summary>
    private static void In32BitCode(Assembler a, Action instruction)
    {
        Label narrow = a.CreateLabel();
        a.mov(ebx, esp);
        a.push(Selectors.User32Cs);
        a.lea(rax, __[narrow]);
        a.push(rax);
        a.AddInstruction(Instruction.Create(Code.Retfq));
        a.Label(ref narrow);
        a.mov(eax, Getpid);
        instruction();
        a.ud2();
    }

    private static LinuxMachine Execute(string kernel, string cpu, string options)
    {
        const ulong path = UserSpace.Data64;
        const int mode = 0x1ED;
        LinuxMachine machine = Load(kernel, cpu, a =>
        {
            Guest.Call(a, 90, path, mode);
            Guest.Call(a, 59, path, 0, 0);
            a.hlt();
        }, options);
        machine.WriteFile("/narrow", ElfImage.Program(a =>
        {
            a.mov(ebx, ExitCode);
            a.mov(eax, 252);
            SystemCallPathTests.Int80(a);
        }, 32).ToBytes());
        Assert.True(machine.Memory.TryWrite(path, "/narrow\0"u8.ToArray()));
        RingExits.Run(machine, 200_000);
        return machine;
    }
}
