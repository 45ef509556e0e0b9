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

    private const long InstructionLimit = 10_000_000;

    private readonly LinuxMachine _machine;
    private readonly PathScenario _scenario;
    private readonly PhaseTracker _tracker;
    private readonly long[] _ledger;
    private readonly FigureAccount _account;
    private readonly SortedDictionary<Phase, (long Cost, long Instructions)> _phases = [];
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

    private PathMeter(LinuxMachine machine, PathScenario scenario)
    {
        _machine = machine;
        _scenario = scenario;
        _tracker = new PhaseTracker(new KernelCode(machine));
        _ledger = new long[machine.Processor.Model.Microarchitecture.Figures.Count];
        _account = new FigureAccount(machine.Processor, _ledger);
    }

    /// <summary>Measures a path on a machine that has no program yet; it is used up.</summary>
    /// <exception cref="InvalidOperationException">The program did not come to its end.</exception>
    public static PathCost Measure(LinuxMachine machine, EntryPath path, SyscallRequest request)
    {
        PathScenario scenario = PathScenario.Create(machine, path, request, (2 * Calls) + 2);
        machine.Load(scenario.Program);
        var meter = new PathMeter(machine, scenario);
        var probe = new Probe(meter);
        RunResult result = machine.Run(RunLimits.Instructions(InstructionLimit), ref probe);
        return meter._done
            ? meter.Result()
            : throw new InvalidOperationException($"{request} by {scenario.Kind.Label} did not come to its end: {result.Message}");
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
        if (processor.Registers.Rip != _scenario.LoopStart || processor.CurrentPrivilegeLevel != 3 || step.Raised >= 0)
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
        processor.FigureLedger = null;
        _machine.HypercallLedger = null;
        processor.ForgetWarmth();
    }

    private void Add(Processor processor, in InstructionStep step)
    {
        long hosted = processor.HypercallClock - _hypercallClock;
        (Phase phase, CodeOrigin origin) = step.Raised >= 0 ? (new Phase(PhaseKind.Interrupted), CodeOrigin.Documented) : _next;
        (long cost, long instructions) = _phases.GetValueOrDefault(phase);
        _phases[phase] = (cost + step.Cost, instructions + 1);
        _origins[origin] = _origins.GetValueOrDefault(origin) + step.Cost - hosted;
        if (hosted > 0)
            _origins[CodeOrigin.Tabled] = _origins.GetValueOrDefault(CodeOrigin.Tabled) + hosted;
        _account.Add(step, hosted);
        _cost += step.Cost;
        _instructions++;
    }

    private PathCost Result()
    {
        List<FigureUse> uses = _account.Uses(_machine, _hypercalls);
        return new PathCost
        {
            Path = _scenario.Kind.Path,
            Label = _scenario.Kind.Label,
            Calls = Calls,
            Cost = _cost,
            Low = uses.Sum(use => use.Low),
            High = uses.Sum(use => use.High),
            ColdCost = _coldCost,
            Instructions = (double)_instructions / Calls,
            Result = ReadResult(),
            Phases = _phases.Select(entry => new PhaseCost(entry.Key, entry.Value.Cost, PerCall(entry.Value.Cost), (double)entry.Value.Instructions / Calls)).ToList(),
            Figures = uses,
            Origins = _origins.Select(entry => new OriginShare(entry.Key, PerCall(entry.Value), (double)entry.Value / _cost)).ToList(),
            Weakest = uses.Where(use => use.Cost > 0).Max(use => use.Figure.Confidence),
            AssumedShare = (double)uses.Where(use => use.Figure.Confidence == Confidence.Assumed).Sum(use => use.Cost) / _cost,
        };
    }

    private long ReadResult()
    {
        ulong data = _scenario.Kind.Bitness == 64 ? UserSpace.Data64 : UserSpace.Data32;
        byte[] bytes = new byte[4];
        _machine.ReadKernel(data + PathScenario.ResultOffset, bytes);
        return BitConverter.ToInt32(bytes);
    }

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
