using System.Buffers.Binary;
using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Programs of the x32 ABI: 64-bit code, 32-bit addresses, and system calls with bit 30 set.</summary>
public sealed class X32ProgramTests
{
    private const int X32 = 0x4000_0000;
    private const int Mmap = 9, Getpid = 39, Kill = 62, ExitGroup = 231, ClockGettime = 228, RtSigaction = 512, RtSigreturn = 513;
    private const int MachineX8664 = 62;
    private const ulong Data = 0x0804_8000 + 0x4000;

    public static TheoryData<string> KernelsWithX32() =>
        [.. Kernels.All.Where(kernel => kernel.Traits.Version >= new Version(4, 4)).Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(KernelsWithX32))]
    public void A_program_has_small_addresses_and_makes_calls(string kernel)
    {
        LinuxMachine machine = Load(kernel, a =>
        {
            a.mov(__qword_ptr[Data], rsp);
            a.mov(eax, __dword_ptr[rsp]);
            a.mov(__dword_ptr[Data + 8], eax);
            Call(a, Getpid);
            a.mov(__qword_ptr[Data + 16], rax);
            a.xor(edi, edi);
            a.mov(esi, 4096);
            a.mov(edx, 3);
            a.mov(r10d, 0x22);
            a.mov(r8, -1);
            a.xor(r9d, r9d);
            Call(a, Mmap);
            a.mov(__qword_ptr[Data + 24], rax);
            a.mov(__qword_ptr[rax], rax);
            a.mov(eax, cs);
            a.mov(__dword_ptr[Data + 32], eax);
            a.mov(eax, ds);
            a.mov(__dword_ptr[Data + 36], eax);
        });
        Assert.Equal(0, Run(machine));
        Assert.InRange(Word(machine, Data), 0x1_0000ul, UserSpace.Limit32);
        Assert.Equal(2ul, Word(machine, Data + 8) & uint.MaxValue);
        Assert.Equal((ulong)TaskIdentity.Pid, Word(machine, Data + 16));
        Assert.InRange(Word(machine, Data + 24), 0x1_0000ul, UserSpace.Limit32);
        Assert.Equal(Selectors.UserCs | ((ulong)Selectors.UserDs << 32), Word(machine, Data + 32));
    }

    [Theory]
    [MemberData(nameof(KernelsWithX32))]
    public void The_auxiliary_vector_has_32_bit_words_and_leads_to_the_image_for_x32(string kernel)
    {
        LinuxMachine machine = Load(kernel, _ => { });
        ReadOnlySpan<byte> vector = machine.Memory.Map.AuxiliaryVector.AsSpan();
        Dictionary<int, uint> values = [];
        for (int at = 0; at < vector.Length; at += 8)
            values[BinaryPrimitives.ReadInt32LittleEndian(vector[at..])] = BinaryPrimitives.ReadUInt32LittleEndian(vector[(at + 4)..]);
        Assert.Equal(4096u, values[AuxiliaryKey.PageSize]);
        Assert.Equal(32u, values[AuxiliaryKey.ProgramHeaderSize]);
        Assert.DoesNotContain(AuxiliaryKey.KernelVsyscall, values.Keys);
        byte[] image = Bytes(machine, values[AuxiliaryKey.Vdso], 20);
        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F', 1], image[..5]);
        Assert.Equal(MachineX8664, image[18]);
    }

    [Theory]
    [MemberData(nameof(KernelsWithX32))]
    public void The_vdso_tells_the_time_without_the_kernel(string kernel)
    {
        Vdso image = Vdso.Of(Kernels.Find(kernel), VdsoAbi.X32);
        LinuxMachine machine = Load(kernel, a =>
        {
            a.mov(edi, ClockIds.Monotonic);
            a.mov(rsi, Data);
            a.mov(eax, __dword_ptr[Data + 0x100]);
            a.add(rax, (int)image.OffsetOf("__vdso_clock_gettime"));
            a.call(rax);
            a.mov(edi, ClockIds.Monotonic);
            a.mov(rsi, Data + 16);
            Call(a, ClockGettime);
        });
        ulong place = Word(machine, machine.Memory.Map.Frame + TaskLayout.MmVdso, physical: true);
        Assert.True(machine.Memory.TryForce(Data + 0x100, BitConverter.GetBytes((uint)place)));
        machine.TraceSystemCalls();
        Assert.Equal(0, Run(machine));
        Assert.InRange(Word(machine, Data + 24), Word(machine, Data + 8) + 1, Word(machine, Data + 8) + 1_000_000);
        Assert.Equal(2, machine.SystemCalls!.ToString().Split('\n').Count(line => line.Contains('(', StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(KernelsWithX32))]
    public void A_handler_finds_the_frame_of_x32_and_its_return_restores_all(string kernel)
    {
        const int usr1 = 10, sigInfo = 4, restorer = 0x0400_0000;
        const int stackPointerInContext = 24 + 15 * 8, pidInInfo = 12;
        LinuxMachine machine = Load(kernel, a =>
        {
            Label handler = a.CreateLabel(), back = a.CreateLabel(), main = a.CreateLabel();
            a.jmp(main);
            a.Label(ref handler);
            a.mov(__qword_ptr[Data + 0x80], rdi);
            a.mov(eax, __dword_ptr[rsi]);
            a.mov(__dword_ptr[Data + 0x88], eax);
            a.mov(eax, __dword_ptr[rsi + pidInInfo]);
            a.mov(__dword_ptr[Data + 0x8C], eax);
            a.mov(rax, __qword_ptr[rdx + stackPointerInContext]);
            a.mov(__qword_ptr[Data + 0x90], rax);
            a.xor(ebx, ebx);
            a.xor(r15d, r15d);
            a.ret();
            a.Label(ref back);
            Call(a, RtSigreturn);

            a.Label(ref main);
            a.lea(rax, __[handler]);
            a.mov(__dword_ptr[Data], eax);
            a.mov(__dword_ptr[Data + 4], sigInfo | restorer);
            a.lea(rax, __[back]);
            a.mov(__dword_ptr[Data + 8], eax);
            a.mov(__qword_ptr[Data + 12], 0);
            a.mov(edi, usr1);
            a.mov(rsi, Data);
            a.xor(edx, edx);
            a.mov(r10d, 8);
            Call(a, RtSigaction);
            a.mov(__qword_ptr[Data + 0x98], rax);
            a.mov(__qword_ptr[Data + 0xA0], rsp);
            a.mov(rbx, 0x1122_3344_5566_7788);
            a.mov(r15, 0x0102_0304_0506_0708);
            a.mov(edi, TaskIdentity.Pid);
            a.mov(esi, usr1);
            Call(a, Kill);
            a.mov(__qword_ptr[Data + 0xA8], rax);
            a.mov(__qword_ptr[Data + 0xB0], rbx);
            a.mov(__qword_ptr[Data + 0xB8], r15);
            a.mov(__qword_ptr[Data + 0xC0], rsp);
        });
        Assert.Equal(0, Run(machine));
        Assert.Equal(0ul, Word(machine, Data + 0x98));
        Assert.Equal((ulong)usr1, Word(machine, Data + 0x80));
        Assert.Equal(usr1 | ((ulong)TaskIdentity.Pid << 32), Word(machine, Data + 0x88));
        Assert.Equal(Word(machine, Data + 0xA0), Word(machine, Data + 0x90));
        Assert.Equal([0ul, 0x1122_3344_5566_7788, 0x0102_0304_0506_0708], new[] { Word(machine, Data + 0xA8), Word(machine, Data + 0xB0), Word(machine, Data + 0xB8) });
        Assert.Equal(Word(machine, Data + 0xA0), Word(machine, Data + 0xC0));
    }

    [Fact]
    public void A_kernel_of_before_x32_refuses_the_file_in_a_sentence()
    {
        ElfFormatException error = Assert.Throws<ElfFormatException>(() => Load(Kernels.Linux_2_6_39.Name, _ => { }));
        Assert.Equal(Errno.ENOEXEC, error.Errno);
        Assert.Contains("is an x32 program, which Linux 2.6.39 does not run", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Linux_2_6_39", -8)]
    [InlineData("Linux_5_13", 0)]
    public void Execve_starts_it_or_answers_ENOEXEC(string kernel, int expected)
    {
        CallScript script = new CallScript(64).Holding(0x100, "/x32\0").Holding(0x110, [.. BitConverter.GetBytes(UserSpace.Data64 + 0x100), .. new byte[8]])
            .Call(59, UserSpace.Data64 + 0x100, UserSpace.Data64 + 0x110, 0);
        LinuxMachine machine = LinuxMachine.Boot(Kernels.Find(kernel), Cpus.Skylake, KernelOptions.Parse(""));
        machine.WriteFile("/x32", File(a => a.mov(__dword_ptr[Data], 7)));
        machine.Vfs.SetMode(machine.Vfs.FindAsOwner("/x32")!.Node, Octal.AllByOwner);
        machine.Load(script.Assemble());
        CallRun run = script.Finish(machine);
        if (expected != 0)
            Assert.Equal(expected, run[0]);
        else
            Assert.Equal(7ul, Word(machine, Data) & uint.MaxValue);
    }

    private static void Call(Assembler a, int number)
    {
        a.mov(eax, X32 | number);
        a.syscall();
    }

    private static byte[] File(Action<Assembler> write)
    {
        var image = new ElfImage(32);
        var assembler = new Assembler(64);
        write(assembler);
        assembler.xor(edi, edi);
        Call(assembler, ExitGroup);
        byte[] bytes = ElfImage.Program(a => a.db(AssembledBytes.Of(assembler, image.Code)), 32).ToBytes();
        ElfImage.Put16(bytes, 18, MachineX8664);
        return bytes;
    }

    private static LinuxMachine Load(string kernel, Action<Assembler> write)
    {
        LinuxMachine machine = LinuxMachine.Boot(Kernels.Find(kernel), Cpus.Skylake, KernelOptions.Parse(""));
        machine.Load(new ElfProgram(ElfFile.Parse(File(write), "/x32"), "/x32", ["/x32", "one"], []));
        Assert.True(machine.Memory.Map.IsX32);
        return machine;
    }

    private static int? Run(LinuxMachine machine)
    {
        RunResult result = machine.Run(RunLimits.Instructions(400_000));
        Assert.True(machine.IsOver, result.Message);
        return machine.ExitStatus;
    }

    private static byte[] Bytes(LinuxMachine machine, ulong address, int count)
    {
        byte[] bytes = new byte[count];
        Assert.True(machine.Memory.TryRead(address, bytes));
        return bytes;
    }

    private static ulong Word(LinuxMachine machine, ulong address, bool physical = false) =>
        physical ? machine.Processor.Bus.Ram.ReadUInt64(address) : BitConverter.ToUInt64(Bytes(machine, address, 8));
}
