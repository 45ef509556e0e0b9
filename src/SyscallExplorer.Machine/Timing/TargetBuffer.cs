namespace SyscallExplorer.Machine;

/// <summary>A branch target buffer: where branches went the last time, in sets of four that keep those which came last.</summary>
internal sealed class TargetBuffer
{
    private const int MostWays = 4, UpperBits = 14;
    private readonly int _ways;
    private readonly ulong[] _branches;
    private readonly ulong[] _targets;

    /// <param name="entries">A power of two.</param>
    public TargetBuffer(int entries)
    {
        _ways = Math.Min(MostWays, entries);
        _branches = new ulong[entries];
        _targets = new ulong[entries];
    }

    private TargetBuffer(TargetBuffer other)
    {
        _ways = other._ways;
        _branches = (ulong[])other._branches.Clone();
        _targets = (ulong[])other._targets.Clone();
    }

    public TargetBuffer Clone() => new(this);

    /// <summary>Learns where a branch goes.</summary>
    /// <returns>Whether that was known.</returns>
    public bool Learn(ulong branch, ulong target)
    {
        int set = SetOf(branch);
        Span<ulong> branches = _branches.AsSpan(set, _ways), targets = _targets.AsSpan(set, _ways);
        int way = 0;
        while (way < _ways - 1 && branches[way] != branch)
            way++;
        bool isKnown = branches[way] == branch && targets[way] == target;
        branches[..way].CopyTo(branches[1..]);
        targets[..way].CopyTo(targets[1..]);
        (branches[0], targets[0]) = (branch, target);
        return isKnown;
    }

    public void Clear()
    {
        Array.Clear(_branches);
        Array.Clear(_targets);
    }

    public void CopyFrom(TargetBuffer other)
    {
        other._branches.CopyTo(_branches, 0);
        other._targets.CopyTo(_targets, 0);
    }

    /// <summary>The first entry of the set that a branch may be in.</summary>
    private int SetOf(ulong branch) => (int)((branch ^ (branch >> UpperBits)) % (ulong)(_branches.Length / _ways)) * _ways;
}
