namespace SyscallExplorer.Machine;

/// <summary>What the front end loses where code goes on elsewhere, though it was predicted. All are core cycles.</summary>
/// <param name="Jump">From a direct jump that is taken to the next branch that is: 1 where nothing is lost.</param>
/// <param name="Indirect">The same of an indirect jump or call.</param>
/// <param name="Call">Of a direct call.</param>
/// <param name="Return">Of a return.</param>
/// <param name="Unknown">What comes on top where the branch target buffer does not have a direct branch and the decoder finds it.</param>
/// <param name="Ahead">How far prediction and fetch run ahead of issue, and hide what they lose.</param>
/// <param name="Source">Where this is published, or what it rests on.</param>
/// <param name="Confidence">How well it is supported.</param>
public sealed record TakenBranchGeometry(int Jump, int Indirect, int Call, int Return, int Unknown, int Ahead, string Source, Confidence Confidence);
