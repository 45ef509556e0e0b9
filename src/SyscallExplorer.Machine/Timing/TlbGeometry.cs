namespace SyscallExplorer.Machine;

/// <summary>The sizes of a microarchitecture's TLBs. As many ways as entries means fully associative.</summary>
/// <param name="L1InstructionEntries">First-level instruction TLB: entries for 4 KiB pages.</param>
/// <param name="L1InstructionWays">First-level instruction TLB: ways for 4 KiB pages.</param>
/// <param name="L1Instruction2MEntries">First-level instruction TLB: entries for 2 MiB pages.</param>
/// <param name="L1DataEntries">First-level data TLB: entries for 4 KiB pages.</param>
/// <param name="L1DataWays">First-level data TLB: ways for 4 KiB pages.</param>
/// <param name="L1Data2MEntries">First-level data TLB: entries for 2 MiB pages.</param>
/// <param name="L2Entries">Second-level TLB: entries.</param>
/// <param name="L2Ways">Second-level TLB: ways.</param>
/// <param name="L2Holds2M">Whether the second level holds 2 MiB pages too.</param>
/// <param name="Source">Where these sizes are published.</param>
/// <param name="Confidence">How well they are supported.</param>
public sealed record TlbGeometry(
    int L1InstructionEntries,
    int L1InstructionWays,
    int L1Instruction2MEntries,
    int L1DataEntries,
    int L1DataWays,
    int L1Data2MEntries,
    int L2Entries,
    int L2Ways,
    bool L2Holds2M,
    string Source,
    Confidence Confidence);
