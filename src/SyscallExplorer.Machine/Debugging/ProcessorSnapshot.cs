namespace SyscallExplorer.Machine;

/// <summary>Everything of a processor that decides how it goes on: registers, modelled caches and predictors, events to come.</summary>
public sealed class ProcessorSnapshot
{
    internal ProcessorSnapshot(
        ProcessorState state, Tlb tlb, BranchPredictor predictor, ulong[] storedMsrs, (long Clock, byte Vector)[] interrupts, string[] tripleFaultHistory,
        RecentCode recent, PipelineTimer? pipeline) =>
        (State, Tlb, Predictor, StoredMsrs, Interrupts, TripleFaultHistory, Recent, Pipeline) =
        (state, tlb, predictor, storedMsrs, interrupts, tripleFaultHistory, recent, pipeline);

    internal ProcessorState State { get; }

    internal Tlb Tlb { get; }

    internal BranchPredictor Predictor { get; }

    internal ulong[] StoredMsrs { get; }

    internal (long Clock, byte Vector)[] Interrupts { get; }

    internal string[] TripleFaultHistory { get; }

    internal RecentCode Recent { get; }

    internal PipelineTimer? Pipeline { get; }
}

/// <content>Snapshots.</content>
public sealed partial class Processor
{
    /// <summary>The processor as it is now. Its memory is not part of it.</summary>
    public ProcessorSnapshot Capture() => new(
        S, _tlb.Clone(), _predictor.Clone(), (ulong[])_storedMsrs.Clone(), Interrupts.Capture(), [.. _tripleFaultHistory], _recent.Copy(), _pipeline?.Clone());

    /// <summary>Goes back to a snapshot of a processor of the same model. The owner restores memory beside it.</summary>
    public void Restore(ProcessorSnapshot snapshot)
    {
        S = snapshot.State;
        _tlb.CopyFrom(snapshot.Tlb);
        _predictor.CopyFrom(snapshot.Predictor);
        snapshot.StoredMsrs.CopyTo(_storedMsrs, 0);
        Interrupts.Restore(snapshot.Interrupts);
        _tripleFaultHistory.Clear();
        _tripleFaultHistory.AddRange(snapshot.TripleFaultHistory);
        _pipeline = snapshot.Pipeline?.Clone();
        _code.Clear();
        _recent.CopyFrom(snapshot.Recent);
        RefreshDerivedState();
    }
}
