using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Returns to a 16-bit stack segment, whose IRET leaves the upper half of ESP as the kernel had it.</summary>
public sealed class EspfixTests
{
    private const ulong D = UserSpace.Data32;
    private const int ModifyLdt = 123, Getpid = 20, Exit = 1;
    private const ushort Stack16 = 7;
    private const uint StackPointer = 0x5A5A_8000;

    public static TheoryData<string, string> KernelsAndCpus()
    {
        var rows = new TheoryData<string, string>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.Skylake, Cpus.Zen2])
                rows.Add(kernel.Name, cpu.Name);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(KernelsAndCpus))]
    public void The_kernels_stack_pointer_shows_before_Linux_3_16_and_not_since(string kernel, string cpu)
    {
        LinuxMachine machine = Load(kernel, cpu, segmentIsThere: true);
        machine.Run(RunLimits.Instructions(200_000));
        Assert.Equal(0, machine.ExitStatus);
        Span<byte> bytes = stackalloc byte[4];
        Assert.True(machine.Memory.TryRead(D + 0x200, bytes));
        uint seen = BitConverter.ToUInt32(bytes);
        Assert.Equal(StackPointer & 0xFFFF, seen & 0xFFFF);
        if (machine.Kernel.Traits.Version >= new Version(3, 16))
            Assert.Equal(StackPointer, seen);
        else
            Assert.Equal(unchecked((uint)KernelLayout.ThreadStack) >> 16, seen >> 16);
    }

    [Theory]
    [MemberData(nameof(KernelsAndCpus))]
    public void A_return_to_a_stack_segment_that_is_gone_is_the_programs_fault(string kernel, string cpu)
    {
        LinuxMachine machine = Load(kernel, cpu, segmentIsThere: false);
        machine.Run(RunLimits.Instructions(200_000));
        Assert.True(machine.IsOver);

        // By the alias the fault comes as #DF and is told as #GP; on the old kernel it is the #SS that it was.
        Assert.Equal(machine.Kernel.Traits.Version >= new Version(3, 16) ? SignalNumbers.SIGSEGV : SignalNumbers.SIGBUS, machine.Signal);
    }

    /// <summary>The program loads SS with a 16-bit segment and makes a call; in between it may take the segment away.</summary>
    private static LinuxMachine Load(string kernel, string cpu, bool segmentIsThere)
    {
        LinuxMachine machine = LinuxMachine.Boot(Kernels.Find(kernel), Cpus.Find(cpu), KernelOptions.Parse(""));
        machine.Load(UserProgram.Assemble(a =>
        {
            void Set(ulong descriptor)
            {
                a.mov(ebx, 0x11);
                a.mov(ecx, (uint)descriptor);
                a.mov(edx, 16);
                a.mov(eax, ModifyLdt);
                SystemCallPathTests.Int80(a);
            }

            Set(D + 0x100);
            a.mov(eax, Stack16);
            a.mov(ss, eax);
            a.mov(esp, StackPointer);
            a.mov(eax, Getpid);
            if (segmentIsThere)
                SystemCallPathTests.Int80(a);
            else
                Set(D + 0x110);
            a.mov(__dword_ptr[D + 0x200], esp);
            a.xor(ebx, ebx);
            a.mov(eax, Exit);
            SystemCallPathTests.Int80(a);
        }, 32));
        Assert.True(machine.Memory.TryWrite(D + 0x100, [.. ModifyLdtTests.Descriptor(0, 0, 0xF_FFFF, 1 << 4), .. ModifyLdtTests.Descriptor(0, 0, 1, 1 << 5)]));
        return machine;
    }
}
