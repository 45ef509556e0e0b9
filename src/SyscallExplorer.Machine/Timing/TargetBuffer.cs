namespace SyscallExplorer.Machine;

/// <summary>A branch target buffer: where branches went the last time, in sets of four that keep those which came last.</summary>
internal sealed class TargetBuffer
{
    private const int MostWays = 4, UpperBits = 14;
    private readonly int _ways;
    private readonly Entry[] _entries;

    /// <param name="entries">A power of two.</param>
    public TargetBuffer(int entries)
    {
        _ways = Math.Min(MostWays, entries);
        _entries = new Entry[entries];
    }

    /// <summary>Learns where a branch goes.</summary>
    /// <returns>Whether that was known.</returns>
    public bool Learn(ulong branch, ulong target)
    {
        Span<Entry> set = SetOf(branch);
        int way = 0;
        while (way < set.Length - 1 && set[way].Branch != branch)
            way++;
        var entry = new Entry(branch, target);
        bool isKnown = set[way] == entry;
        set[..way].CopyTo(set[1..]);
        set[0] = entry;
        return isKnown;
    }

    public void Clear() => Array.Clear(_entries);

    public void CopyFrom(TargetBuffer other) => other._entries.CopyTo(_entries, 0);

    private Span<Entry> SetOf(ulong branch)
    {
        ulong sets = (ulong)(_entries.Length / _ways);
        return _entries.AsSpan((int)((branch ^ (branch >> UpperBits)) % sets) * _ways, _ways);
    }

    private readonly record struct Entry(ulong Branch, ulong Target);
}
