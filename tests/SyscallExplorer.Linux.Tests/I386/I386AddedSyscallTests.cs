using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>System calls that are added to 32-bit kernels, and entries of their table that are replaced.</summary>
public sealed class I386AddedSyscallTests
{
    private const int Free = 223, Getpid = 20, Getppid = 64, Getuid = 199;

    public static TheoryData<string, string> Machines()
    {
        var machines = new TheoryData<string, string>();
        foreach (KernelGeneration kernel in Kernels.I386)
        {
            machines.Add(kernel.Name, "PentiumIII");
            machines.Add(kernel.Name, "Skylake");
        }

        return machines;
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_call_in_csharp_gets_its_arguments_and_gives_its_result(string kernel, string cpu)
    {
        LinuxMachine machine = Guest.Boot(Cpus.Find(cpu), kernel: Kernels.Find(kernel));
        var seen = new List<ulong>();
        machine.AddSyscall(Free, "syscall_audit", call =>
        {
            seen.AddRange(Enumerable.Range(0, 6).Select(index => call[index]));
            return call is { ProcessId: TaskIdentity.Pid, IsCompat: true } ? 4711 : -1;
        });
        CallRun run = Run(machine, new CallScript(32).Call(Free, 1, 2, 3, 4, 5, 6));
        Assert.Equal(4711, run[0]);
        Assert.Equal([1ul, 2, 3, 4, 5, 6], seen);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_call_in_guest_code_runs_in_ring_0_and_a_fork_keeps_it_beside_another(string kernel, string cpu)
    {
        LinuxMachine machine = Guest.Boot(Cpus.Find(cpu), kernel: Kernels.Find(kernel));
        machine.AddSyscall(Free, "get_cs", a =>
        {
            a.mov(eax, cs);
            a.ret();
        });
        machine.AddSyscall(Getpid, "getpid", _ => 2);
        CallRun run = Run(machine.Fork(), new CallScript(32).Call(Free).Call(Getpid).Call(Getuid));
        Assert.Equal([I386Selectors.KernelCs, 2L, TaskIdentity.Uid], [run[0], run[1], run[2]]);
    }

    [Fact]
    public void An_entry_that_is_written_takes_effect_and_its_neighbours_stay()
    {
        LinuxMachine machine = Guest.Boot(Cpus.Core2, kernel: Kernels.Linux_4_4_i386);
        Assert.Equal(machine.AddressOf("sys_getppid"), machine.ReadSyscallTable(Getppid));
        machine.WriteSyscallTable(Getpid, machine.ReadSyscallTable(Getppid));
        Assert.Equal(machine.AddressOf("sys_ni_syscall"), machine.ReadSyscallTable(Free));
        CallRun run = Run(machine, new CallScript(32).Call(Getpid).Call(Getpid + 4));
        Assert.Equal([TaskIdentity.ParentPid, TaskIdentity.Uid], [run[0], run[1]]);
    }

    [Fact]
    public void A_number_beyond_the_table_is_a_sentence_with_the_last_one()
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(
            () => Guest.Boot(Cpus.Core2, kernel: Kernels.Linux_2_6_39_i386).AddSyscall(345, "late", _ => 0));
        Assert.Contains("The 32-bit table of Linux 2.6.39 (i386) has the numbers 0 to 344", error.Message, StringComparison.Ordinal);
    }

    private static CallRun Run(LinuxMachine machine, CallScript script)
    {
        machine.Load(script.Assemble());
        return script.Finish(machine);
    }
}
