using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Programs on 32-bit kernels.</summary>
public sealed class I386ProgramTests
{
    private const int Vector = 0x80;

    public static TheoryData<string, string> Machines()
    {
        var machines = new TheoryData<string, string>();
        foreach (KernelGeneration kernel in Kernels.I386)
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.PentiumIII, Cpus.Core2, Cpus.K8, Cpus.Skylake, Cpus.Zen2])
                machines.Add(kernel.Name, cpu.Name);
        }

        return machines;
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_program_writes_its_number_and_exits(string kernel, string cpu)
    {
        LinuxMachine machine = Run(kernel, cpu, a =>
        {
            Call(a, 20);
            a.mov(__dword_ptr[UserSpace.Data32], eax);
            Call(a, 4, 1, (int)UserSpace.Data32, 4);
            Call(a, 1, 7);
        });
        Assert.Equal(BitConverter.GetBytes(TaskIdentity.Pid), machine.Output);
        Assert.Equal(7, machine.ExitStatus);
    }

    private static void Call(Assembler a, int number, params ReadOnlySpan<int> arguments)
    {
        AssemblerRegister32[] registers = [ebx, ecx, edx, esi, edi, ebp];
        for (int i = 0; i < arguments.Length; i++)
            a.mov(registers[i], arguments[i]);
        a.mov(eax, number);
        a.@int(unchecked((sbyte)Vector));
    }

    private static LinuxMachine Run(string kernel, string cpu, Action<Assembler> program)
    {
        LinuxMachine machine = Guest.Load(program, 32, Cpus.Find(cpu), kernel: Kernels.Find(kernel));
        RunResult result = machine.Run(RunLimits.Instructions(1_000_000));
        Assert.True(machine.IsOver, result.Message);
        Assert.True(machine.Fatal is null, machine.Fatal?.Title);
        return machine;
    }
}
