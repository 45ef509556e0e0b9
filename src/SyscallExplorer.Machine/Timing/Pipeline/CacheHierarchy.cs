namespace SyscallExplorer.Machine;

/// <summary>The caches of one core. A line is brought into every level on its way; instructions and data share all levels but the first.</summary>
internal sealed class CacheHierarchy
{
    private readonly PipelineGeometry _geometry;
    private readonly CacheLevel _l1Instruction;
    private readonly CacheLevel _l1Data;
    private readonly CacheLevel _l2;
    private readonly CacheLevel _l3;

    public CacheHierarchy(PipelineGeometry geometry)
    {
        _geometry = geometry;
        _l1Instruction = new CacheLevel(geometry.L1Instruction);
        _l1Data = new CacheLevel(geometry.L1Data);
        _l2 = new CacheLevel(geometry.L2);
        _l3 = new CacheLevel(geometry.L3);
    }

    private CacheHierarchy(CacheHierarchy other)
    {
        _geometry = other._geometry;
        _l1Instruction = other._l1Instruction.Clone();
        _l1Data = other._l1Data.Clone();
        _l2 = other._l2.Clone();
        _l3 = other._l3.Clone();
    }

    public CacheHierarchy Clone() => new(this);

    public void CopyFrom(CacheHierarchy other)
    {
        _l1Instruction.CopyFrom(other._l1Instruction);
        _l1Data.CopyFrom(other._l1Data);
        _l2.CopyFrom(other._l2);
        _l3.CopyFrom(other._l3);
    }

    /// <summary>Empties what the core has for itself, as other work on it would; the last level keeps its lines.</summary>
    public void ClearOwn()
    {
        _l1Instruction.Clear();
        _l1Data.Clear();
        _l2.Clear();
    }

    /// <summary>Cycles from a data address to its value.</summary>
    public int Load(ulong physical) =>
        !_geometry.L1Data.Exists || _l1Data.Touch(physical) ? _geometry.LoadLatency : BelowFirst(physical);

    /// <summary>Cycles that the front end waits for a line of code; 0 where the first level has it.</summary>
    public int Fetch(ulong physical)
    {
        if (!_geometry.L1Instruction.Exists || _l1Instruction.Touch(physical))
            return 0;
        int cycles = BelowFirst(physical);

        // Code is fetched in sequence, so that the next line is on its way too.
        ulong next = physical + (1ul << CacheLevel.LineShift);
        if (!_l1Instruction.Touch(next))
            BelowFirst(next);
        return cycles;
    }

    private int BelowFirst(ulong physical)
    {
        if (_geometry.L2.Exists && _l2.Touch(physical))
            return _geometry.L2.Latency;
        return _geometry.L3.Exists && _l3.Touch(physical) ? _geometry.L3.Latency : _geometry.Memory;
    }
}
