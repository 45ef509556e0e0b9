using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>
/// Gives each step's cycles to the figure that they rest on, so that the figures sum to the whole: at the Pipeline depth an instruction's cycles are its
/// own and not its figure's, and events such as a write of SPEC_CTRL have theirs within.
/// </summary>
internal sealed class FigureAccount
{
    /// <summary>
    /// How far the model of ordinary instructions may be off, in either direction: two in three basic blocks measured on a real processor lie within it; see
    /// docs/timing-accuracy.md.
    /// </summary>
    public const double OrdinaryDoubt = 0.25;

    private static readonly TimingEvent[] _eventsWithin =
        [TimingEvent.ExceptionDelivery, TimingEvent.FredDelivery, TimingEvent.WriteSpecCtrl, TimingEvent.WritePredCmdIbpb, TimingEvent.TlbFlushAll, TimingEvent.RepIteration, TimingEvent.CpuidFeatureLeaf];

    private readonly Microarchitecture _microarchitecture;
    private readonly TimingDepth _depth;
    private readonly long[] _ledger;
    private readonly long[] _uses;
    private readonly long[] _cost;
    private readonly int[] _within;
    private readonly long[] _seen;

    public FigureAccount(Processor processor, long[] ledger)
    {
        _microarchitecture = processor.Model.Microarchitecture;
        _depth = processor.TimingDepth;
        _ledger = ledger;
        _uses = new long[ledger.Length];
        _cost = new long[ledger.Length];
        _within = _eventsWithin.Select(e => _microarchitecture.FigureOf(e)).OfType<Figure>().Select(figure => figure.Index).Distinct().ToArray();
        _seen = new long[_within.Length];
    }

    /// <summary>Takes one step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="hosted">What of its cost belongs to a hypercall.</param>
    public void Add(in InstructionStep step, long hosted)
    {
        long cost = step.Cost - hosted;
        for (int i = 0; i < _within.Length; i++)
        {
            long count = _ledger[_within[i]] - _seen[i];
            if (count == 0)
                continue;
            _seen[i] += count;
            _uses[_within[i]] += count;
            long share = count * _microarchitecture.Figures[_within[i]].Cost;
            _cost[_within[i]] += share;
            cost -= share;
        }

        // A step without a figure is an interrupt, a fault of a fetch, or an iteration: what is left is the wait for what was in flight.
        int figure = step.Figure >= 0 ? step.Figure : _within[0];
        _uses[figure] += step.Figure >= 0 ? 1 : 0;
        _cost[figure] += cost;
    }

    /// <summary>The figures in the file's order, those of hypercalls behind them.</summary>
    public List<FigureUse> Uses(LinuxMachine machine, HypercallLedger? hypercalls) =>
        _depth == TimingDepth.Table ? FigureUses.Of(machine, _ledger, hypercalls) : [.. OfPipeline(), .. FigureUses.OfHypercalls(machine, hypercalls)];

    private IEnumerable<FigureUse> OfPipeline() =>
        _microarchitecture.Figures.Where(figure => _uses[figure.Index] > 0 || _cost[figure.Index] != 0).Select(Use);

    private FigureUse Use(Figure figure)
    {
        long uses = _uses[figure.Index], cost = _cost[figure.Index];
        bool isOrdinary = figure.Timing is not null;
        long below = isOrdinary ? (long)(cost * OrdinaryDoubt) : uses * (figure.Cost - figure.Low);
        long above = isOrdinary ? (long)(cost * OrdinaryDoubt) : uses * (figure.High - figure.Cost);
        return new FigureUse(figure, uses) { Cost = cost, Low = Math.Max(0, cost - below), High = cost + above };
    }
}
