namespace SyscallExplorer.Machine;

/// <summary>The last stores, from which later loads of the same address take their value.</summary>
internal sealed class StoreQueue
{
    /// <summary>More than any core holds, fewer than would make a search slow.</summary>
    private const int Entries = 64;

    /// <summary>Beyond <see cref="PipelineGeometry.StoreForward"/>, for a load that one store covers in part only: it waits until the store has reached the cache.</summary>
    private const int PartialPenalty = 8;

    private readonly Entry[] _entries = new Entry[Entries];
    private int _next;

    public void CopyFrom(StoreQueue other)
    {
        other._entries.CopyTo(_entries, 0);
        _next = other._next;
    }

    /// <summary>Notes a store.</summary>
    /// <param name="address">Linear address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="data">The cycle in which the data is there.</param>
    /// <param name="stored">The cycle in which address and data are there.</param>
    public void Add(ulong address, int size, long data, long stored)
    {
        _entries[_next] = new Entry(address, size, data, stored);
        _next = (_next + 1) % Entries;
    }

    /// <summary>When a load has its value.</summary>
    /// <param name="address">Linear address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="loaded">When the cache would give it.</param>
    /// <param name="forward">Cycles from a store's data to the load.</param>
    public long Feed(ulong address, int size, long loaded, int forward)
    {
        for (int i = 1; i <= Entries; i++)
        {
            ref readonly Entry entry = ref _entries[(_next - i + Entries) % Entries];
            if (entry.Size == 0)
                return loaded;
            bool overlaps = entry.Address < address + (ulong)size && address < entry.Address + (ulong)entry.Size;
            if (!overlaps)
                continue;
            bool covers = entry.Address <= address && address + (ulong)size <= entry.Address + (ulong)entry.Size;
            return Math.Max(loaded, covers ? entry.Data + forward : entry.Stored + forward + PartialPenalty);
        }

        return loaded;
    }

    private readonly record struct Entry(ulong Address, int Size, long Data, long Stored);
}
