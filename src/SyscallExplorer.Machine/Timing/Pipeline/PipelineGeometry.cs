using System.Collections.Immutable;

namespace SyscallExplorer.Machine;

/// <summary>One level of the modelled caches. All have lines of 64 bytes and replace the line that was used longest ago.</summary>
/// <param name="Kib">Size in KiB; 0 where the processor has no such cache.</param>
/// <param name="Ways">Associativity.</param>
/// <param name="Latency">Cycles of a load that this level answers; at the first level <see cref="PipelineGeometry.LoadLatency"/> says it.</param>
public sealed record CacheLevelGeometry(int Kib, int Ways, int Latency)
{
    /// <summary>A cache that is not there.</summary>
    public static CacheLevelGeometry None { get; } = new(0, 1, 0);

    /// <summary>Whether there is such a cache.</summary>
    public bool Exists => Kib > 0;
}

/// <summary>What the Pipeline depth of timing knows of a core: widths, ports, latencies of memory, caches.</summary>
/// <param name="IssueWidth">Micro-operations a cycle that the front end hands on.</param>
/// <param name="RetireWidth">Micro-operations a cycle that retire.</param>
/// <param name="ReorderBuffer">Micro-operations in flight.</param>
/// <param name="Ports">The names of the execution ports; bit n of a set of ports is the n-th.</param>
/// <param name="Loads">The ports of which one load takes one.</param>
/// <param name="StoreAddress">The ports of which a store's address takes one; none where the core has no micro-operation for it.</param>
/// <param name="StoreData">The ports of which a store's data takes one.</param>
/// <param name="LoadLatency">Cycles from the address to the value, in the first-level cache.</param>
/// <param name="StoreForward">Cycles from a store's data to a load of the same address.</param>
/// <param name="Mispredict">Cycles from a branch's resolution to the first right instruction's issue.</param>
/// <param name="L1Instruction">First-level instruction cache.</param>
/// <param name="L1Data">First-level data cache.</param>
/// <param name="L2">Second level.</param>
/// <param name="L3">Third level.</param>
/// <param name="Memory">Cycles of a load from memory, at the nominal clock.</param>
/// <param name="Source">Where this is published, or what it rests on.</param>
/// <param name="Confidence">How well it is supported.</param>
public sealed record PipelineGeometry(
    int IssueWidth,
    int RetireWidth,
    int ReorderBuffer,
    ImmutableArray<string> Ports,
    uint Loads,
    uint StoreAddress,
    uint StoreData,
    int LoadLatency,
    int StoreForward,
    int Mispredict,
    CacheLevelGeometry L1Instruction,
    CacheLevelGeometry L1Data,
    CacheLevelGeometry L2,
    CacheLevelGeometry L3,
    int Memory,
    string Source,
    Confidence Confidence);
