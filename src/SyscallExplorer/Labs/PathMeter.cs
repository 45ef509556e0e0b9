using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>
/// Measures rounds of a scenario in their steady state: after as many to warm up, every cycle goes to a phase, an origin and a figure. One more round
/// finds everything cold.
/// </summary>
internal sealed class PathMeter
{
    /// <summary>Rounds to warm up, and as many to measure: a power of two, so that cycles of one call are exact.</summary>
    public const int Calls = 64;

    /// <summary>All rounds: those to warm up, those that are measured, the cold one, and the one in which each of them begins.</summary>
    public const int Rounds = (2 * Calls) + 2;

    private const long InstructionLimit = 10_000_000;

    private readonly LinuxMachine _machine;
    private readonly ulong _loopStart;
    private readonly PhaseTracker _tracker;
    private readonly long[] _ledger;
    private readonly long[] _coldLedger;
    private readonly FigureAccount _account;
    private readonly SortedDictionary<Phase, (long Cost, long Instructions, long Assumed)> _phases = [];
    private readonly SortedDictionary<CodeOrigin, long> _origins = [];
    private (Phase Phase, CodeOrigin Origin) _next = (new Phase(PhaseKind.UserStub), CodeOrigin.User);
    private HypercallLedger? _hypercalls;
    private long _hypercallClock;
    private long _instructions;
    private long _cost;
    private long _coldCost;
    private int _rounds;
    private bool _measuring;
    private bool _isCold;
    private bool _done;

    private PathMeter(LinuxMachine machine, ulong loopStart)
    {
        _machine = machine;
        _loopStart = loopStart;
        _tracker = new PhaseTracker(new KernelCode(machine));
        _ledger = new long[machine.Processor.Model.Microarchitecture.Figures.Count];
        _coldLedger = new long[_ledger.Length];
        _account = new FigureAccount(machine.Processor, _ledger);
    }

    /// <summary>Measures a path on a machine that has no program yet; it is used up.</summary>
    /// <exception cref="InvalidOperationException">The program did not come to its end.</exception>
    public static PathCost Measure(LinuxMachine machine, EntryPath path, SyscallRequest request)
    {
        PathScenario scenario = PathScenario.Create(machine, path, request, Rounds);
        PathMeter meter = Run(machine, scenario.Program, scenario.LoopStart, $"{request} by {scenario.Kind.Label}");
        return meter.Fill(new PathCost { Path = path, Label = scenario.Kind.Label, Result = meter.ReadResult(scenario.Kind.Bitness) });
    }

    /// <summary>Measures a loop that the author wrote, on a machine that has no program yet; it is used up.</summary>
    /// <exception cref="ArgumentException">The code cannot be assembled.</exception>
    /// <exception cref="InvalidOperationException">The program did not come to its end.</exception>
    public static LoopCost Measure(LinuxMachine machine, LoopScenario scenario, LabInputs inputs)
    {
        PathMeter meter = Run(machine, scenario.Program, scenario.LoopStart, scenario.Label);
        return meter.Fill(new LoopCost { Inputs = inputs, Label = scenario.Label });
    }

    private static PathMeter Run(LinuxMachine machine, UserProgram program, ulong loopStart, string what)
    {
        machine.Load(program);
        var meter = new PathMeter(machine, loopStart);
        var probe = new Probe(meter);
        RunResult result = machine.Run(RunLimits.Instructions(InstructionLimit), ref probe);
        return meter._done ? meter : throw new InvalidOperationException($"{what} did not come to its end: {result.Message}");
    }

    private void Before(Processor processor, in Instruction instruction)
    {
        _next = _tracker.Next(processor, instruction);
        _hypercallClock = processor.HypercallClock;
    }

    private void After(Processor processor, in InstructionStep step)
    {
        _tracker.Note(step);
        if (_measuring)
            Add(processor, step);
        else if (_isCold)
            _coldCost += step.Cost;
        if (processor.Registers.Rip != _loopStart || processor.CurrentPrivilegeLevel != 3 || step.Raised >= 0)
            return;
        _rounds++;
        if (_rounds == Calls + 1)
            Begin(processor);
        else if (_rounds == (2 * Calls) + 1)
            GoCold(processor);
        else if (_rounds == (2 * Calls) + 2)
            _done = true;
    }

    private void Begin(Processor processor)
    {
        _measuring = true;
        Array.Clear(_ledger);
        processor.FigureLedger = _ledger;
        _machine.HypercallLedger = _hypercalls = new HypercallLedger();
    }

    private void GoCold(Processor processor)
    {
        _measuring = false;
        _isCold = true;
        processor.FigureLedger = _coldLedger;
        _machine.HypercallLedger = null;
        processor.ForgetWarmth();
    }

    private void Add(Processor processor, in InstructionStep step)
    {
        long hosted = processor.HypercallClock - _hypercallClock;
        (Phase phase, CodeOrigin origin) = step.Raised >= 0 ? (new Phase(PhaseKind.Interrupted), CodeOrigin.Documented) : _next;
        (long cost, long instructions, long assumed) = _phases.GetValueOrDefault(phase);
        _phases[phase] = (cost + step.Cost, instructions + 1, assumed + (IsAssumed(processor, step) ? step.Cost : 0));
        _origins[origin] = _origins.GetValueOrDefault(origin) + step.Cost - hosted;
        if (hosted > 0)
            _origins[CodeOrigin.Tabled] = _origins.GetValueOrDefault(CodeOrigin.Tabled) + hosted;
        _account.Add(step, hosted);
        _cost += step.Cost;
        _instructions++;
    }

    private T Fill<T>(T empty) where T : MeasuredCost
    {
        List<FigureUse> uses = _account.Uses(_machine, _hypercalls);
        return empty with
        {
            Calls = Calls,
            Cost = _cost,
            Low = uses.Sum(use => use.Low),
            High = uses.Sum(use => use.High),
            ColdCost = _coldCost,
            Instructions = (double)_instructions / Calls,
            Phases = _phases.Select(entry => new PhaseCost(entry.Key, entry.Value.Cost, PerCall(entry.Value.Cost), (double)entry.Value.Instructions / Calls) { AssumedCycles = PerCall(entry.Value.Assumed) }).ToList(),
            Figures = uses,
            Events = EventsOf(_ledger, Calls),
            ColdEvents = EventsOf(_coldLedger, 1),
            Origins = _origins.Select(entry => new OriginShare(entry.Key, PerCall(entry.Value), (double)entry.Value / _cost)).ToList(),
            Weakest = uses.Where(use => use.Cost > 0).Max(use => use.Figure.Confidence),
            AssumedShare = (double)uses.Where(use => use.Figure.Confidence == Confidence.Assumed).Sum(use => use.Cost) / _cost,
        };
    }

    private List<EventCount> EventsOf(long[] ledger, int calls)
    {
        Microarchitecture core = _machine.Processor.Model.Microarchitecture;
        return
        [
            .. Enum.GetValues<TimingEvent>().Select(e => (Event: e, Figure: core.FigureOf(e)))
                .Where(pair => pair.Figure is not null && ledger[pair.Figure.Index] > 0)
                .DistinctBy(pair => pair.Figure!.Index)
                .Select(pair => new EventCount(pair.Event, ledger[pair.Figure!.Index], (double)ledger[pair.Figure.Index] / calls)),
        ];
    }

    private long ReadResult(int bitness)
    {
        byte[] bytes = new byte[4];
        _machine.ReadKernel((bitness == 64 ? UserSpace.Data64 : UserSpace.Data32) + PathScenario.ResultOffset, bytes);
        return BitConverter.ToInt32(bytes);
    }

    /// <summary>What has no figure of its own is an exception or an interrupt, whose delivery nobody has published.</summary>
    private static bool IsAssumed(Processor processor, in InstructionStep step) =>
        step.Figure < 0 || processor.Model.Microarchitecture.Figures[step.Figure].Confidence == Confidence.Assumed;

    private static double PerCall(long cost) => cost / 256.0 / Calls;

    private readonly struct Probe(PathMeter meter) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (meter._done)
                return false;
            meter.Before(processor, instruction);
            return true;
        }

        public void After(Processor processor, in InstructionStep step) => meter.After(processor, step);
    }
}
