namespace SyscallExplorer.Machine;

/// <summary>What memory and prediction did to one instruction.</summary>
/// <param name="LoadLatency">Cycles from the address to the value, misses and page walks included.</param>
/// <param name="LoadAddress">Linear address of the load; null where no store can feed it.</param>
/// <param name="StoreAddress">Linear address of the store; null where nobody asks for it.</param>
/// <param name="StoreDelay">Cycles that the store waits for its translation.</param>
/// <param name="FetchDelay">Cycles that the front end waited for its bytes.</param>
/// <param name="TakenCycles">Of a branch that was taken as predicted, the cycles to the next one that can be; 0 of everything else.</param>
/// <param name="IsMispredicted">Whether it was a branch that was predicted wrongly.</param>
internal readonly record struct PipelineEffects(
    int LoadLatency, ulong? LoadAddress, ulong? StoreAddress, int StoreDelay, int FetchDelay, int TakenCycles, bool IsMispredicted);

/// <summary>
/// The out-of-order model of a core. Instructions come in program order, as they were executed; each issues as soon as the front end's width and the
/// reorder buffer allow, executes as soon as its sources and a port are free, and retires behind its predecessor. An instruction costs its retirement
/// minus its predecessor's. A microcoded or system instruction waits for all before it, and all behind it wait for it.
/// </summary>
internal sealed class OutOfOrderCore
{
    private readonly PipelineGeometry _geometry;
    private readonly PortSchedule _ports;
    private readonly StoreQueue _stores;
    private readonly long[] _ready = new long[TimedInstruction.Resources];
    private readonly long[] _reorderBuffer;
    private int _nextEntry;
    private readonly int _ahead;
    private long _frontEnd;
    private long _predicted;
    private long _issueCycle;
    private int _issued;
    private long _retireCycle;
    private int _retired;
    private long _fraction;
    private bool _mayFuse;

    /// <param name="geometry">The core.</param>
    /// <param name="ahead">Cycles that prediction and fetch run ahead of issue at most.</param>
    public OutOfOrderCore(PipelineGeometry geometry, int ahead)
    {
        _ahead = ahead;
        _geometry = geometry;
        _ports = new PortSchedule(geometry.Ports.Length);
        _stores = new StoreQueue();
        _reorderBuffer = new long[geometry.ReorderBuffer];
    }

    private OutOfOrderCore(OutOfOrderCore other)
        : this(other._geometry, other._ahead) => CopyFrom(other);

    public OutOfOrderCore Clone() => new(this);

    public void CopyFrom(OutOfOrderCore other)
    {
        _ports.CopyFrom(other._ports);
        _stores.CopyFrom(other._stores);
        other._ready.CopyTo(_ready, 0);
        other._reorderBuffer.CopyTo(_reorderBuffer, 0);
        (_nextEntry, _frontEnd, _predicted, _issueCycle, _issued) = (other._nextEntry, other._frontEnd, other._predicted, other._issueCycle, other._issued);
        (_retireCycle, _retired, _fraction, _mayFuse) = (other._retireCycle, other._retired, other._fraction, other._mayFuse);
    }

    /// <summary>An instruction or event that has the core for itself.</summary>
    /// <param name="cost">1/256 cycles.</param>
    /// <param name="fetchDelay">Cycles that the front end waited for its bytes.</param>
    /// <returns>1/256 cycles from the last retirement.</returns>
    public long Drain(long cost, int fetchDelay)
    {
        WaitForFetch(fetchDelay);
        long begin = Math.Max(Math.Max(_retireCycle, _issueCycle), _frontEnd);
        long wait = (begin - _retireCycle) * Figure.UnitsPerCycle;
        long total = cost + _fraction;
        _fraction = total % Figure.UnitsPerCycle;
        long end = begin + (total / Figure.UnitsPerCycle);
        (_retireCycle, _retired, _issueCycle, _issued, _frontEnd, _predicted, _mayFuse) = (end, 0, end, 0, end, end, false);
        _ports.Reset(end);
        return wait + cost;
    }

    /// <summary>An ordinary instruction.</summary>
    /// <returns>1/256 cycles from the last retirement.</returns>
    public long Retire(TimedInstruction instruction, in PipelineEffects effects)
    {
        InstructionTiming timing = instruction.Timing!;
        WaitForFetch(effects.FetchDelay);
        bool isFused = instruction.IsConditionalBranch && _mayFuse;
        int uops = isFused ? 0 : timing.Uops;
        long issue = Issue(uops);
        _mayFuse = instruction.MayFuse;
        if (effects.TakenCycles > 0)
            GoElsewhere(issue, effects.TakenCycles);

        long done = Execute(instruction, timing, effects, issue);
        if (effects.IsMispredicted)
            _frontEnd = _predicted = done + _geometry.Mispredict;
        long before = _retireCycle;
        LeaveInOrder(uops, done);
        return (_retireCycle - before) * Figure.UnitsPerCycle;
    }

    private long Execute(TimedInstruction instruction, InstructionTiming timing, in PipelineEffects effects, long issue)
    {
        long address = Latest(instruction.AddressSources.AsSpan(), issue);
        long ready = Latest(instruction.Sources.AsSpan(), issue);
        if (instruction.Loads)
        {
            long start = _ports.Reserve(_geometry.Loads, 1, address);
            long loaded = start + effects.LoadLatency;
            if (effects.LoadAddress is { } from)
                loaded = _stores.Feed(from, SizeOf(instruction), loaded, _geometry.StoreForward);
            ready = Math.Max(ready, loaded);
        }

        long begin = ready;
        foreach (PortUse use in instruction.Operations)
            begin = Math.Max(begin, _ports.Reserve(use.Ports, use.Cycles, ready));
        long done = begin + timing.Latency;
        foreach (byte result in instruction.Results)
            _ready[result] = done;
        if (instruction.Stores)
        {
            if (_geometry.StoreAddress != 0)
                address = _ports.Reserve(_geometry.StoreAddress, 1, address);

            long data = _ports.Reserve(_geometry.StoreData, 1, DataOf(instruction, timing, ready, done));
            long stored = Math.Max(address + effects.StoreDelay, data) + 1;
            if (effects.StoreAddress is { } to)
                _stores.Add(to, SizeOf(instruction), data, stored);
            done = Math.Max(done, stored);
        }

        return done;
    }

    /// <summary>
    /// When the data of a store is there. A push stores what it found; of what is computed and stored, the latency counts one cycle of the store.
    /// </summary>
    private static long DataOf(TimedInstruction instruction, InstructionTiming timing, long ready, long done) =>
        (instruction.Touches & MemoryTouches.Push) != 0 || instruction.Operations.IsEmpty ? ready : timing.Latency > 1 ? done - 1 : done;

    private static int SizeOf(TimedInstruction instruction) =>
        (instruction.Touches & (MemoryTouches.Push | MemoryTouches.Pop)) != 0 ? instruction.StackSize : instruction.OperandSize;

    private void WaitForFetch(int delay)
    {
        if (delay > 0)
            _frontEnd = _predicted = Math.Max(_frontEnd, _issueCycle) + delay;
    }

    /// <summary>The target begins a group of its own, and comes when prediction and fetch have got there.</summary>
    private void GoElsewhere(long issue, int cycles)
    {
        _issued = _geometry.IssueWidth;
        _predicted = Math.Max(_predicted, issue - _ahead) + cycles;
        _frontEnd = Math.Max(_frontEnd, _predicted);
    }

    /// <summary>The cycle in which the last of an instruction's micro-operations issues.</summary>
    private long Issue(int uops)
    {
        if (_frontEnd > _issueCycle)
            (_issueCycle, _issued) = (_frontEnd, 0);
        for (int i = 0; i < uops; i++)
        {
            if (_issued == _geometry.IssueWidth)
                (_issueCycle, _issued) = (_issueCycle + 1, 0);
            long free = _reorderBuffer[(_nextEntry + i) % _reorderBuffer.Length];
            if (free > _issueCycle)
                (_issueCycle, _issued) = (free, 0);
            _issued++;
        }

        _ports.Advance(_issueCycle);
        return _issueCycle;
    }

    private void LeaveInOrder(int uops, long done)
    {
        if (done > _retireCycle)
            (_retireCycle, _retired) = (done, 0);
        for (int i = 0; i < uops; i++)
        {
            if (_retired == _geometry.RetireWidth)
                (_retireCycle, _retired) = (_retireCycle + 1, 0);
            _retired++;
            _reorderBuffer[_nextEntry] = _retireCycle;
            _nextEntry = (_nextEntry + 1) % _reorderBuffer.Length;
        }
    }

    private long Latest(ReadOnlySpan<byte> sources, long cycle)
    {
        foreach (byte source in sources)
            cycle = Math.Max(cycle, _ready[source]);
        return cycle;
    }
}
