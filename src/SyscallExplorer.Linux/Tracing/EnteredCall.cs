using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What is known of a call once it has been entered.</summary>
/// <param name="Call">The call.</param>
/// <param name="Text">Its name and the arguments up to the first one that the call fills in.</param>
/// <param name="Waiting">How many arguments wait for the exit, or for their second part.</param>
/// <param name="Noted">What was put aside for the exit, by register.</param>
public sealed record EnteredCall(SyscallInvocation Call, string Text, int Waiting, ImmutableDictionary<int, string> Noted);
