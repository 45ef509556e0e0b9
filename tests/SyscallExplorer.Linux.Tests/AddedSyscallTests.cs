using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>System calls that are added to a booted machine, and entries of its table that are replaced.</summary>
public sealed class AddedSyscallTests
{
    public static TheoryData<string> Kernel_names() => new(Kernels.All.Select(kernel => kernel.Name));

    /// <summary>A hole of each table, or its last number.</summary>
    private static int FreeNumber(KernelGeneration kernel) => kernel.Traits.Version < new Version(4, 0) ? 306 : 335;

    [Theory]
    [MemberData(nameof(Kernel_names))]
    public void A_call_in_csharp_gets_its_arguments_and_gives_its_result(string name)
    {
        KernelGeneration kernel = Kernels.Find(name);
        foreach (int bitness in (int[])[64, 32])
        {
            LinuxMachine machine = Guest.Boot(kernel: kernel);
            int number = bitness == 64 ? FreeNumber(kernel) : 223;
            var seen = new List<ulong>();
            machine.AddSyscall(number, "syscall_audit", call =>
            {
                seen.AddRange(Enumerable.Range(0, 6).Select(index => call[index]));
                return call.ProcessId == TaskIdentity.Pid && call.IsCompat == (bitness == 32) ? 4711 : -1;
            }, compat: bitness == 32);
            CallScript script = new CallScript(bitness).Call(number, 1, 2, 3, 4, 5, 6);
            machine.Load(script.Assemble());
            CallRun run = script.Finish(machine);
            Assert.Equal(4711, run[0]);
            Assert.Equal([1ul, 2, 3, 4, 5, 6], seen);
        }
    }

    [Theory]
    [MemberData(nameof(Kernel_names))]
    public void A_call_in_guest_code_runs_in_ring_0(string name)
    {
        KernelGeneration kernel = Kernels.Find(name);
        LinuxMachine machine = Guest.Boot(kernel: kernel);
        int number = FreeNumber(kernel);
        machine.AddSyscall(number, "get_cs", a =>
        {
            a.mov(eax, cs);
            a.ret();
        });
        CallScript script = new CallScript(64).Call(number).Call(39);
        machine.Load(script.Assemble());
        CallRun run = script.Finish(machine);
        Assert.Equal([Selectors.KernelCs, TaskIdentity.Pid], new[] { run[0], run[1] });
    }

    [Theory]
    [MemberData(nameof(Kernel_names))]
    public void Two_calls_can_be_added_and_one_replaced_and_a_fork_keeps_them(string name)
    {
        KernelGeneration kernel = Kernels.Find(name);
        LinuxMachine machine = Guest.Boot(kernel: kernel);
        int number = FreeNumber(kernel);
        machine.AddSyscall(number, "first", _ => 1);
        machine.AddSyscall(39, "getpid", _ => 2);
        machine.AddSyscall(number - 1, "second", _ => 3);
        machine = machine.Fork();
        CallScript script = new CallScript(64).Call(number).Call(39).Call(number - 1).Call(102);
        machine.Load(script.Assemble());
        CallRun run = script.Finish(machine);
        Assert.Equal([1L, 2, 3, TaskIdentity.Uid], new[] { run[0], run[1], run[2], run[3] });
    }

    [Fact]
    public void An_entry_that_is_written_takes_effect_where_the_dispatch_reads_it()
    {
        LinuxMachine machine = Guest.Boot();
        machine.WriteSyscallTable(39, machine.ReadSyscallTable(110));
        CallScript script = new CallScript(64).Call(39);
        machine.Load(script.Assemble());
        Assert.Equal(TaskIdentity.ParentPid, script.Finish(machine)[0]);
    }

    [Fact]
    public void A_number_beyond_the_table_is_a_sentence_with_the_last_one()
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => Guest.Boot().AddSyscall(447, "late", _ => 0));
        Assert.Contains("0 to 446", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentOutOfRangeException>(() => Guest.Boot(kernel: Kernels.Linux_2_6_39).AddSyscall(335, "late", _ => 0));
        Assert.Contains("0 to 306", error.Message, StringComparison.Ordinal);
    }
}
