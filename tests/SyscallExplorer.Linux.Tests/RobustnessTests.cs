using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Whatever a program does, the machine ends in an exit, a report or a budget, and its kernel survives.</summary>
public sealed class RobustnessTests
{
    private const int Budget = 20_000;
    private const int Programs = 100;

    private static readonly ulong[] Wild =
    [
        0, 1, 8, 0xFFF, 0x1000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_F000, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF_EFFF, 0x7FFF_FFFF_F000, 0x8000_0000_0000,
        0xFFFF_8000_0000_0000, 0xFFFF_FFFF_FFFF_F000, ulong.MaxValue, UserSpace.Data64, UserSpace.Data64 + UserSpace.DataSize - 3, UserSpace.Code64,
        UserSpace.Data32, UserSpace.Data32 + UserSpace.DataSize - 1, UserSpace.Code32, UserSpace.KernelVsyscall, UserSpace.StackTop64 - 8,
        UserSpace.StackTop32 - 1, KernelLayout.DirectMap, KernelLayout.CpuEntryArea, KernelLayout.Text.Base,
    ];

    public static TheoryData<string, string, int> Kinds() => new()
    {
        { "Skylake", "", 64 },
        { "Skylake", "", 32 },
        { "Zen2", "", 64 },
        { "Zen2", "randomize_kstack_offset=on", 32 },
        { "Haswell", "mitigations=off nofsgsbase", 64 },
        { "Haswell", "nopcid", 32 },
        { "PantherLake", "fred=on", 64 },
        { "PantherLake", "fred=on", 32 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Random_bytes_are_a_program_like_any_other(string cpu, string options, int bitness)
    {
        LinuxMachine booted = Boot(cpu, options);
        var random = new Random(bitness);
        for (int i = 0; i < Programs; i++)
        {
            byte[] code = new byte[random.Next(1, 200)];
            random.NextBytes(code);
            Survive(booted, code, bitness, i);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Random_calls_with_wild_arguments_are_answered(string cpu, string options, int bitness)
    {
        LinuxMachine booted = Boot(cpu, options);
        int[] implemented = [.. Table(bitness).Entries.Where(entry => entry.Abi != "x32" && Kernels.Linux_5_13.HandlerOf(entry, bitness == 32) is not null)
            .Where(entry => !entry.Name.StartsWith("exit", StringComparison.Ordinal)).Select(entry => entry.Number)];
        var random = new Random(1000 + bitness);
        for (int i = 0; i < Programs; i++)
        {
            byte[] code = [.. UserProgram.Assemble(a => WriteCalls(a, random, bitness, implemented), bitness).Code];
            Survive(booted, code, bitness, i);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Flags_and_stacks_of_every_kind_reach_no_kernel_fault(string cpu, string options, int bitness)
    {
        LinuxMachine booted = Boot(cpu, options);
        var random = new Random(2000 + bitness);
        for (int i = 0; i < Programs; i++)
        {
            byte[] code = [.. UserProgram.Assemble(a => WriteOddEntry(a, random, bitness), bitness).Code];
            Survive(booted, code, bitness, i);
        }
    }

    private static LinuxMachine Boot(string cpu, string options) =>
        Guest.Boot(Cpus.Find(cpu), options, kernel: options == "fred=on" ? Kernels.Linux_6_12 : null);

    private static SyscallTable Table(int bitness) => bitness == 64 ? Kernels.Linux_5_13.Table64 : Kernels.Linux_5_13.Table32;

    private static void Survive(LinuxMachine booted, byte[] code, int bitness, int index)
    {
        LinuxMachine machine = booted.Fork();
        machine.Load(UserProgram.FromBytes(code, bitness), "input"u8);
        RunResult result = machine.Run(RunLimits.Instructions(Budget));
        string what = $"program {index}, {Convert.ToHexString(code)}: {result.Reason}, {result.Message}";
        Assert.False(string.IsNullOrEmpty(result.Message), what);
        Assert.True(machine.IsOver || result.Reason is StopReason.InstructionBudget or StopReason.Unsupported, what);
        Assert.False(machine.Processor.Registers.IsShutDown, what);
        Assert.False(machine.Fatal is { Signal: 0 }, what);
        if (result.Reason == StopReason.Unsupported)
            Assert.True(machine.Processor.CurrentPrivilegeLevel == 3, what);
    }

    private static ulong Pick(Random random)
    {
        ulong value = random.Next(4) == 0 ? (ulong)random.NextInt64() : Wild[random.Next(Wild.Length)];
        return random.Next(3) == 0 ? value + (ulong)random.Next(-16, 17) : value;
    }

    private static void WriteCalls(Assembler a, Random random, int bitness, int[] implemented)
    {
        AssemblerRegister64[] registers64 = [rdi, rsi, rdx, r10, r8, r9];
        AssemblerRegister32[] registers32 = [ebx, ecx, edx, esi, edi, ebp];
        for (int call = 0; call < 40; call++)
        {
            for (int i = 0; i < 6; i++)
            {
                ulong value = random.Next(3) == 0 ? (ulong)random.Next(0, 64) : Pick(random);
                if (bitness == 64)
                    a.mov(registers64[i], value);
                else
                    a.mov(registers32[i], (uint)value);
            }

            ulong number = random.Next(8) == 0 ? Pick(random) : random.Next(4) == 0 ? (ulong)random.Next(0, 600) : (ulong)implemented[random.Next(implemented.Length)];
            if (number is 60 or 231 && bitness == 64)
                number = 39;
            if (bitness == 64 && random.Next(8) != 0)
            {
                a.mov(rax, number);
                a.syscall();
            }
            else
            {
                a.mov(eax, (uint)number);
                SystemCallPathTests.Int80(a);
            }
        }
    }

    private static void WriteOddEntry(Assembler a, Random random, int bitness)
    {
        int flags = random.Next() & (int)(Rflags.CF | Rflags.TF | Rflags.DF | Rflags.OF | Rflags.NT | Rflags.AC | Rflags.RF | Rflags.ID | Rflags.IOPL);
        if (random.Next(2) == 0)
            flags &= ~(int)Rflags.TF;
        a.push(flags);
        if (bitness == 64)
            a.popfq();
        else
            a.popfd();
        a.mov(eax, random.Next(0, 300));
        if (random.Next(2) == 0)
        {
            if (bitness == 64)
                a.mov(rsp, Pick(random));
            else
                a.mov(esp, (uint)Pick(random));
        }

        if (bitness == 32)
            a.mov(ebp, (uint)Pick(random));
        switch (random.Next(8))
        {
            case 0:
                a.syscall();
                break;
            case 1 or 2:
                a.sysenter();
                break;
            case 3:
                SystemCallPathTests.Int80(a);
                break;
            case 4:
                a.int3();
                break;
            case 5:
                a.@int((sbyte)random.Next(0, 128));
                break;
            case 6 when bitness == 64:
                a.push(random.Next(0, 256));
                a.push(0x1000);
                a.push((int)Rflags.NT);
                a.push(random.Next(0, 256));
                a.push(0x1000);
                a.iretq();
                break;
            default:
                a.mov(ecx, random.Next(0, 256));
                a.mov(ss, ecx);
                a.syscall();
                break;
        }

        a.ud2();
    }
}
