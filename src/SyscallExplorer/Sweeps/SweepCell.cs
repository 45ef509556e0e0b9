using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>One path on one kernel, processor and command line.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Cpu">The processor.</param>
/// <param name="Preset">The command line, by its name.</param>
/// <param name="Path">The path.</param>
/// <param name="Cost">What a call costs, or null where there is no such path.</param>
/// <param name="Refusal">Why there is none, or null.</param>
public sealed record SweepCell(string Kernel, string Cpu, string Preset, EntryPath Path, SweepCost? Cost, string? Refusal);

/// <summary>What a call costs in a cell of a sweep.</summary>
/// <param name="Cycles">Core cycles.</param>
/// <param name="LowCycles">With every figure at the low end of its interval.</param>
/// <param name="HighCycles">With every figure at the high end of its interval.</param>
/// <param name="ColdCycles">Of a call that finds the core cold.</param>
/// <param name="Nanoseconds">At the processor's nominal clock.</param>
/// <param name="AssumedShare">The share, 0 to 1, that rests on assumed figures.</param>
/// <param name="Weakest">The weakest confidence among them.</param>
public sealed record SweepCost(
    double Cycles, double LowCycles, double HighCycles, double ColdCycles, double Nanoseconds, double AssumedShare, Confidence Weakest);

/// <summary>How far a sweep is.</summary>
/// <param name="Done">Cells that are done.</param>
/// <param name="Total">All cells.</param>
public readonly record struct SweepProgress(int Done, int Total);
