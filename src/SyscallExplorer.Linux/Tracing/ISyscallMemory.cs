namespace SyscallExplorer.Linux;

/// <summary>The memory of a task that makes a system call, as its tracer sees it.</summary>
public interface ISyscallMemory
{
    /// <summary>Bytes in a <c>long</c> or a pointer of the task: 8 or 4.</summary>
    int WordSize { get; }

    /// <summary>Reads user memory. Nothing is changed by it: no page is brought in, no fault is raised.</summary>
    /// <returns>False when any byte of it cannot be read; the destination then holds nothing of use.</returns>
    bool TryRead(ulong address, Span<byte> destination);
}
