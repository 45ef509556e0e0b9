namespace SyscallExplorer.Linux;

/// <summary>The current task's system call, read from its registers where the kernel enters or leaves it.</summary>
/// <param name="Task">The calling task, by its thread number.</param>
/// <param name="IsCompat">Called by the 32-bit interface.</param>
/// <param name="Number">Its number.</param>
/// <param name="Result">What it returns, a negated error number included; at its entry nothing of use.</param>
public readonly record struct CallAtPoint(int Task, bool IsCompat, int Number, long Result);
