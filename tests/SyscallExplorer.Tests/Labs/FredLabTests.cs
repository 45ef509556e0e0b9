using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>Linux 6.12 with FRED, as a lab shows it.</summary>
public sealed class FredLabTests
{
    private static Lab WithFred { get; } = Lab.Boot(Kernels.Linux_6_12, Cpus.PantherLake, "fred=on");

    private static Lab Without { get; } = Lab.Boot(Kernels.Linux_6_12, Cpus.PantherLake, "fred=off");

    [Fact]
    public void All_paths_are_compared_and_their_phases_add_up()
    {
        Comparison comparison = WithFred.Compare("getpid");
        Assert.Equal([EntryPath.Int80, EntryPath.Sysenter, EntryPath.Syscall], comparison.Rows.Select(row => row.Path));
        Assert.All(comparison.Rows, row => Assert.Equal(row.Cycles, row.Phases.Sum(phase => phase.Cycles), 6));
        foreach (PhaseKind kind in (PhaseKind[])[PhaseKind.HardwareEntry, PhaseKind.SaveRegisters, PhaseKind.Dispatch, PhaseKind.Handler, PhaseKind.ExitWork, PhaseKind.RestoreRegisters, PhaseKind.HardwareExit])
            Assert.All(comparison.Rows, row => Assert.True(CyclesOf(row, kind) > 0, $"{row.Path}: {kind}"));
        foreach (PhaseKind kind in (PhaseKind[])[PhaseKind.StackSwitch, PhaseKind.Interrupted])
            Assert.All(comparison.Rows, row => Assert.Equal(0, CyclesOf(row, kind)));
    }

    [Theory, InlineData(EntryPath.Int80, "int 0x80"), InlineData(EntryPath.Sysenter, "sysenter"), InlineData(EntryPath.Syscall, "syscall")]
    public void Each_path_is_traced_from_its_instruction_to_ERETU(EntryPath path, string enters)
    {
        Trace trace = WithFred.Trace(path);
        Assert.Equal(enters, trace.Steps[0].Text);
        Assert.Equal("eretu", trace.Steps[^1].Text);
        Assert.All(trace.Steps.Skip(1), step => Assert.Equal(0, step.Ring));
        Assert.Equal("asm_fred_entrypoint_user", trace.Steps[1].Symbol.Split('+')[0]);
        Assert.Contains(trace.Steps, step => step.Symbol.StartsWith("fred_entry_from_user", StringComparison.Ordinal));
        Assert.Equal(path == EntryPath.Syscall ? 39ul : 20ul, trace.PtRegs![PtRegsOffsets.OrigAx]);
        Assert.Equal(path == EntryPath.Syscall ? (ulong)Selectors.UserCs : Selectors.User32Cs, trace.PtRegs[PtRegsOffsets.Cs]);
    }

    [Fact]
    public void Without_FRED_the_same_lab_enters_by_the_older_ways()
    {
        Assert.Equal("sysret", Without.Trace(EntryPath.Syscall).Steps[^1].Text[..6]);
        Assert.True(CyclesOf(Without.Compare("getpid", EntryPath.Syscall)[EntryPath.Syscall], PhaseKind.StackSwitch) > 0);
        Assert.NotEqual(WithFred.Inputs, Without.Inputs);
    }

    /// <summary>What SYSCALL costs then is the delivery's figure, of which nothing is published.</summary>
    [Fact]
    public void An_entry_by_FRED_costs_its_delivery()
    {
        double delivery = Cpus.PantherLake.Microarchitecture.FigureOf(TimingEvent.FredDelivery)!.Cost / 256.0;
        Assert.All(WithFred.Compare("getpid").Rows, row => Assert.Equal(delivery, CyclesOf(row, PhaseKind.HardwareEntry), 6));
    }

    private static double CyclesOf(PathCost row, PhaseKind kind) => row.Phases.Where(phase => phase.Phase.Kind == kind).Sum(phase => phase.Cycles);
}
