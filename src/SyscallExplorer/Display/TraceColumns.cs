using System.Globalization;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>A column of a trace's table.</summary>
/// <param name="Heading">Its heading.</param>
/// <param name="Cell">What it shows of a step.</param>
/// <param name="IsNumber">Whether it stands to the right.</param>
/// <param name="IsState">Whether a change against the step before is worth a mark.</param>
internal sealed record TraceColumn(string Heading, Func<TraceStep, string> Cell, bool IsNumber = false, bool IsState = false);

/// <summary>The columns of a trace's table; the text and the HTML both write these.</summary>
internal static class TraceColumns
{
    public static IReadOnlyList<TraceColumn> All { get; } =
    [
        new("#", step => step.Index.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("RIP", step => Text.Hex(step.Rip)),
        new("symbol", step => step.Symbol),
        new("instruction", Instruction),
        new("ring", step => step.Ring.ToString(CultureInfo.InvariantCulture), IsNumber: true, IsState: true),
        new("CR3", step => Text.Hex(step.Cr3), IsState: true),
        new("GS base", step => Text.Hex(step.GsBase), IsState: true),
        new("RSP", step => Text.Hex(step.Rsp), IsState: true),
        new("cycles", step => Text.Cycles(step.Cycles), IsNumber: true),
        new("figure", step => step.Figure?.Confidence.ToString().ToLowerInvariant() ?? ""),
        new("phase", step => step.Phase.Name),
        new("origin", step => step.Origin.ToString().ToLowerInvariant()),
    ];

    public static string Title(Trace trace) =>
        $"{trace.Syscall} by {PathKind.Of(trace.Path).Label} on {InputsLine.Of(trace.Inputs)}: {trace.Steps.Count} instructions, {Text.Cycles(trace.Cycles)} cycles";

    public static string PtRegsTitle(PtRegs registers) => $"pt_regs at {Text.Hex(registers.Address)}";

    private static string Instruction(TraceStep step) => step.Raised is { } vector ? $"{step.Text}  -> #{ExceptionNames.Mnemonic((Vector)vector)}" : step.Text;
}
