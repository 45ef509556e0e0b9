using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Hands out physical frames: those that were given back first, then fresh ones, one after the other. What it hands out is zero.</summary>
internal sealed class FrameAllocator(ulong next, ulong end, ImmutableStack<ulong> free, PhysicalMemory ram) : IFrameSource
{
    private static readonly byte[] s_zeroes = new byte[KernelLayout.PageSize];

    /// <summary>An allocator of fresh frames.</summary>
    public FrameAllocator(ulong next, ulong end, PhysicalMemory ram)
        : this(next, end, [], ram)
    {
    }

    /// <summary>The next fresh frame.</summary>
    public ulong Next { get; private set; } = next;

    /// <summary>The frames that were given back.</summary>
    public ImmutableStack<ulong> Free { get; private set; } = free;

    /// <summary>How many frames it took of those that were given back.</summary>
    public int TakenFromFree { get; private set; }

    /// <inheritdoc/>
    public ulong? TryTake()
    {
        if (Free.IsEmpty)
            return TryTakeAdjoining(1);
        Free = Free.Pop(out ulong frame);
        TakenFromFree++;
        ram.Write(frame, s_zeroes);
        return frame;
    }

    /// <summary>Takes a number of adjoining fresh frames, aligned to their size rounded up to a power of two.</summary>
    /// <returns>The physical address, or null when RAM is used up.</returns>
    public ulong? TryTakeAdjoining(int frames)
    {
        ulong bytes = System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)frames) * KernelLayout.PageSize;
        ulong address = (Next + bytes - 1) & ~(bytes - 1);
        if (address + bytes > end)
            return null;
        Next = address + bytes;
        return address;
    }
}
