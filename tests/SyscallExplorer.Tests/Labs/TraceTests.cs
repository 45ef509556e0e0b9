using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>What a trace of a round trip holds.</summary>
public sealed class TraceTests
{
    [Theory]
    [InlineData("Skylake", EntryPath.Syscall, "syscall", "sysretq")]
    [InlineData("Skylake", EntryPath.Sysenter, "sysenter", "sysret")]
    [InlineData("Skylake", EntryPath.Int80, "int 0x80", "iretq")]
    [InlineData("Skylake", EntryPath.Int80From64Bit, "int 0x80", "iretq")]
    [InlineData("Zen2", EntryPath.SyscallCompat, "syscall", "sysret")]
    public void A_trace_begins_with_the_entry_instruction_and_ends_with_the_exit_instruction(string cpu, EntryPath path, string first, string last)
    {
        Trace trace = Lab.Boot("5.13", cpu).Trace(path);
        Assert.StartsWith(first, trace.Steps[0].Text, StringComparison.Ordinal);
        Assert.Equal(3, trace.Steps[0].Ring);
        Assert.StartsWith(last, trace.Steps[^1].Text, StringComparison.Ordinal);
        Assert.All(trace.Steps.Skip(1), step => Assert.Equal(0, step.Ring));
        Assert.All(trace.Steps.Skip(1), step => Assert.NotEqual("", step.Symbol));
    }

    [Fact]
    public void The_kernels_page_tables_and_gs_are_there_exactly_between_the_switches()
    {
        Trace trace = Lab.Boot("5.13", "Skylake", "pti=on").Trace(EntryPath.Syscall);
        const ulong userTable = 1 << 12;
        int intoKernel = trace.Steps.ToList().FindIndex(step => (step.Cr3 & userTable) == 0);
        int outOfKernel = trace.Steps.ToList().FindLastIndex(step => (step.Cr3 & userTable) == 0);
        Assert.Equal("mov cr3, rsp", trace.Steps[intoKernel - 1].Text);
        Assert.Equal("mov cr3, rdi", trace.Steps[outOfKernel].Text);
        Assert.All(trace.Steps.Take(2), step => Assert.Equal(0ul, step.GsBase));
        Assert.Equal("swapgs", trace.Steps[1].Text);
        Assert.Equal("swapgs", trace.Steps[^2].Text);
        Assert.All(trace.Steps.Skip(2).SkipLast(1), step => Assert.NotEqual(0ul, step.GsBase));
    }

    [Theory]
    [InlineData("5.13", "getpid", 0)]
    [InlineData("6.8", "getpid", 1)]
    [InlineData("6.12", "gettid", 1)]
    [InlineData("6.12", "getppid", 2)]
    public void Readers_are_counted_where_they_may_be_preempted(string kernel, string call, int locks)
    {
        Trace trace = Lab.Boot(kernel, "Zen3").Trace(EntryPath.Syscall, call);
        int Calls(string function) => trace.Steps.Zip(trace.Steps.Skip(1)).Count(pair => pair.First.Symbol != function && pair.Second.Symbol == function);

        Assert.Equal((locks, locks), (Calls("__rcu_read_lock"), Calls("__rcu_read_unlock")));
    }

    [Theory]
    [InlineData("2.6.39", "get_seconds")]
    [InlineData("6.8", "ktime_get_real_seconds")]
    public void Time_reads_the_seconds_of_the_last_tick_and_no_counter(string kernel, string function)
    {
        Trace trace = Lab.Boot(kernel, "Skylake").Trace(EntryPath.Syscall, new SyscallRequest("time", 0));

        Assert.Contains(trace.Steps, step => step.Symbol == function);
        Assert.DoesNotContain(trace.Steps, step => step.Text.StartsWith("rdtsc", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("2.6.39", "ktime_get_ts")]
    [InlineData("5.13", "ktime_get_ts64")]
    [InlineData("6.12", "ktime_get_ts64")]
    public void A_clock_is_read_by_the_functions_that_its_number_leads_to(string kernel, string read)
    {
        string[] expected = ["clockid_to_kclock", "posix_get_monotonic_timespec", read, "read_tsc", "put_timespec64", "_copy_to_user"];
        Trace trace = Lab.Boot(kernel, "Skylake").Trace(EntryPath.Syscall, new SyscallRequest("clock_gettime", 1, SyscallArgument.Buffer()));

        Assert.Equal(expected, trace.Steps.Select(step => step.Symbol).Where(expected.Contains).Distinct());
    }

    [Fact]
    public void Pt_regs_come_from_guest_memory_where_c_begins()
    {
        Trace trace = Lab.Boot("5.13", "Skylake").Trace(EntryPath.Syscall);
        PtRegs registers = Assert.IsType<PtRegs>(trace.PtRegs);
        Assert.Equal(39ul, registers[PtRegsOffsets.OrigAx]);
        Assert.Equal(trace.Steps[0].Rsp, registers[PtRegsOffsets.Sp]);
        Assert.Equal(trace.Steps[0].Rip + 2, registers[PtRegsOffsets.Ip]);
        Assert.Equal(Selectors.UserCs, registers[PtRegsOffsets.Cs]);
    }

    [Fact]
    public void The_cycles_of_the_steps_are_those_of_the_comparison()
    {
        Lab lab = Lab.Boot("5.13", "Skylake");
        Trace trace = lab.Trace(EntryPath.Syscall);
        PathCost row = lab.Compare(Syscalls.GetPid, EntryPath.Syscall).Rows[0];
        double stub = row.Phases.Where(phase => phase.Phase.Kind == PhaseKind.UserStub).Sum(phase => phase.Cycles);
        Assert.Equal(row.Cycles - stub, trace.Cycles, 6);
    }
}
