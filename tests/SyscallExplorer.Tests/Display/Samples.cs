using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Tests;

/// <summary>Results made by hand, so that a view's test fails when the view changes and not when a figure does.</summary>
internal static class Samples
{
    public const int Calls = 2;

    public static LabInputs Inputs { get; } = new("Linux_5_13", "Skylake", "pti=on", 1, "Table", "0.1.0", "abc");

    public static Comparison Comparison { get; } = Compare(
        Path(EntryPath.Int80, (PhaseKind.UserStub, null, 512), (PhaseKind.HardwareEntry, null, 40_000), (PhaseKind.Mitigation, "KPTI", 70_001), (PhaseKind.HardwareExit, null, 30_000)),
        Path(EntryPath.Sysenter, (PhaseKind.UserStub, null, 1_024), (PhaseKind.HardwareEntry, null, 20_000), (PhaseKind.Mitigation, "KPTI", 70_001)),
        Path(EntryPath.Syscall, (PhaseKind.UserStub, null, 512), (PhaseKind.HardwareEntry, null, 16_000), (PhaseKind.Handler, null, 1_000)));

    public static PtRegs PtRegs { get; } = new(0xffffc90000003f58, [.. Enumerable.Range(0, PtRegs.FieldNames.Count).Select(index => 0x1000ul + (ulong)index)]);

    public static Trace Trace { get; } = new(Inputs, "getpid", EntryPath.Syscall,
    [
        Step(0, "", "syscall", 3, 0x11000, 0, 0x7ffffff0, PhaseKind.HardwareEntry, CodeOrigin.User),
        Step(1, "entry_SYSCALL_64", "swapgs", 0, 0x11000, 0, 0x7ffffff0, PhaseKind.StackSwitch, CodeOrigin.Documented),
        Step(2, "entry_SYSCALL_64+0x3", "mov gs:[0x6014],rsp", 0, 0x11000, 0xffff888000400000, 0x7ffffff0, PhaseKind.StackSwitch, CodeOrigin.Documented),
        Step(3, "entry_SYSCALL_64+0xc", "mov cr3,rsp", 0, 0x11000, 0xffff888000400000, 0x10000, PhaseKind.Mitigation, CodeOrigin.Documented, "KPTI"),
        Step(4, "do_syscall_64", "cmp rax,<limit>", 0, 0x10000, 0xffff888000400000, 0x10000, PhaseKind.Dispatch, CodeOrigin.Composed) with { Raised = 14 },
    ], PtRegs);

    public static FatalReport Fatal { get; } = new("The program was ended by SIGSEGV: it read <nothing> at 0.", 11, 14, 4, 0, PtRegs,
        [new ReportLine(0x401000, "mov eax,[0]", IsCurrent: true), new ReportLine(0x401007, "ret", IsCurrent: false)]);

    public static ProgramRun Run { get; } = new(Inputs, 7, "The program ended with status 7.", null, "hello <world>\n", "", 12, 25_600,
        new Dictionary<string, int> { ["socket"] = 2, ["bind"] = 1 });

    public static Comparison Compare(params PathCost[] rows)
    {
        PathCost[] byCost = [.. rows.OrderByDescending(row => row.Cost)];
        return new Comparison(Inputs, "getpid", rows, [.. byCost.Zip(byCost.Skip(1), (slow, fast) =>
            new PathDifference(slow.Label, fast.Label, slow.Cycles - fast.Cycles, slow.LowCycles - fast.HighCycles, slow.HighCycles - fast.LowCycles, 0.25))]);
    }

    public static PathCost Path(EntryPath path, params (PhaseKind Kind, string? Mitigation, long Cost)[] phases)
    {
        long cost = phases.Sum(phase => phase.Cost);
        double cycles = cost / 256.0 / Calls;
        const double documented = 0.75;
        return new PathCost
        {
            Path = path,
            Label = PathKind.Of(path).Label,
            Calls = Calls,
            Cost = cost,
            Low = cost - 10_000,
            High = cost + 20_000,
            Instructions = 50.5,
            Result = 1,
            Phases = [.. phases.Select(phase => new PhaseCost(new Phase(phase.Kind, phase.Mitigation), phase.Cost, phase.Cost / 256.0 / Calls, 10))],
            Figures = [],
            Origins =
            [
                new OriginShare(CodeOrigin.Documented, cycles * documented, documented),
                new OriginShare(CodeOrigin.User, cycles * (1 - documented), 1 - documented),
            ],
            Weakest = Confidence.Assumed,
            AssumedShare = 0.3333,
        };
    }

    private static TraceStep Step(int index, string symbol, string text, int ring, ulong cr3, ulong gs, ulong rsp, PhaseKind kind, CodeOrigin origin, string? mitigation = null) =>
        new(index, 0xffffffff81000000 + (ulong)index * 4, symbol, text, ring, cr3, gs, rsp, 256 * (index + 1), new Phase(kind, mitigation), origin, null);
}
