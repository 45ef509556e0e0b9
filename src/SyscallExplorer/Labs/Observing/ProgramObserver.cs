using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>Follows a run instruction by instruction, and tells the recorders. It reads the machine and changes nothing in it.</summary>
internal sealed class ProgramObserver
{
    private const int LastError = -4095;
    private const int Idle = 0;
    private const string UserCode = "user code";
    private const string TaskStart = "start of a task";

    private readonly LinuxMachine _machine;
    private readonly ObservationOptions _options;
    private readonly KernelCode _code;
    private readonly CycleAccounts _accounts = new();
    private readonly CallRecorder _calls;
    private readonly TimelineRecorder _timeline;
    private readonly List<(TaskView Task, string? Call, long Time, IReadOnlyList<MemoryRegion> Regions)> _maps = [];
    private readonly Dictionary<int, TaskContext> _contexts = [];
    private readonly ActivityAccount _user;
    private readonly ActivityAccount _idle;
    private readonly long[] _ledger;
    private readonly HypercallLedger _hypercalls = new();
    private readonly long _start;
    private (Phase Phase, CodeOrigin Origin) _next;
    private ActivityAccount _activity;
    private TaskContext _context;
    private int _task;
    private int _ring;
    private long _clock;
    private long _instructions;
    private long _hypercallClock;

    public ProgramObserver(LinuxMachine machine, ObservationOptions options)
    {
        _machine = machine;
        _options = options;
        _code = new KernelCode(machine);
        _calls = new CallRecorder(machine, options);
        _timeline = new TimelineRecorder(options.DetailLimit);
        _user = _accounts.Of(ActivityKind.UserCode, UserCode);
        _idle = _accounts.Of(ActivityKind.Idle, "idle");
        _ledger = new long[machine.Processor.Model.Microarchitecture.Figures.Count];
        machine.Processor.FigureLedger = _ledger;
        machine.HypercallLedger = _hypercalls;
        _start = _clock = machine.Processor.Clock;
        _hypercallClock = machine.Processor.HypercallClock;
        _instructions = machine.Processor.InstructionCount;
        _ring = machine.Processor.CurrentPrivilegeLevel;
        _task = machine.CurrentTask;
        _context = ContextOf(_task);
        _activity = _context.Activity;
        _timeline.Look(machine.TaskList, _task, 0);
        _timeline.Change(_task, TaskMode.Kernel, _activity.Name, 0);
    }

    public RunResult Run(RunLimits limits)
    {
        var probe = new Probe(this);
        RunResult result = _machine.Run(limits, ref probe);
        AddHalt(0);
        _machine.Processor.FigureLedger = null;
        _machine.HypercallLedger = null;
        return result;
    }

    public ProgramObservation Result(string program, ProgramRun run)
    {
        long end = Now;
        TakeLastMaps(end);
        CycleProfile profile = new()
        {
            Inputs = run.Inputs,
            Program = program,
            Activities = _accounts.Profiles(),
            Figures = FigureUses.Of(_machine, _ledger, _hypercalls),
            Origins = _accounts.Origins(),
        };
        IReadOnlyList<TaskTimeline> tasks = _timeline.Finish(end);
        return new ProgramObservation(
            run with { Notes = [.. run.Notes, .. Notes()] },
            profile,
            new Timeline(run.Inputs, program, end, tasks, _calls.Finish(), _timeline.IsComplete && _calls.IsComplete),
            [.. _maps.Select(map => new AddressSpaceMap(run.Inputs, map.Task.Process, map.Task.CommandName, map.Call, map.Time, map.Regions))],
            new CallLog(run.Inputs, program, _calls.Text, _calls.IsComplete));
    }

    private long Now => _machine.Processor.Clock - _start;

    private IEnumerable<string> Notes()
    {
        string limit = $"ObservationOptions.{nameof(ObservationOptions.DetailLimit)}";
        if (!_calls.IsComplete)
            yield return FormattableString.Invariant($"Only the first {_options.DetailLimit} system calls were written down; {limit} raises it.");
        if (!_timeline.IsComplete)
            yield return FormattableString.Invariant($"Only the first {_options.DetailLimit} intervals of the timeline were kept; {limit} raises it.");
    }

    private void Before(Processor processor, in Instruction instruction)
    {
        _next = _context.Tracker.Next(processor, instruction);
        if (_ring == 3)
        {
            if (_next.Phase.Kind == PhaseKind.HardwareEntry)
                (_activity, _context.CallPath) = (CallOf(processor, instruction), PathOf(processor, instruction));
            else
                _activity = _user;
            return;
        }

        if (_code[processor.Registers.Rip].Point is var point and not KernelPoint.None)
            Reach(point);
        _activity = _context.Activity;
    }

    private void After(Processor processor, in InstructionStep step)
    {
        long before = processor.Clock - step.Cost;
        AddHalt(step.Cost);
        int ring = processor.CurrentPrivilegeLevel;
        if (step.Raised >= 0)
            Raise(step.Raised, _ring == 3);
        else if (_ring == 3 && ring == 0)
            EnterCall(before);

        long hosted = processor.HypercallClock - _hypercallClock;
        _accounts.Add(_activity, _next.Phase, _next.Origin, step.Cost, hosted, processor.InstructionCount - _instructions);
        _instructions = processor.InstructionCount;
        _clock = processor.Clock;
        _hypercallClock = processor.HypercallClock;
        _context.Tracker.Note(step);
        if (_ring == 3 && ring == 0)
            _timeline.Change(_task, TaskMode.Kernel, _context.Activity.Name, before - _start);
        else if (_ring == 0 && ring == 3)
            LeaveKernel();
        _ring = ring;
        if (ring == 0)
            LookAtTasks(step);
    }

    /// <summary>Time between two instructions passes only while the processor is halted.</summary>
    private void AddHalt(long stepCost)
    {
        long gap = _machine.Processor.Clock - _clock - stepCost;
        if (gap > 0)
            _accounts.AddHalt(_idle, gap);
    }

    /// <summary>An exception or interrupt was delivered. What comes in the kernel belongs to what the kernel was doing.</summary>
    private void Raise(int vector, bool inUserMode)
    {
        _next = (new Phase(PhaseKind.Interrupted), CodeOrigin.Documented);
        if (inUserMode)
        {
            _context.Activity = _accounts.Of(ActivityKind.Exception, LinuxMachine.VectorName(vector));
            _context.Activity.Count++;
        }

        _activity = _context.Activity;
    }

    private void EnterCall(long start)
    {
        _context.Activity = _activity;
        _context.CallStart = start - _start;
        _activity.Count++;
    }

    private void LeaveKernel()
    {
        _context.Activity = _user;
        _timeline.Change(_task, TaskMode.User, null, Now);
    }

    /// <summary>The kernel has come to where a call's registers or its result can be read.</summary>
    private void Reach(KernelPoint point)
    {
        CallAtPoint call = _machine.CallAt(point);
        if (call.Task != _task)
            Adopt(call.Task);
        if (point == KernelPoint.CallLeaves)
        {
            if (call.Result is < 0 and >= LastError && ReturnsOwnResult(_context.Activity))
                _context.Activity.Errors++;
            _calls.Leave(_task, call.Result, Now);
            return;
        }

        string name = NameOf(call.Number, call.IsCompat);
        _calls.Enter(_task, name, _context.CallPath, _context.CallStart);
        if (_options.MapsAt.Contains(name) && ViewOf(_task) is { } task)
            _maps.Add((task, name, Now, _machine.MemoryMapOf(_task)));
    }

    /// <summary>Only a hypercall changes tasks, and only the scheduler's code changes the one that runs.</summary>
    private void LookAtTasks(in InstructionStep step)
    {
        if (step.Instruction.Mnemonic == Mnemonic.Vmcall)
            _timeline.Look(_machine.TaskList, _task, Now);
        if (_next.Phase.Kind == PhaseKind.Schedule && _machine.CurrentTask is var current && current != _task)
            Switch(current);
    }

    private void Switch(int to)
    {
        TaskView? left = ViewOf(_task);
        _timeline.Leave(_task, left, Now);
        if (left is null or { Activity: TaskActivity.Ended })
            _contexts.Remove(_task);
        _task = to;
        _context = ContextOf(to);
        _timeline.Change(to, TaskMode.Kernel, _context.Activity.Name, Now);
    }

    /// <summary>A thread that executes a program becomes the first thread of its process, with its number.</summary>
    private void Adopt(int number)
    {
        _timeline.Leave(_task, null, Now);
        _timeline.Look(_machine.TaskList, number, Now);
        _contexts.Remove(_task);
        _contexts[number] = _context;
        _task = number;
        _timeline.Change(_task, TaskMode.Kernel, _context.Activity.Name, Now);
    }

    private TaskContext ContextOf(int task)
    {
        if (!_contexts.TryGetValue(task, out TaskContext? context))
        {
            ActivityAccount activity = task == Idle ? _idle : _accounts.Of(ActivityKind.TaskStart, TaskStart);
            activity.Count += task == Idle ? 0 : 1;
            _contexts[task] = context = new TaskContext(new PhaseTracker(_code), activity);
        }

        return context;
    }

    /// <summary>The call that an instruction in user mode is about to make; its number is in RAX.</summary>
    private ActivityAccount CallOf(Processor processor, in Instruction instruction)
    {
        bool compat = instruction.Mnemonic != Mnemonic.Syscall || processor.Registers[SegmentName.CS].Selector == Selectors.User32Cs;
        string name = NameOf((int)processor.Registers[Gpr.Rax], compat);
        return _accounts.Of(ActivityKind.SystemCall, compat ? $"{name} (32-bit)" : name);
    }

    private static EntryPath? PathOf(Processor processor, in Instruction instruction)
    {
        bool is64Bit = processor.Registers[SegmentName.CS].Selector == Selectors.UserCs;
        return instruction.Mnemonic switch
        {
            Mnemonic.Syscall => is64Bit ? EntryPath.Syscall : EntryPath.SyscallCompat,
            Mnemonic.Sysenter => EntryPath.Sysenter,
            Mnemonic.Int => is64Bit ? EntryPath.Int80From64Bit : EntryPath.Int80,
            _ => null,
        };
    }

    /// <summary>A return from a signal handler leaves in the result's register what the interrupted code had there.</summary>
    private static bool ReturnsOwnResult(ActivityAccount activity) =>
        activity.Kind == ActivityKind.SystemCall && !activity.Name.StartsWith("rt_sigreturn", StringComparison.Ordinal)
        && !activity.Name.StartsWith("sigreturn", StringComparison.Ordinal);

    private string NameOf(int number, bool compat) =>
        (compat ? _machine.Kernel.Table32 : _machine.Kernel.Table64).Find(number)?.Name ?? $"syscall_0x{number:x}";

    private TaskView? ViewOf(int task) => _machine.TaskList.FirstOrDefault(view => view.Id == task);

    /// <summary>A process that came to no such call shows its memory as the end of the run found it, where anything is left of it.</summary>
    private void TakeLastMaps(long time)
    {
        foreach (TaskView task in _machine.TaskList)
        {
            if (task.Id == task.Process && !_maps.Any(map => map.Task.Process == task.Process) && _machine.MemoryMapOf(task.Id) is [_, ..] regions)
                _maps.Add((task, null, time, regions));
        }
    }

    /// <summary>Where a task stands, while others run too.</summary>
    private sealed class TaskContext(PhaseTracker tracker, ActivityAccount activity)
    {
        public PhaseTracker Tracker { get; } = tracker;

        public ActivityAccount Activity { get; set; } = activity;

        /// <summary>How its call entered the kernel.</summary>
        public EntryPath? CallPath { get; set; }

        /// <summary>When its call entered the kernel.</summary>
        public long CallStart { get; set; }
    }

    private readonly struct Probe(ProgramObserver observer) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            observer.Before(processor, instruction);
            return true;
        }

        public void After(Processor processor, in InstructionStep step) => observer.After(processor, step);
    }
}
