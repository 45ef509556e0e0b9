using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <content>The loop: boundaries, blocks, exceptions, budgets.</content>
public sealed partial class Processor
{
    /// <summary>The last instruction that could not be executed, after <see cref="StopReason.Unsupported"/>.</summary>
    public UnsupportedInstruction? LastUnsupported { get; private set; }

    /// <summary>The events that led to the last triple fault, the first one first.</summary>
    public IReadOnlyList<string> TripleFaultHistory => _tripleFaultHistory;

    /// <summary>The clock at which a block in progress must end, for a limit or for an interrupt that may be taken.</summary>
    private long _blockEnd;

    /// <summary>Runs until a limit or an end.</summary>
    public RunResult Run(RunLimits limits)
    {
        var trace = new NoTrace();
        return Run(limits, ref trace);
    }

    /// <summary>Runs until a limit or an end, every instruction seen by a trace.</summary>
    public RunResult Run<TTrace>(RunLimits limits, ref TTrace trace) where TTrace : struct, IInstructionTrace
    {
        long firstInstruction = S.Instructions;
        long firstClock = S.Clock;
        long lastInstruction = limits.MaxInstructions > long.MaxValue - firstInstruction ? long.MaxValue : firstInstruction + limits.MaxInstructions;
        long lastClock = limits.MaxCycles > (long.MaxValue - firstClock) >> 8 ? long.MaxValue : firstClock + (limits.MaxCycles << 8);
        StopReason reason = _pipeline is null ? Loop<TTrace, TableDepth>(lastInstruction, lastClock, ref trace) : Loop<TTrace, PipelineDepth>(lastInstruction, lastClock, ref trace);
        bool explained = reason is StopReason.InstructionBudget or StopReason.CycleBudget or StopReason.TripleFault or StopReason.Halted;
        return new RunResult(reason, S.Instructions - firstInstruction, S.Clock - firstClock, Describe(reason), explained ? _recent.Copy() : null);
    }

    private unsafe StopReason Loop<TTrace, TDepth>(long lastInstruction, long lastClock, ref TTrace trace)
        where TTrace : struct, IInstructionTrace
        where TDepth : struct, ITimingDepth
    {
        _notEmulatedEvent = NotEmulatedMode();
        while (true)
        {
            if (S.Shutdown)
                return StopReason.TripleFault;
            if (_notEmulatedEvent is not null)
                return StopReason.Unsupported;
            if (S.Instructions >= lastInstruction)
                return StopReason.InstructionBudget;
            if (S.Clock >= lastClock)
                return StopReason.CycleBudget;
            if (S.DebugTraps != 0 && S.Shadow != EventShadow.InterruptsAndDebug)
            {
                TakeDebugException<TTrace, TDepth>(ref trace, afterInstruction: true);
                continue;
            }

            if (S.Halted && !WakeUp(lastClock))
                return NextInterruptClock == long.MaxValue || !InterruptsEnabled ? StopReason.Halted : StopReason.CycleBudget;
            if (S.Clock >= NextInterruptClock && InterruptsEnabled && S.Shadow == EventShadow.None && TryAcknowledge(out byte vector))
            {
                ulong interruptedRip = S.Rip;
                long interruptStart = S.Clock;
                Deliver(new PendingException((Vector)vector, 0, 0, EventSource.ExternalInterrupt), S.Rip);
                TDepth.Settle(this);
                trace.After(this, new InstructionStep(interruptedRip, default, S.Clock - interruptStart, -1, vector));
                continue;
            }

            if (_hasCodeBreakpoints && HitsCodeBreakpoint())
            {
                TakeDebugException<TTrace, TDepth>(ref trace, afterInstruction: false);
                continue;
            }

            long start = S.Clock;
            Block? block = FetchBlock();
            if (block is null)
            {
                ulong rip = S.Rip;
                S.Instructions++;
                int fault = DeliverFault();
                TDepth.Settle(this);
                trace.After(this, new InstructionStep(rip, default, S.Clock - start, -1, fault));
                continue;
            }

            Operation[] operations = block.Operations;
            int epoch = _code.Epoch;
            if (_hasCodeBreakpoints && operations.Length > 1)
                operations = [operations[0]];
            int index = 0;

            // Whatever sets IF ends its block; what changes the next interrupt's clock calls LookAgain.
            _blockEnd = InterruptsEnabled ? Math.Min(lastClock, NextInterruptClock) : lastClock;
            while (true)
            {
                Operation op = operations[index];
                if (typeof(TTrace) != typeof(NoTrace) && !trace.Before(this, op.Instruction))
                    return StopReason.Trace;

                ulong rip = S.Rip;
                ulong flags = S.Rflags;
                if ((flags & Rflags.TF) != 0)
                    S.DebugTraps |= DebugStatus.BS;

                // RF lasts one instruction: what follows it, and what it saves itself, sees it clear. SDM vol. 3A, 17.3.1.1.
                S.Rflags = flags & ~Rflags.RF;
                EventShadow shadow = S.Shadow;
                S.Shadow = EventShadow.None;
                TDepth.Before(this, op);
                Outcome outcome = op.Execute(this, op);
                if (outcome == Outcome.Unsupported)
                {
                    S.Shadow = shadow;
                    S.Rflags = flags;
                    SingleStepTrap = false;
                    ReportUnsupported(op);
                    return StopReason.Unsupported;
                }

                bool repeats = outcome == Outcome.Repeat;
                int figure = repeats ? -1 : FigureOf(op);
                TDepth.After(this, op, outcome);
                if (typeof(TTrace) != typeof(NoTrace) && !repeats && FigureLedger is not null)
                    FigureLedger[figure]++;

                S.Instructions++;
                int raised = -1;
                if (repeats || outcome == Outcome.Next)
                {
                    if (!repeats)
                    {
                        S.Rip = (S.Rip + (ulong)op.Length) & RipMask;
                        index++;
                    }
                    else
                    {
                        // What comes between elements saves RF, so that the return to the middle is no new instruction. SDM vol. 3A, 17.3.1.1.
                        S.Rflags |= Rflags.RF;
                    }

                    if (S.DebugTraps == 0 && index < operations.Length && S.Instructions < lastInstruction && S.Clock < _blockEnd && epoch == _code.Epoch)
                    {
                        trace.After(this, new InstructionStep(rip, op.Instruction, S.Clock - start, figure, -1));
                        start = S.Clock;
                        continue;
                    }
                }
                else if (outcome is Outcome.Resync or Outcome.Halt or Outcome.Stop)
                {
                    S.Rip = (S.Rip + (ulong)op.Length) & RipMask;
                }

                if (repeats)
                    _recent.NoteRepeating(operations, index, rip);
                else
                    _recent.Note(operations, outcome == Outcome.Next ? index - 1 : index, rip);
                if (outcome == Outcome.Fault)
                {
                    // FRED saves whether STI held interrupts back for the instruction that faulted.
                    S.Shadow = shadow;
                    raised = DeliverFault();
                }
                else if (S.DebugTraps != 0)
                    raised = EndWithTraps(outcome);
                TDepth.Settle(this);
                trace.After(this, new InstructionStep(rip, op.Instruction, S.Clock - start, figure, raised));
                if (outcome == Outcome.Stop)
                    return StopReason.Hypercall;
                break;
            }
        }
    }

    private bool InterruptsEnabled => (S.Rflags & Rflags.IF) != 0;

    private long NextInterruptClock
    {
        get
        {
            long next = Math.Min(Interrupts.NextClock, LocalApic.NextClock);
            return _atInterrupts is null ? next : Math.Min(next, _atInterrupts.NextClock);
        }
    }

    /// <summary>Takes the interrupt that is pending now: an external one first.</summary>
    private bool TryAcknowledge(out byte vector)
    {
        if (_atInterrupts is not null && S.Clock >= _atInterrupts.NextClock && _atInterrupts.TryAcknowledge(out vector))
            return true;
        if (S.Clock < Interrupts.NextClock)
            return LocalApic.TryAcknowledge(out vector);
        vector = Interrupts.Acknowledge();
        return true;
    }

    /// <summary>Ends a block in progress behind the present instruction, so that the loop sees what has changed.</summary>
    private void LookAgain() => _blockEnd = long.MinValue;

    /// <summary>Moves the clock of a halted processor to the next interrupt.</summary>
    /// <returns>False when nothing will come before the limit.</returns>
    private bool WakeUp(long lastClock)
    {
        long next = NextInterruptClock;
        if (!InterruptsEnabled || next == long.MaxValue)
            return false;
        if (next >= lastClock)
        {
            S.Clock = Math.Max(S.Clock, lastClock);
            return false;
        }

        S.Clock = Math.Max(S.Clock, next);
        S.Halted = false;
        return true;
    }

    /// <summary>Delivers a fault. The traps of an instruction that did not complete are lost, those that a load of SS held back for it too.</summary>
    private int DeliverFault()
    {
        PendingException pending = _pending;
        S.DebugTraps = 0;
        Deliver(pending, S.Rip);
        return (int)pending.Vector;
    }

    /// <summary>Delivers a debug exception that stands between instructions. It counts as an instruction, so that a budget ends one that repeats itself.</summary>
    private void TakeDebugException<TTrace, TDepth>(ref TTrace trace, bool afterInstruction)
        where TTrace : struct, IInstructionTrace
        where TDepth : struct, ITimingDepth
    {
        ulong rip = S.Rip;
        long start = S.Clock;
        S.Instructions++;
        int vector = afterInstruction ? DeliverDebugTraps() : DeliverFault();
        TDepth.Settle(this);
        trace.After(this, new InstructionStep(rip, default, S.Clock - start, -1, vector));
    }

    private void ReportUnsupported(Operation op)
    {
        ulong linear = LinearCodeAddress(S.Rip);
        LastUnsupported = new UnsupportedInstruction(S.Rip, ReadCode(linear, op.Length), DisassembleAt(linear).Text, op.Instruction.Code, _notEmulated);
        _notEmulated = null;
    }

    private string Describe(StopReason reason) => reason switch
    {
        StopReason.InstructionBudget => $"The instruction budget is used up at {Where}.",
        StopReason.CycleBudget => $"The cycle budget is used up at {Where}.",
        StopReason.Halted => $"The processor is halted at {Where} and no interrupt will wake it.",
        StopReason.TripleFault => $"Triple fault: {string.Join(", then ", _tripleFaultHistory)}. The processor is shut down at {Where}.",
        StopReason.Unsupported when _notEmulatedEvent is not null => _notEmulatedEvent,
        StopReason.Unsupported when LastUnsupported is { Reason: { } effect } what =>
            $"The instruction '{what.Disassembly}' ({Convert.ToHexString(what.Bytes)}) at {Where} {effect}, which the kit does not emulate.",
        StopReason.Unsupported when LastUnsupported is { } what =>
            $"The instruction '{what.Disassembly}' ({Convert.ToHexString(what.Bytes)}, form {what.Code}) at {Where} is not supported yet.",
        StopReason.Hypercall => $"A hypercall stopped the run before {Where}.",
        _ => $"The trace stopped the run at {Where}.",
    };

    private string Where => $"{S.Segments[(int)SegmentName.CS].Selector:x}:{S.Rip:x16}";
}
