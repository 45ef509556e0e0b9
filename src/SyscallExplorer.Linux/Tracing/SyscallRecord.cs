using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A system call from its entry to its return, in numbers and in text.</summary>
/// <param name="Pid">The calling task, by its thread number.</param>
/// <param name="IsCompat">Called by the 32-bit interface.</param>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Arguments">Six arguments at entry.</param>
/// <param name="Result">What it returned, a negated error number included; null while it has not returned, or never does.</param>
/// <param name="EnteredAt">The machine's clock at entry, in cycles.</param>
/// <param name="LeftAt">The clock at exit, null without a result.</param>
/// <param name="EntryText">What could be said at entry: the name and the arguments up to the first one that the call fills in.</param>
/// <param name="ExitText">The other arguments; empty without a result.</param>
/// <param name="ResultText">What follows the equals sign: the result, its meaning and what it brought; a question mark for a call that never returns.</param>
public sealed record SyscallRecord(
    int Pid, bool IsCompat, int Number, string Name, ImmutableArray<ulong> Arguments, long? Result, ulong EnteredAt, ulong? LeftAt,
    string EntryText, string ExitText, string ResultText);
