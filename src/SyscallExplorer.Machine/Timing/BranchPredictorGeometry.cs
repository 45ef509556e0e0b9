namespace SyscallExplorer.Machine;

/// <summary>The sizes of the modelled branch predictor.</summary>
/// <param name="ConditionalCounters">Two-bit counters for conditional branches; a power of two.</param>
/// <param name="TargetEntries">Entries of the branch target buffer; a power of two.</param>
/// <param name="ReturnStackEntries">Depth of the return stack.</param>
/// <param name="Taken">What a branch that is taken costs the front end.</param>
/// <param name="Source">Where the sizes are published, or what an assumption rests on.</param>
/// <param name="Confidence">How well they are supported.</param>
public sealed record BranchPredictorGeometry(int ConditionalCounters, int TargetEntries, int ReturnStackEntries, TakenBranchGeometry Taken, string Source, Confidence Confidence);
