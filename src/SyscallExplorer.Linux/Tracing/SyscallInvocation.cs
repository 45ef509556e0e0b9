using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A system call as it enters the kernel.</summary>
/// <param name="Pid">The calling task, by its thread number.</param>
/// <param name="IsCompat">Called by the 32-bit interface.</param>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name in the kernel's table, or null when the table has none.</param>
/// <param name="Arguments">Six arguments; those of a 32-bit call are zero-extended.</param>
/// <param name="StackPointer">The caller's stack pointer, where the calls that end a signal handler find their frame.</param>
/// <param name="Clock">The machine's clock, in cycles.</param>
public sealed record SyscallInvocation(int Pid, bool IsCompat, int Number, string? Name, ImmutableArray<ulong> Arguments, ulong StackPointer, ulong Clock)
{
    /// <summary>The name, or what strace writes for a number without one, such as <c>syscall_0x3e7</c>.</summary>
    public string DisplayName => Name ?? $"syscall_0x{Number:x}";
}
