namespace SyscallExplorer.Machine;

/// <summary>Everything of a processor that decides how it goes on: registers, modelled caches and predictors, events to come.</summary>
public sealed class ProcessorSnapshot
{
    internal required ProcessorState State { get; init; }

    internal required Tlb Tlb { get; init; }

    internal required BranchPredictor Predictor { get; init; }

    internal required ulong[] StoredMsrs { get; init; }

    internal required (long Clock, byte Vector)[] Interrupts { get; init; }
}

/// <content>Snapshots.</content>
public sealed partial class Processor
{
    /// <summary>The processor as it is now. Its memory is not part of it.</summary>
    public ProcessorSnapshot Capture() => new()
    {
        State = S,
        Tlb = _tlb.Clone(),
        Predictor = _predictor.Clone(),
        StoredMsrs = (ulong[])_storedMsrs.Clone(),
        Interrupts = Interrupts.Capture(),
    };

    /// <summary>Goes back to a snapshot of a processor of the same model. The owner restores memory beside it.</summary>
    public void Restore(ProcessorSnapshot snapshot)
    {
        S = snapshot.State;
        _tlb.CopyFrom(snapshot.Tlb);
        _predictor.CopyFrom(snapshot.Predictor);
        snapshot.StoredMsrs.CopyTo(_storedMsrs, 0);
        Interrupts.Restore(snapshot.Interrupts);
        _code.Clear();
        RefreshDerivedState();
    }
}
