using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>One instruction of a traced round trip; registers are as the instruction found them.</summary>
/// <param name="Index">Its place, from 0.</param>
/// <param name="Rip">Its address.</param>
/// <param name="Symbol">The kernel's symbol and distance, such as <c>do_syscall_64+0x1c</c>; empty in user mode.</param>
/// <param name="Text">Disassembly in Intel's syntax.</param>
/// <param name="Ring">Privilege level, 0 or 3.</param>
/// <param name="Cr3">CR3.</param>
/// <param name="GsBase">GS base.</param>
/// <param name="Rsp">Stack pointer.</param>
/// <param name="Cost">1/256 cycles, its events included.</param>
/// <param name="Phase">Its phase.</param>
/// <param name="Origin">How its code came to be.</param>
/// <param name="Raised">The vector of an exception or interrupt delivered at its end, or null.</param>
public sealed record TraceStep(
    int Index, ulong Rip, string Symbol, string Text, int Ring, ulong Cr3, ulong GsBase, ulong Rsp, long Cost, Phase Phase, CodeOrigin Origin, int? Raised)
{
    /// <summary>The figure that its cost rests on; null at an interrupt and at an iteration of a string instruction that is not its last.</summary>
    public Figure? Figure { get; init; }

    /// <summary>Cycles.</summary>
    public double Cycles => Cost / 256.0;
}

/// <summary>Every instruction of one round trip, from the one that enters the kernel to the one that leaves it.</summary>
/// <param name="Inputs">What it rests on.</param>
/// <param name="Syscall">The call's name.</param>
/// <param name="Path">By which path.</param>
/// <param name="Steps">The instructions.</param>
/// <param name="PtRegs">The program's registers on the kernel's stack, read from guest memory where the C code begins.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record Trace(LabInputs Inputs, string Syscall, EntryPath Path, IReadOnlyList<TraceStep> Steps, PtRegs? PtRegs) : IHasInputs
{
    /// <summary>1/256 cycles of the round trip.</summary>
    public long Cost => Steps.Sum(step => step.Cost);

    /// <summary>Cycles of the round trip.</summary>
    public double Cycles => Cost / 256.0;
}
