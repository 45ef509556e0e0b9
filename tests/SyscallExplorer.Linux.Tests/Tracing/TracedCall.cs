using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace SyscallExplorer.Linux.Tests;

/// <summary>One call in the words of strace.</summary>
internal static partial class TracedCall
{
    private const int Pid = 100;

    private static readonly StraceOptions s_options = StraceOptions.Default with { Follow = false };

    /// <summary>The line of a 64-bit call, without the spaces that align its result.</summary>
    internal static string Line(string name, long result, params ulong[] arguments) => Line(name, result, new CallMemory(8), arguments);

    /// <summary>The line of a call with memory; the result is computed, and the memory filled, between entry and exit.</summary>
    internal static string Line(string name, long result, CallMemory memory, ulong[] arguments, Action? body = null, ulong stackPointer = 0)
    {
        var log = new StraceLog(s_options);
        log = log.Enter(Invocation(name, memory.WordSize == 4, stackPointer, arguments), memory);
        body?.Invoke();
        return Unaligned(log.Leave(Pid, result, memory, 0).ToString().TrimEnd('\n'));
    }

    internal static SyscallInvocation Invocation(string? name, bool compat, ulong stackPointer, ulong[] arguments, int pid = Pid, int number = 999) =>
        new(pid, compat, number, name, [.. arguments.Concat(new ulong[6]).Take(6)], stackPointer, 0);

    internal static string Unaligned(string line) => Alignment().Replace(line, ") =");

    [GeneratedRegex(@"\) +=(?= [^=]*$)")]
    private static partial Regex Alignment();
}
