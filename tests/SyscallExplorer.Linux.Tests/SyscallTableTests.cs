using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Numbers and names of Linux 5.13, and the tables in guest memory.</summary>
public sealed class SyscallTableTests
{
    private static SyscallTable Table(bool compat) => compat ? Kernels.Linux_5_13.Table32 : Kernels.Linux_5_13.Table64;

    [Theory]
    [InlineData(false, 0, "read")]
    [InlineData(false, 39, "getpid")]
    [InlineData(false, 59, "execve")]
    [InlineData(false, 228, "clock_gettime")]
    [InlineData(false, 231, "exit_group")]
    [InlineData(false, 334, "rseq")]
    [InlineData(false, 446, "landlock_restrict_self")]
    [InlineData(true, 0, "restart_syscall")]
    [InlineData(true, 20, "getpid")]
    [InlineData(true, 90, "mmap")]
    [InlineData(true, 192, "mmap2")]
    [InlineData(true, 403, "clock_gettime64")]
    [InlineData(true, 446, "landlock_restrict_self")]
    public void A_number_has_its_name(bool compat, int number, string name)
    {
        Assert.Equal(name, Table(compat).Find(number)?.Name);
        Assert.Equal(number, Table(compat)[name].Number);
    }

    [Theory]
    [InlineData(false, 335)]
    [InlineData(false, 400)]
    [InlineData(false, 447)]
    [InlineData(true, 222)]
    [InlineData(true, 223)]
    [InlineData(true, 251)]
    [InlineData(true, 285)]
    [InlineData(true, 447)]
    public void A_hole_stays_a_hole(bool compat, int number) => Assert.Null(Table(compat).Find(number));

    [Fact]
    public void Rows_of_x32_are_listed_and_do_not_enter_the_64_bit_table()
    {
        List<SyscallEntry> x32 = Table(false).Entries.Where(entry => entry.Abi == "x32").ToList();
        Assert.Equal(Enumerable.Range(512, 36), x32.Select(entry => entry.Number).Order());
        Assert.All(x32, entry => Assert.Null(Table(false).Find(entry.Number)));
    }

    [Fact]
    public void The_tables_have_the_documented_number_of_rows()
    {
        Assert.Equal(393, Table(false).Entries.Count);
        Assert.Equal(446, Table(false).Entries.Where(entry => entry.Abi != "x32").Max(entry => entry.Number));
        Assert.Equal(446, Table(true).Entries.Max(entry => entry.Number));
    }

    [Fact]
    public void An_unknown_name_is_a_sentence_with_the_nearest()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Table(false)["getpidd"]);
        Assert.Contains("Did you mean 'getpid'?", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "read", 0)]
    [InlineData(false, "write", 1)]
    [InlineData(false, "open", 2)]
    [InlineData(false, "close", 3)]
    [InlineData(false, "mmap", 9)]
    [InlineData(false, "brk", 12)]
    [InlineData(false, "getpid", 39)]
    [InlineData(false, "exit", 60)]
    [InlineData(false, "newuname", 63)]
    [InlineData(false, "gettimeofday", 96)]
    [InlineData(false, "getuid", 102)]
    [InlineData(false, "getppid", 110)]
    [InlineData(false, "gettid", 186)]
    [InlineData(false, "time", 201)]
    [InlineData(false, "clock_gettime", 228)]
    [InlineData(false, "exit_group", 231)]
    [InlineData(true, "exit", 1)]
    [InlineData(true, "read", 3)]
    [InlineData(true, "write", 4)]
    [InlineData(true, "open", 5)]
    [InlineData(true, "close", 6)]
    [InlineData(true, "time32", 13)]
    [InlineData(true, "getpid", 20)]
    [InlineData(true, "getuid16", 24)]
    [InlineData(true, "brk", 45)]
    [InlineData(true, "getppid", 64)]
    [InlineData(true, "gettimeofday32", 78)]
    [InlineData(true, "old_mmap", 90)]
    [InlineData(true, "newuname", 122)]
    [InlineData(true, "mmap_pgoff", 192)]
    [InlineData(true, "getuid", 199)]
    [InlineData(true, "gettid", 224)]
    [InlineData(true, "exit_group", 252)]
    [InlineData(true, "clock_gettime32", 265)]
    [InlineData(true, "clock_gettime", 403)]
    public void A_handler_stands_at_its_number_in_guest_memory(bool compat, string handler, int number)
    {
        LinuxMachine machine = Guest.Boot();
        ulong table = compat ? KernelLayout.Ia32SysCallTable : KernelLayout.SysCallTable;
        string symbol = (compat ? "__ia32_sys_" : "__x64_sys_") + handler;
        Assert.Equal(machine.AddressOf(symbol), Guest.Peek(machine, table + (ulong)number * 8));
    }

    [Fact]
    public void Every_handler_is_reachable_and_every_other_entry_is_a_hole_or_counts_what_is_missing()
    {
        LinuxMachine machine = Guest.Boot();
        var reached = new HashSet<ulong>();
        foreach (bool compat in (bool[])[false, true])
        {
            ulong table = compat ? KernelLayout.Ia32SysCallTable : KernelLayout.SysCallTable;
            for (int number = 0; number < Kernels.Linux_5_13.Traits.NrSyscalls; number++)
            {
                ulong target = Guest.Peek(machine, table + (ulong)number * 8);
                reached.Add(target);
                SyscallEntry? entry = Table(compat).Find(number);
                string function = entry is null ? "sys_ni_syscall" : KernelGeneration.FunctionOf(entry, compat);
                Assert.Equal(function is "sys_ni_syscall" or "", target == machine.AddressOf("sys_ni_syscall"));
            }
        }

        foreach (SyscallHandler handler in HandlerTable.Linux_5_13)
        {
            if (handler.Entry64 is not null)
                Assert.Contains(machine.AddressOf(machine.Kernel.Traits.SymbolOf(handler, SyscallAbi.Wide)), reached);
            if (handler.Entry32 is not null)
                Assert.Contains(machine.AddressOf(machine.Kernel.Traits.SymbolOf(handler, SyscallAbi.Ia32)), reached);
        }
    }

    [Fact]
    public void Every_hosted_handler_has_a_host_part_and_a_figure_and_no_figure_is_left_over()
    {
        LinuxMachine machine = Guest.Boot();
        List<string> hosted = HandlerTable.Linux_5_13.Where(handler => handler.IsHosted).Select(handler => handler.Name).ToList();
        Assert.Equal(hosted.Order(), new HostedHandlers(machine).Names.Order());
        string[] own =
        [
            "audit_syscall_entry", "audit_syscall_exit", "do_signal", "emulate_vsyscall", "enter_idle", "force_signal", "handle_mm_fault", "not_implemented", "pick_next_task",
            "ptrace_report_syscall", "resume_user_mode_work", "seccomp_filter", "seccomp_instruction", "syscall_user_dispatch", "timer_interrupt",
            "trace_sys_enter", "trace_sys_exit",
        ];
        Assert.Equal(hosted.Concat(own).Order(), machine.Costs.Figures.Select(figure => figure.Key).Order());
    }

    [Fact]
    public void A_hole_is_enosys_and_is_not_counted_as_missing()
    {
        CallRun run = new CallScript(64).Call(335).Call(156).Call(512).Run();
        Assert.Equal([-38L, -38, -38], [run[0], run[1], run[2]]);
        Assert.Empty(run.Machine.Unimplemented);
        run = new CallScript(32).Call(222).Call(113).Call(166).Call(447).Call(-1).Run();
        Assert.Equal([-38L, -38, -38, -38, -38], [run[0], run[1], run[2], run[3], run[4]]);
        Assert.Empty(run.Machine.Unimplemented);
    }

    [Fact]
    public void A_number_with_the_x32_bit_is_looked_up_in_the_table_of_x32()
    {
        CallRun run = new CallScript(64).Call(0x4000_0027).Call(0x4000_0000 + 548).Call(0x4000_0000 + 13).Call(0x4000_0200).Run();
        Assert.Equal([TaskIdentity.Pid, -38L, -38L], [run[0], run[1], run[2]]);

        // rt_sigaction has a number of its own there, and takes it amiss that its last argument is no size of a signal set.
        Assert.Equal(-22, run[3]);
    }
}
