namespace SyscallExplorer.Machine.Tests;

/// <summary>An event that reached its handler, as the handler's stack shows it.</summary>
public sealed record TakenException(Vector Vector, uint? ErrorCode, ulong Rip, ushort Cs, ulong Flags, ulong Rsp, ushort Ss);

/// <summary>The end of a piece of code on a bench.</summary>
/// <param name="Result">What the processor said.</param>
/// <param name="Exception">The exception that ended the code; null when it came to its end.</param>
/// <param name="Rsp">The code's own stack pointer at its end.</param>
/// <param name="Flags">The code's own flags at its end.</param>
public sealed record BenchRun(RunResult Result, TakenException? Exception, ulong Rsp, ulong Flags);
