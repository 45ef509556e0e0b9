namespace SyscallExplorer.Machine;

/// <summary>One cache: sets of lines by physical address, the least recently used line leaves. Sets that were never used take no room.</summary>
internal sealed class CacheLevel
{
    public const int LineShift = 6;

    private readonly ulong[]?[] _sets;
    private readonly int _ways;

    public CacheLevel(CacheLevelGeometry geometry)
    {
        _ways = geometry.Ways;
        _sets = new ulong[]?[geometry.Exists ? (geometry.Kib << 10 >> LineShift) / geometry.Ways : 0];
    }

    private CacheLevel(CacheLevel other)
    {
        _ways = other._ways;
        _sets = new ulong[]?[other._sets.Length];
        CopyFrom(other);
    }

    public CacheLevel Clone() => new(this);

    public void CopyFrom(CacheLevel other)
    {
        for (int i = 0; i < _sets.Length; i++)
            _sets[i] = (ulong[]?)other._sets[i]?.Clone();
    }

    public void Clear() => Array.Clear(_sets);

    /// <summary>Looks a line up and brings it in.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Touch(ulong physical)
    {
        if (_sets.Length == 0)
            return false;
        ulong line = physical >> LineShift;

        // 0 marks an empty way, so lines are kept with one added.
        ulong mark = line + 1;
        ref ulong[]? set = ref _sets[(int)(line % (ulong)_sets.Length)];
        set ??= new ulong[_ways];
        int place = Array.IndexOf(set, mark);
        bool hit = place >= 0;
        Array.Copy(set, 0, set, 1, hit ? place : _ways - 1);
        set[0] = mark;
        return hit;
    }
}
