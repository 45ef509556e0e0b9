using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Where the image and its data stand, and what programs can do to them.</summary>
public sealed class VdsoMappingTests
{
    private const int Mprotect = 10, Munmap = 11, Mremap = 25, MayMove = 1, Fixed = 2;
    private const ulong Data = UserSpace.Vdso64 - 0x4000, Free = 0x2000_0000;

    private static string Path => "/bin/program";

    [Theory]
    [InlineData(64, 2, 0ul)]
    [InlineData(64, 3, 5ul)]
    [InlineData(32, 2, 0ul)]
    [InlineData(32, 3, 5ul)]
    public void The_data_lies_before_the_image_and_its_frame_is_one_that_programs_can_only_read(int bitness, int type, ulong seed)
    {
        LinuxMachine machine = LoadElf(bitness, type, seed: seed);
        VmArea data = Assert.Single(machine.Memory.Map.Areas, area => area.Name == "[vvar]");
        VmArea image = Assert.Single(machine.Memory.Map.Areas, area => area.Name == "[vdso]");
        Assert.Equal((data.End, 0x4000ul), (image.Start, data.Size));
        byte[] bytes = new byte[8];
        Assert.True(machine.Memory.TryRead(data.Start + 0x80, bytes));
        Assert.False(machine.Memory.TryWrite(data.Start + 0x80, bytes));
        ulong entry = machine.Processor.Bus.Ram.ReadUInt64(new PageTables(machine.Processor.Bus.Ram, machine.Frames).EntryAddress(machine.Memory.Map.KernelRoot, data.Start)!.Value);
        Assert.Equal(VdsoSet.DataPhysical, entry & PageEntry.Address);
        Assert.Equal(PageEntry.P | PageEntry.US | PageEntry.NX, entry & (PageEntry.P | PageEntry.US | PageEntry.RW | PageEntry.NX));
        if (bitness == 64)
            Assert.True(data.Start >= machine.Memory.Map.StackStart);
        string maps = string.Join('\n', machine.MemoryMapOf(machine.CurrentTask));
        Assert.Matches(@"(?m)^[0-9a-f]+-[0-9a-f]+ r--p 00000000 00:00 0 +\[vvar\]\n[0-9a-f]+-[0-9a-f]+ r-xp 00000000 00:00 0 +\[vdso\]$", maps);
    }

    [Fact]
    public void The_seed_decides_where_the_image_stands()
    {
        ulong Place(ulong seed) => LoadElf(64, 3, seed: seed).Memory.Map.Areas.First(area => area.Name == "[vdso]").Start;
        Assert.Equal(Place(3), Place(3));
        Assert.True(Enumerable.Range(0, 8).Select(seed => Place((ulong)seed)).Distinct().Count() > 4);
    }

    [Theory]
    [InlineData(64, "vdso=0", 0)]
    [InlineData(64, "vdso=1 vdso32=0", 1)]
    [InlineData(32, "vdso32=0", 0)]
    [InlineData(32, "vdso=0 vdso32=1", 1)]
    public void The_command_line_decides_whether_there_is_one(int bitness, string options, int expected)
    {
        LinuxMachine machine = LoadElf(bitness, 2, options);
        Assert.Equal(expected, machine.Memory.Map.Areas.Count(area => area.Name == "[vdso]"));
        byte[] vector = [.. machine.Memory.Map.AuxiliaryVector];
        int word = bitness / 8;
        HashSet<long> keys = [.. Enumerable.Range(0, vector.Length / (2 * word)).Select(i =>
            word == 8 ? BitConverter.ToInt64(vector, i * 16) : BitConverter.ToInt32(vector, i * 8))];
        Assert.Equal(expected == 1, keys.Contains(33));
        Assert.Equal(expected == 1 && bitness == 32, keys.Contains(32));
    }

    [Fact]
    public void The_data_never_becomes_writable_or_executable_and_the_image_becomes_a_copy()
    {
        CallRun run = new CallScript(64)
            .Call(Mprotect, Data, 0x4000, 3)
            .Call(Mprotect, Data, 0x4000, 5)
            .Call(Mprotect, Data, 0x4000, 1)
            .Call(Mprotect, UserSpace.Vdso64, 0x1000, 7)
            .Then(a =>
            {
                a.mov(rax, UserSpace.Vdso64);
                a.mov(__byte_ptr[rax], 0x7E);
            })
            .Run();
        Assert.Equal([-Errno.EACCES, -Errno.EACCES, 0, 0], new[] { run[0], run[1], run[2], run[3] });
        Assert.Equal(0x7E, run.At(UserSpace.Vdso64, 1)[0]);
        byte[] frame = new byte[1];
        run.Machine.Processor.Bus.Ram.Read(VdsoSet.WidePhysical, frame);
        Assert.Equal(0x7F, frame[0]);
    }

    [Fact]
    public void A_part_of_it_cannot_be_taken_away_and_the_whole_can()
    {
        CallRun run = new CallScript(64)
            .Call(Munmap, Data, 0x1000)
            .Call(Munmap, Data + 0x1000, 0x3000)
            .Call(Mprotect, Data, 0x1000, 0)
            .Call(Mremap, Data, 0x1000, 0x1000, MayMove | Fixed, Free)
            .Call(Mremap, UserSpace.Vdso64, 0x1000, 0x3000, MayMove)
            .Call(Munmap, Data, 0x4000)
            .Call(Munmap, UserSpace.Vdso64, 0x1000)
            .Run();
        Assert.Equal([-Errno.EINVAL, -Errno.EINVAL, -Errno.EINVAL, -Errno.EINVAL, -Errno.EFAULT, 0, 0], Enumerable.Range(0, 7).Select(i => run[i]));
        Assert.DoesNotContain(run.Machine.Memory.Map.Areas, area => area.Backing is KernelPages);
    }

    [Fact]
    public void Memory_that_would_grow_into_it_moves()
    {
        const int mmap = 9, readWrite = 3, privateAnonymousFixed = 0x32;
        const ulong below = Data - 0x2000;
        CallRun run = new CallScript(64).Call(mmap, below, 0x2000, readWrite, privateAnonymousFixed, -1, 0)
            .Call(Mremap, below, 0x2000, 0x3000, 0, 0).Call(Mremap, below, 0x2000, 0x3000, MayMove, 0).Run();
        Assert.Equal([(long)below, -Errno.ENOMEM], [run[0], run[1]]);
        Assert.True(run[2] > 0 && run[2] != (long)below);
    }

    [Fact]
    public void A_page_behind_the_data_page_is_a_bus_error()
    {
        CallRun run = new CallScript(64).Then(a =>
        {
            a.mov(rax, Data + 0x1000);
            a.mov(eax, __dword_ptr[rax]);
        }).Run();
        Assert.Equal(SignalNumbers.SIGBUS, run.Machine.Signal);
    }

    [Fact]
    public void A_fast_call_that_moves_the_image_returns_to_where_the_landing_pad_is_now()
    {
        const int mremap = 163, getpid = 20;
        const uint target = 0x3000_0000;
        uint stub = (uint)(UserSpace.KernelVsyscall - UserSpace.KernelVsyscallPage);
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(ebx, (uint)UserSpace.KernelVsyscallPage);
            a.mov(ecx, 0x1000);
            a.mov(edx, 0x1000);
            a.mov(esi, MayMove | Fixed);
            a.mov(edi, target);
            a.mov(eax, mremap);
            a.call(UserSpace.KernelVsyscall);
            a.cmp(eax, (int)target);
            a.jne(UserSpace.Code32 + 0x200);
            a.mov(eax, getpid);
            a.mov(edx, target + stub);
            a.call(edx);
            a.mov(ebx, eax);
            a.mov(eax, 1);
            a.@int(unchecked((sbyte)0x80));
        }, 32);
        machine.Run(RunLimits.Instructions(100_000));
        Assert.Equal(TaskIdentity.Pid & 0xFF, machine.ExitStatus);
    }

    [Theory]
    [InlineData("")]
    [InlineData("vdso32=0")]
    public void A_32_bit_handler_returns_through_the_image_or_without_one_through_the_code_on_its_stack(string options)
    {
        const int rtSigaction = 174, kill = 37, getpid = 20;
        LinuxMachine machine = Guest.Load(a =>
        {
            // struct sigaction without SA_RESTORER.
            Iced.Intel.Label start = a.CreateLabel();
            a.jmp(start);
            a.mov(eax, __dword_ptr[esp]);
            a.mov(__dword_ptr[(uint)UserSpace.Data32 + 0x100], eax);
            a.ret();
            a.Label(ref start);
            const int jumpLength = 2;
            a.mov(eax, (uint)UserSpace.Code32 + jumpLength);
            a.mov(__dword_ptr[(uint)UserSpace.Data32], eax);
            a.mov(ebx, 10);
            a.mov(ecx, (uint)UserSpace.Data32);
            a.mov(edx, 0);
            a.mov(esi, 8);
            a.mov(eax, rtSigaction);
            a.@int(unchecked((sbyte)0x80));
            a.mov(eax, getpid);
            a.@int(unchecked((sbyte)0x80));
            a.mov(ebx, eax);
            a.mov(ecx, 10);
            a.mov(eax, kill);
            a.@int(unchecked((sbyte)0x80));
            a.mov(ebx, 0);
            a.mov(eax, 1);
            a.@int(unchecked((sbyte)0x80));
        }, 32, commandLine: options);
        machine.Run(RunLimits.Instructions(100_000));
        byte[] bytes = new byte[4];
        Assert.True(machine.Memory.TryRead(UserSpace.Data32 + 0x100, bytes));
        uint address = BitConverter.ToUInt32(bytes);
        if (options.Length == 0)
        {
            Assert.Equal(UserSpace.KernelVsyscallPage + VdsoTimeTests.Narrow.OffsetOf("__kernel_sigreturn"), address);
            Assert.Equal(0, machine.ExitStatus);
            return;
        }

        // The stack is not executable, so that the code there is for programs that make it so.
        Assert.InRange(address, UserSpace.StackTop32 - 0x10000, UserSpace.StackTop32);
        Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
    }

    [Fact]
    public void An_image_with_another_data_page_is_refused_in_a_sentence()
    {
        var error = Assert.Throws<ArgumentException>(() => LinuxMachine.Boot(
            Kernels.Linux_5_13, Cpus.Skylake, KernelOptions.None, vdso: [VdsoImageTests.Make("6.12", VdsoAbi.X64)]));
        Assert.Contains("vDSO of Linux 6.12 for X64 programs reads another data page than Linux 5.13 writes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_of_another_kernel_with_the_same_data_page_serves_programs()
    {
        Vdso image = VdsoReader.Read("vdso64.so", [.. VdsoImageTests.Make("6.1", VdsoAbi.X64).Bytes]);
        Assert.True(image.IsForeign);
        LinuxMachine machine = LinuxMachine.Boot(Kernels.Linux_5_13, Cpus.Skylake, KernelOptions.None, vdso: [image]);
        machine.Load(UserProgram.Assemble(a =>
        {
            a.mov(edi, 0);
            a.mov(rsi, UserSpace.Data64);
            a.mov(rax, UserSpace.Vdso64 + image.OffsetOf("clock_gettime"));
            a.call(rax);
            a.mov(edi, eax);
            a.mov(eax, 60);
            a.syscall();
        }));
        machine.Run(RunLimits.Instructions(10_000));
        byte[] seconds = new byte[8];
        Assert.True(machine.Memory.TryRead(UserSpace.Data64, seconds));
        Assert.Equal((0, Kernels.Linux_5_13.ReleaseTime), (machine.ExitStatus, BitConverter.ToInt64(seconds)));
    }

    private static LinuxMachine LoadElf(int bitness, int type, string options = "", ulong seed = 0)
    {
        ElfImage image = ElfImage.Program(a => a.nop(), bitness, type: type);
        LinuxMachine machine = Guest.Boot(commandLine: options, seed: seed);
        machine.Load(new ElfProgram(ElfFile.Parse(image.ToBytes(), Path), Path));
        return machine;
    }
}
