using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>STACKLEAK on 32-bit kernels: what a call leaves on the task's stack when the program runs again.</summary>
public sealed class I386StackErasureTests
{
    private const uint Secret = 0x5EC2_E75E;

    public static TheoryData<string, string, bool> Rows()
    {
        var rows = new TheoryData<string, string, bool>();
        foreach (KernelGeneration kernel in Kernels.I386.Where(kernel => kernel.Traits.Version >= new Version(4, 20)))
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.PentiumIII, Cpus.Skylake, Cpus.K8])
            {
                rows.Add(kernel.Name, cpu.Name, false);
                rows.Add(kernel.Name, cpu.Name, true);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Nothing_below_the_frame_survives_a_call(string kernel, string cpu, bool sysenter)
    {
        LinuxMachine machine = Load(kernel, cpu, "sysx.stackleak=on", sysenter);
        Guest.RunTo(machine, kernel.Contains("5_10", StringComparison.Ordinal) ? "__ia32_sys_getpid" : "sys_getpid");
        uint inUse = (uint)machine.Processor.Registers[Gpr.Rsp];
        for (uint address = inUse - 0x200; address < inUse; address += 4)
            machine.WriteKernel(address, BitConverter.GetBytes(Secret));
        machine.Run(RunLimits.Instructions(20_000));
        Assert.Equal((ulong)TaskIdentity.Pid, machine.Fatal!.Registers[PtRegsOffsets.Ax]);
        uint bottom = inUse & ~((uint)I386Layout.ThreadSize - 1);
        byte[] stack = new byte[inUse - 0x40 - bottom - 0x1000];
        machine.ReadKernel(bottom + 0x1000, stack);
        ReadOnlySpan<uint> words = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(stack);
        Assert.Equal(-1, words.IndexOf(Secret));

        // The fault that ended the program has used some of the stack since, but no more than the call.
        Assert.Equal(unchecked((uint)StackErasure.Poison), words[1]);
        Assert.Equal(unchecked((uint)StackErasure.Poison), words[words.Length / 2]);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_program_gets_all_its_registers_back(string kernel, string cpu, bool sysenter)
    {
        IReadOnlyList<ulong> End(string options)
        {
            LinuxMachine machine = Load(kernel, cpu, options, sysenter);
            machine.Run(RunLimits.Instructions(20_000));
            return machine.Fatal!.Registers.Words;
        }

        Assert.Equal(End(""), End("sysx.stackleak=on"));
    }

    private static LinuxMachine Load(string kernel, string cpu, string options, bool sysenter) => Guest.Load(a =>
    {
        a.mov(ebx, 1);
        a.mov(esi, 2);
        a.mov(edi, 3);
        a.mov(eax, 20);
        if (sysenter)
            a.call(UserSpace.NativeKernelVsyscall);
        else
            a.@int(unchecked((sbyte)0x80));
        a.hlt();
    }, 32, Cpus.Find(cpu), options, kernel: Kernels.Find(kernel));
}
