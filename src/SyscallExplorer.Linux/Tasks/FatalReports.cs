using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What an exception left: <c>thread.trap_nr</c>, <c>error_code</c> and <c>cr2</c>.</summary>
/// <param name="Vector">Its vector.</param>
/// <param name="ErrorCode">Its error code, or 0.</param>
/// <param name="FaultAddress">CR2, for a page fault.</param>
internal sealed record Trap(Vector Vector, ulong ErrorCode, ulong FaultAddress);

/// <summary>Makes the report of an exception that nobody survives.</summary>
internal static class FatalReports
{
    private const int Lines = 6;
    private const int MaxInstruction = 15;

    public static FatalReport Make(LinuxMachine machine, int signal, Trap trap, PtRegs frame)
    {
        (Vector vector, ulong error, ulong faultAddress) = trap;
        ulong rip = frame[PtRegsOffsets.Ip];
        bool compat = IsNarrow(machine, frame);
        string what = $"#{ExceptionNames.Mnemonic(vector)}"
            + (vector == Vector.PageFault ? $" at {faultAddress:x}h ({PageFaultText(error)})" : error is 0 or ulong.MaxValue ? "" : $"({error:x}h)");
        string where = machine.SymbolText(rip);
        string title = signal == 0
            ? $"Kernel panic: {what} in ring {frame[PtRegsOffsets.Cs] & 3} at {where}."
            : $"The program was killed by {SignalNumbers.Name(signal)}: {what} at {where}.";
        return new FatalReport(title, signal, (int)vector, error, faultAddress, frame, Disassemble(machine, rip, compat ? 32 : 64));
    }

    /// <summary>The report of a signal that somebody sent.</summary>
    public static FatalReport Make(LinuxMachine machine, SignalInfo info, PtRegs frame)
    {
        ulong rip = frame[PtRegsOffsets.Ip];
        bool isFromProcess = info.Code <= SignalCodes.User && info.Process != 0;
        string from = !isFromProcess ? "" : info.Process == machine.Process.Id ? ", which it sent itself," : $", which process {info.Process} sent,";
        string title = $"The program was killed by {SignalNumbers.Name(info.Signal)}{from} at {machine.SymbolText(rip)}.";
        int bitness = IsNarrow(machine, frame) ? 32 : 64;
        return new FatalReport(title, info.Signal, FatalReport.NoVector, 0, 0, frame, Disassemble(machine, rip, bitness));
    }

    private static bool IsNarrow(LinuxMachine machine, PtRegs frame) =>
        machine.Architecture.IsNative32 || frame[PtRegsOffsets.Cs] == Selectors.User32Cs;

    private static List<ReportLine> Disassemble(LinuxMachine machine, ulong rip, int bitness)
    {
        byte[] bytes = machine.Processor.ReadCode(rip, Lines * MaxInstruction);
        if (bytes.Length == 0)
            return [new ReportLine(rip, "(not mapped)", true)];
        return Disassembler.Lines(bytes, bitness, rip).Take(Lines).Select(line => new ReportLine(line.Address, line.Text, line.Address == rip)).ToList();
    }

    private static string PageFaultText(ulong error) =>
        ((error & PageFaultError.User) != 0 ? "user " : "kernel ")
        + ((error & PageFaultError.Instruction) != 0 ? "fetch" : (error & PageFaultError.Write) != 0 ? "write" : "read")
        + ((error & PageFaultError.Protection) != 0 ? ", protection" : ", not mapped");
}
