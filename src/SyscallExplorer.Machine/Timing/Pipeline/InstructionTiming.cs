using System.Collections.Immutable;

namespace SyscallExplorer.Machine;

/// <summary>One execution micro-operation: it keeps one of a set of ports busy.</summary>
/// <param name="Ports">The set, bit n for the n-th of <see cref="PipelineGeometry.Ports"/>.</param>
/// <param name="Cycles">For how many cycles.</param>
public readonly record struct PortUse(uint Ports, int Cycles);

/// <summary>What the Pipeline depth knows of an instruction that is not microcoded.</summary>
/// <param name="Uops">Places it takes in the front end and in the reorder buffer.</param>
/// <param name="Latency">Cycles from its register sources to its result; a load before it is not counted.</param>
/// <param name="Uses">Its execution micro-operations, loads and stores among them.</param>
public sealed record InstructionTiming(int Uops, int Latency, ImmutableArray<PortUse> Uses);
