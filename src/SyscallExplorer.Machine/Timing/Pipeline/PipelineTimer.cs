namespace SyscallExplorer.Machine;

/// <summary>The core and its caches, and what has happened to the instruction that is being executed.</summary>
internal sealed class PipelineTimer
{
    private readonly PipelineGeometry _geometry;
    private readonly TakenBranchGeometry _taken;
    private readonly OutOfOrderCore _core;
    private readonly CacheHierarchy _caches;

    /// <summary>Figures of events that have the core for themselves, 1/256 cycles.</summary>
    private long _pending;
    private int _fetchDelay;
    private int _dataDelay;
    private bool _isMispredicted;
    private bool _isUnknownTarget;
    private ulong _line = ulong.MaxValue;

    public PipelineTimer(PipelineGeometry geometry, TakenBranchGeometry taken)
    {
        _geometry = geometry;
        _taken = taken;
        _core = new OutOfOrderCore(geometry, taken.Ahead);
        _caches = new CacheHierarchy(geometry);
    }

    private PipelineTimer(PipelineTimer other)
    {
        _geometry = other._geometry;
        _taken = other._taken;
        _core = other._core.Clone();
        _caches = other._caches.Clone();
        (_pending, _fetchDelay, _dataDelay, _line) = (other._pending, other._fetchDelay, other._dataDelay, other._line);
        (_isMispredicted, _isUnknownTarget) = (other._isMispredicted, other._isUnknownTarget);
    }

    public PipelineGeometry Geometry => _geometry;

    public PipelineTimer Clone() => new(this);

    /// <summary>Empties the core's own caches.</summary>
    public void ForgetCaches()
    {
        _caches.ClearOwn();
        _line = ulong.MaxValue;
    }

    /// <summary>An event happened to the instruction.</summary>
    public void Note(TimingEvent timingEvent, Figure figure)
    {
        switch (timingEvent)
        {
            case TimingEvent.BranchMispredict:
                _isMispredicted = true;
                break;
            case TimingEvent.ItlbMissStlbHit:
                _fetchDelay += Cycles(figure);
                break;
            case TimingEvent.DtlbMissStlbHit:
                _dataDelay += Cycles(figure);
                break;
            case TimingEvent.PageWalk4K or TimingEvent.PageWalk2M:
                // The entries that were read have been loaded through the caches.
                break;
            default:
                _pending += figure.Cost;
                break;
        }
    }

    /// <summary>The branch target buffer did not have a direct branch.</summary>
    public void NoteUnknownTarget() => _isUnknownTarget = true;

    /// <summary>The page tables were walked: each entry is a load that waits for the one before.</summary>
    public void NoteWalk(PagePath path, PageAccess access)
    {
        int cycles = path.Steps.Sum(step => _caches.Load(step.Address));
        if (access == PageAccess.Execute)
            _fetchDelay += cycles;
        else
            _dataDelay += cycles;
    }

    /// <summary>Code is fetched.</summary>
    /// <param name="physical">Physical address of the instruction's first byte.</param>
    /// <param name="lastByte">Of its last byte.</param>
    public void Fetch(ulong physical, ulong lastByte)
    {
        if (physical >> CacheLevel.LineShift != _line)
            _fetchDelay += _caches.Fetch(physical);
        if (lastByte >> CacheLevel.LineShift != physical >> CacheLevel.LineShift)
            _fetchDelay += _caches.Fetch(lastByte);
        _line = lastByte >> CacheLevel.LineShift;
    }

    /// <summary>Cycles of a load from the cache that has it.</summary>
    public int Load(ulong physical) => _caches.Load(physical);

    /// <summary>The instruction has been executed.</summary>
    /// <param name="instruction">What it is.</param>
    /// <param name="loadLatency">Cycles of its load, without what its translation took.</param>
    /// <param name="loadAddress">Linear address of its load.</param>
    /// <param name="storeAddress">Linear address of its store.</param>
    /// <param name="isTaken">Whether it was a branch that was taken.</param>
    /// <returns>1/256 cycles.</returns>
    public long Retire(TimedInstruction instruction, int loadLatency, ulong? loadAddress, ulong? storeAddress, bool isTaken)
    {
        if (instruction.Timing is null || _pending != 0)
            return Drain(instruction.Figure.Cost);
        int taken = isTaken && !_isMispredicted ? CyclesOf(instruction.Branch) + (_isUnknownTarget ? _taken.Unknown : 0) : 0;
        var effects = new PipelineEffects(loadLatency + _dataDelay, loadAddress, storeAddress, _dataDelay, _fetchDelay, taken, _isMispredicted);
        (_fetchDelay, _dataDelay, _isMispredicted, _isUnknownTarget) = (0, 0, false, false);
        return _core.Retire(instruction, effects);
    }

    /// <summary>Settles the events that no instruction has paid for.</summary>
    /// <returns>1/256 cycles.</returns>
    public long Settle() => _pending == 0 && _dataDelay == 0 ? 0 : Drain(0);

    /// <summary>Something that has the core for itself, with all events that are pending.</summary>
    public long Drain(long cost)
    {
        long mispredicted = _isMispredicted ? _geometry.Mispredict : 0;
        long all = cost + _pending + ((_dataDelay + mispredicted) * Figure.UnitsPerCycle);
        int fetchDelay = _fetchDelay;
        (_pending, _fetchDelay, _dataDelay, _isMispredicted, _isUnknownTarget) = (0, 0, 0, false, false);
        return _core.Drain(all, fetchDelay);
    }

    private int CyclesOf(BranchKind kind) => kind switch
    {
        BranchKind.Indirect => _taken.Indirect,
        BranchKind.Call => _taken.Call,
        BranchKind.Return => _taken.Return,
        _ => _taken.Jump,
    };

    private static int Cycles(Figure figure) => (int)((figure.Cost + (Figure.UnitsPerCycle / 2)) / Figure.UnitsPerCycle);
}
