using System.Text;
using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>ELF programs in memory and at their first instruction. System V ABI, Process Initialization; fs/binfmt_elf.c for the order of the vector.</summary>
public sealed class ElfExecutionTests
{
    private const string Path = "./dir/tool";
    private static readonly string[] s_arguments = ["tool", "", "zwölf"];
    private static readonly string[] s_environment = ["HOME=/", "A=b c"];

    public static TheoryData<int, int> Kinds() => new() { { 64, 2 }, { 32, 2 }, { 64, 3 }, { 32, 3 } };

    private static ElfProgram Program(Action<Assembler> write, int bitness = 64, int type = 2, int? stack = 6) =>
        new(ElfFile.Parse(ElfImage.Program(write, bitness, stack, type).ToBytes()), Path, s_arguments, s_environment);

    private static LinuxMachine Load(ElfProgram program, CpuModel? cpu = null, ulong seed = 0)
    {
        LinuxMachine machine = Guest.Boot(cpu, "norandmaps", seed);
        machine.Load(program);
        return machine;
    }

    private static LinuxMachine Run(ElfProgram program)
    {
        LinuxMachine machine = Load(program);
        machine.Run(RunLimits.Instructions(100_000));
        Assert.True(machine.IsOver);
        return machine;
    }

    private static void Exit(Assembler a, int bitness, AssemblerRegister32 status)
    {
        if (bitness == 64)
        {
            a.Exit64(status);
            return;
        }

        a.mov(ebx, status);
        a.mov(eax, 252);
        SystemCallPathTests.Int80(a);
    }

    /// <summary>Stops where the program begins.</summary>
    private static LinuxMachine Begin(ElfProgram program, CpuModel? cpu = null, ulong seed = 0)
    {
        LinuxMachine machine = Load(program, cpu, seed);
        while (machine.Processor.CurrentPrivilegeLevel == 0)
            machine.Run(RunLimits.Instructions(1));
        return machine;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_stack_holds_arguments_environment_and_the_auxiliary_vector(int bitness, int type)
    {
        ElfProgram program = Program(a => a.nop(), bitness, type);
        LinuxMachine machine = Begin(program, seed: 5);
        int word = bitness / 8;
        ulong pointer = machine.Processor.Registers[Gpr.Rsp];
        Assert.Equal(0ul, pointer % 16);
        ulong Word(ulong index) => ReadWord(machine, pointer + index * (ulong)word, word);
        Assert.Equal(3ul, Word(0));
        Assert.Equal(s_arguments, new ulong[] { 1, 2, 3 }.Select(i => Text(machine, Word(i))));
        Assert.Equal(0ul, Word(4));
        Assert.Equal(s_environment, new ulong[] { 5, 6 }.Select(i => Text(machine, Word(i))));
        Assert.Equal(0ul, Word(7));

        var vector = new Dictionary<ulong, ulong>();
        for (ulong i = 8; Word(i) != 0; i += 2)
            vector.Add(Word(i), Word(i + 1));
        ulong bias = machine.Processor.Registers.Rip - program.File.EntryPoint;
        Assert.Equal(type == 3, bias != 0);
        ulong first = program.File.Segments[0].Address + bias;
        Assert.Equal(first + (ulong)(bitness == 64 ? 64 : 52), vector[3]);
        Assert.Equal((ulong)(bitness == 64 ? 56 : 32), vector[4]);
        Assert.Equal(3ul, vector[5]);
        Assert.Equal([4096ul, 0ul, 0ul, program.File.EntryPoint + bias], new ulong[] { vector[6], vector[7], vector[8], vector[9] });
        Assert.Equal([1000ul, 1000ul, 1000ul, 1000ul, 0ul], new ulong[] { vector[11], vector[12], vector[13], vector[14], vector[23] });
        Assert.Equal(bitness == 64 ? "x86_64" : "i686", Text(machine, vector[15]));
        Assert.Equal(machine.Processor.Model.Cpuid(1, 0).Edx, vector[16]);
        Assert.Equal(100ul, vector[17]);
        Assert.Equal(machine.Features.Contains(KernelFeature.Fsgsbase) ? 2ul : 0, vector[26]);
        Assert.Equal(Path, Text(machine, vector[31]));
        Assert.Equal(bitness == 32, vector.TryGetValue(32, out ulong stub));
        Assert.Equal(bitness == 32 ? vector[33] + machine.Vdso.Narrow!.OffsetOf("__kernel_vsyscall") : 0, stub);
        Assert.Equal("\u007fELF", Encoding.ASCII.GetString(Bytes(machine, vector[33], 4)));
        byte[] random = Bytes(machine, vector[25], 16);
        Assert.NotEqual(new byte[16], random);
        Assert.Equal(random, Bytes(Begin(program, seed: 5), vector[25], 16));
        Assert.NotEqual(random, Bytes(Begin(program, seed: 6), vector[25], 16));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Registers_are_clear_at_the_first_instruction(int bitness, int type)
    {
        ProcessorRegisters registers = Begin(Program(a => a.nop(), bitness, type)).Processor.Registers;
        foreach (Gpr register in Enum.GetValues<Gpr>().Where(register => register != Gpr.Rsp))
            Assert.Equal(0ul, registers[register]);
        Assert.Equal(bitness == 64 ? Selectors.UserCs : Selectors.User32Cs, registers[SegmentName.CS].Selector);
        Assert.Equal(Selectors.UserDs, registers[SegmentName.SS].Selector);
        Assert.Equal(bitness == 64 ? 0 : Selectors.UserDs, registers[SegmentName.DS].Selector);
        Assert.Equal([0, 0], new[] { registers[SegmentName.FS].Selector, registers[SegmentName.GS].Selector });
        Assert.Equal(Rflags.Fixed | Rflags.IF, registers.Flags);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Data_comes_from_the_file_and_zeroes_follow_it(int bitness, int type)
    {
        var image = new ElfImage(bitness) { Base = type == 3 ? 0ul : bitness == 64 ? 0x40_0000ul : 0x0804_8000ul };
        ElfProgram program = Program(a => a.nop(), bitness, type);
        LinuxMachine machine = Begin(program);
        ulong bias = machine.Processor.Registers.Rip - program.File.EntryPoint;
        Assert.Equal("ABCDEFGH", Encoding.ASCII.GetString(Bytes(machine, image.Data + bias, 8)));
        Assert.All(Bytes(machine, image.ZeroedData + bias, (int)(ElfImage.DataSize - ElfImage.DataInFile)), value => Assert.Equal(0, value));
        Assert.Null(machine.Memory.AreaOf(image.Data + bias + ElfImage.DataSize));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Code_is_not_writable(int bitness, int type)
    {
        LinuxMachine machine = Run(Program(a =>
        {
            Label here = a.CreateLabel();
            a.call(here);
            a.Label(ref here);
            if (bitness == 64)
            {
                a.pop(rax);
                a.mov(__byte_ptr[rax], 0);
            }
            else
            {
                a.pop(eax);
                a.mov(__byte_ptr[eax], 0);
            }
        }, bitness, type));
        Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
    }

    [Theory]
    [InlineData(64, 6, false)]
    [InlineData(64, 7, true)]
    [InlineData(64, null, false)]
    [InlineData(32, 6, false)]
    [InlineData(32, 7, true)]
    [InlineData(32, null, true)]
    public void The_stack_is_executable_when_the_file_asks_for_it_and_where_a_32_bit_one_says_nothing(int bitness, int? flags, bool executable)
    {
        LinuxMachine machine = Run(Program(a =>
        {
            const uint retWithStatus = 0xC3_07_B0;
            if (bitness == 64)
            {
                a.mov(__dword_ptr[rsp - 16], retWithStatus);
                a.lea(rcx, __[rsp - 16]);
                a.call(rcx);
            }
            else
            {
                a.mov(__dword_ptr[esp - 16], retWithStatus);
                a.lea(ecx, __[esp - 16]);
                a.call(ecx);
            }

            Exit(a, bitness, eax);
        }, bitness, stack: flags));
        Assert.Equal(executable ? null : SignalNumbers.SIGSEGV, machine.Signal);
        Assert.Equal(executable ? 7 : null, machine.ExitStatus);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Without_randomisation_the_heap_begins_behind_the_program_wherever_that_is(int bitness, int type)
    {
        LinuxMachine machine = Load(Program(a => a.nop(), bitness, type));
        ulong expected = (bitness, type) switch { (64, 2) => 0x40_7000, (32, 2) => 0x0804_F000, (64, _) => UserSpace.MmapTop64, _ => UserSpace.KernelVsyscallPage + 2 * 4096 };
        Assert.Equal(expected, machine.Memory.Map.BreakStart);
    }

    [Fact]
    public void A_segment_where_the_kernel_has_something_is_refused()
    {
        byte[] bytes = ElfImage.Program(a => a.nop(), 32).Header(ElfImage.PtLoad, 4, 0, UserSpace.Limit32 - 4096, 16, 16).ToBytes();
        var error = Assert.Throws<ElfFormatException>(() => Load(new ElfProgram(ElfFile.Parse(bytes), "/a")));
        Assert.Contains("where the kernel has [stack]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_segment_lies_over_an_earlier_one()
    {
        byte[] bytes = ElfImage.Program(a => a.nop()).Header(ElfImage.PtLoad, 6, 0x3000, 0x40_0000, 0x20, 0x20).ToBytes();
        LinuxMachine machine = Load(new ElfProgram(ElfFile.Parse(bytes), "/a"));
        Assert.Equal("ABCDEFGH", Encoding.ASCII.GetString(Bytes(machine, 0x40_0000, 8)));
        Assert.Equal(0x90, Bytes(machine, 0x40_1000, 1)[0]);
    }

    [Fact]
    public void A_program_that_starts_where_it_has_nothing_faults()
    {
        byte[] bytes = ElfImage.Program(a => a.nop()).ToBytes();
        ElfImage.Put32(bytes, 24, 0x10);
        Assert.Equal(SignalNumbers.SIGSEGV, Run(new ElfProgram(ElfFile.Parse(bytes), "/a")).Signal);
    }

    private static ulong ReadWord(LinuxMachine machine, ulong address, int word)
    {
        byte[] bytes = new byte[8];
        Assert.True(machine.Memory.TryRead(address, bytes.AsSpan(0, word)));
        return BitConverter.ToUInt64(bytes);
    }

    private static byte[] Bytes(LinuxMachine machine, ulong address, int count)
    {
        byte[] bytes = new byte[count];
        Assert.True(machine.Memory.TryRead(address, bytes));
        return bytes;
    }

    private static string Text(LinuxMachine machine, ulong address) => Encoding.UTF8.GetString(machine.Memory.TryReadString(address, 100)!);
}
