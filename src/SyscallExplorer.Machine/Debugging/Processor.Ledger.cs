namespace SyscallExplorer.Machine;

/// <content>Bookkeeping for those who ask what cycles were spent on.</content>
public sealed partial class Processor
{
    private readonly BranchPredictor _predictor;
    private readonly EventCosts _events;
    private Figure? _refinement;

    /// <summary>
    /// How often each figure was charged since this was set, by its index in the microarchitecture; null counts nothing. Figures of
    /// instructions count in runs with a trace only, figures of events always. Counts times costs, with hypercalls', make the clock.
    /// </summary>
    public long[]? FigureLedger { get; set; }

    /// <summary>Cycles, in 1/256, that hypercalls have cost since power-on.</summary>
    public long HypercallClock => S.HypercallClock;

    /// <summary>Charges an event: advances the clock by its figure, or tells the pipeline of it.</summary>
    internal void Charge(TimingEvent timingEvent)
    {
        if (_events[timingEvent] is not { } figure)
            return;
        if (_pipeline is null)
            S.Clock += figure.Cost;
        else
            _pipeline.Note(timingEvent, figure);
        if (FigureLedger is not null)
            FigureLedger[figure.Index]++;
    }

    /// <summary>Figures by what an instruction does.</summary>
    internal RefinedFigures Refined => Model.Microarchitecture.RefinedFigures;

    /// <summary>
    /// What an instruction does is known now, and its figure with it; null for its own. Whoever is <see cref="Operation.IsRefined"/> has to say so each time,
    /// at its beginning with null.
    /// </summary>
    internal void Refine(Operation op, Figure? figure)
    {
        _refinement = figure;
        if (_pipeline is null && figure is not null)
            S.Clock += figure.Cost - op.Cost;
    }

    /// <summary>The index of the figure that an instruction cost.</summary>
    private int FigureOf(Operation op) => op.IsRefined && _refinement is { } figure ? figure.Index : op.Figure;

    /// <summary>Charges a hypercall.</summary>
    internal void ChargeHypercall(long cost)
    {
        S.Clock += cost;
        S.HypercallClock += cost;
    }

    /// <summary>A conditional branch was decided.</summary>
    internal void NoteConditional(bool taken)
    {
        if (!_predictor.Conditional(S.Rip, taken))
            Charge(TimingEvent.BranchMispredict);
    }

    /// <summary>A direct branch is taken. Only the Pipeline depth asks whether it was found in time.</summary>
    internal void NoteDirect(ulong target)
    {
        if (_pipeline is not null && !_predictor.Target(S.Rip, target))
            _pipeline.NoteUnknownTarget();
    }

    /// <summary>An indirect jump or call goes to a target.</summary>
    internal void NoteIndirect(ulong target)
    {
        if (!_predictor.Target(S.Rip, target))
            Charge(TimingEvent.BranchMispredict);
    }

    /// <summary>A near call.</summary>
    internal void NoteCall(ulong returnAddress) => _predictor.Call(returnAddress);

    /// <summary>A near return.</summary>
    internal void NoteReturn(ulong target)
    {
        if (!_predictor.Return(target))
            Charge(TimingEvent.BranchMispredict);
    }

    /// <summary>An indirect branch prediction barrier.</summary>
    internal void ForgetBranchTargets() => _predictor.ForgetTargets();
}
