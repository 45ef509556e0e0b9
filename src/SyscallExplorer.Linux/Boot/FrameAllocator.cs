namespace SyscallExplorer.Linux;

/// <summary>Hands out physical frames, one after the other.</summary>
internal sealed class FrameAllocator(ulong next, ulong end)
{
    /// <summary>The next free frame.</summary>
    public ulong Next { get; private set; } = next;

    /// <summary>Takes a number of adjoining frames, aligned to their size rounded up to a power of two.</summary>
    /// <returns>The physical address, or null when RAM is used up.</returns>
    public ulong? TryTake(int frames = 1)
    {
        ulong bytes = System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)frames) * KernelLayout.PageSize;
        ulong address = (Next + bytes - 1) & ~(bytes - 1);
        if (address + bytes > end)
            return null;
        Next = address + bytes;
        return address;
    }
}
