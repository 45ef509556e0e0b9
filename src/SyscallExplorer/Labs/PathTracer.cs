using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>Records every instruction of one round trip in the steady state, from the entry instruction to the one that leaves the kernel.</summary>
internal sealed class PathTracer
{
    private const int WarmUp = 8;
    private const long InstructionLimit = 1_000_000;
    private static readonly string[] CEntries = ["do_syscall_64", "do_SYSENTER_32", "do_fast_syscall_32", "do_int80_syscall_32"];

    private readonly LinuxMachine _machine;
    private readonly PathScenario _scenario;
    private readonly PhaseTracker _tracker;
    private readonly List<TraceStep> _steps = [];
    private readonly HashSet<ulong> _cEntries;
    private TraceStep? _pending;
    private PtRegs? _registers;
    private int _rounds;
    private bool _recording;
    private bool _done;

    private PathTracer(LinuxMachine machine, PathScenario scenario)
    {
        _machine = machine;
        _scenario = scenario;
        _tracker = new PhaseTracker(new KernelCode(machine));
        _cEntries = CEntries.Where(machine.HasSymbol).Select(machine.AddressOf).ToHashSet();
    }

    public static Trace Record(LinuxMachine machine, LabInputs inputs, EntryPath path, SyscallRequest request)
    {
        PathScenario scenario = PathScenario.Create(machine, path, request, WarmUp + 2);
        machine.Load(scenario.Program);
        var tracer = new PathTracer(machine, scenario);
        var probe = new Probe(tracer);
        RunResult result = machine.Run(RunLimits.Instructions(InstructionLimit), ref probe);
        return tracer._done
            ? new Trace(inputs, request.Name, path, tracer._steps, tracer._registers)
            : throw new InvalidOperationException($"{request} by {scenario.Kind.Label} did not come to its end: {result.Message}");
    }

    private void Before(Processor processor, in Instruction instruction)
    {
        ProcessorRegisters registers = processor.Registers;
        ulong rip = registers.Rip;
        int ring = processor.CurrentPrivilegeLevel;
        (Phase phase, CodeOrigin origin) = _tracker.Next(processor, instruction);
        if (rip == _scenario.LoopStart && ring == 3)
            _rounds++;
        _recording |= _rounds > WarmUp && phase.Kind == PhaseKind.HardwareEntry;
        if (!_recording)
            return;
        if (_registers is null && (_cEntries.Contains(rip) || _machine.PointAt(rip) == KernelPoint.CallEnters))
            _registers = _machine.ReadCallRegisters();
        string symbol = ring == 0 && _machine.SymbolAt(rip) is (string name, ulong offset) ? offset == 0 ? name : $"{name}+0x{offset:x}" : "";
        _pending = new TraceStep(
            _steps.Count, rip, symbol, processor.DisassembleAt(rip).Text, ring, registers.ControlRegister3, registers[SegmentName.GS].Base,
            registers[Gpr.Rsp], 0, phase, origin, null);
    }

    private void After(Processor processor, in InstructionStep step)
    {
        _tracker.Note(step);
        if (!_recording)
            return;
        if (_pending is { } pending)
        {
            Figure? figure = step.Figure >= 0 ? processor.Model.Microarchitecture.Figures[step.Figure] : null;
            _steps.Add(pending with { Cost = step.Cost, Raised = step.Raised >= 0 ? step.Raised : null, Figure = figure });
        }

        _pending = null;
        _done = processor.CurrentPrivilegeLevel == 3 && PhaseTracker.IsReturn(step.Instruction) && !_tracker.IsInterrupted;
    }

    private readonly struct Probe(PathTracer tracer) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (tracer._done)
                return false;
            tracer.Before(processor, instruction);
            return true;
        }

        public void After(Processor processor, in InstructionStep step) => tracer.After(processor, step);
    }
}
