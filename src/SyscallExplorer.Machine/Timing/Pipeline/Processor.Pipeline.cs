namespace SyscallExplorer.Machine;

/// <content>The Pipeline depth of timing: what the model of the core is told of each instruction.</content>
public sealed partial class Processor
{
    private PipelineTimer? _pipeline;
    private ulong _touchedOperand;
    private ulong _touchedStack;

    /// <summary>
    /// How the cycles of instructions come about. Setting it to <see cref="TimingDepth.Pipeline"/> starts with an empty pipeline and empty caches; the
    /// modelled TLBs and predictors stay as they are.
    /// </summary>
    public TimingDepth TimingDepth
    {
        get => _pipeline is null ? TimingDepth.Table : TimingDepth.Pipeline;
        set
        {
            if (value != TimingDepth)
                _pipeline = value == TimingDepth.Pipeline ? new PipelineTimer(Model.Microarchitecture.Pipeline, Model.Microarchitecture.Predictor.Taken) : null;
        }
    }

    /// <summary>
    /// Empties what makes code fast the second time: the modelled TLBs, the branch predictors and, at the Pipeline depth, the first two levels of cache. The
    /// last level keeps its lines, as if other work had been done on the core. It costs the guest nothing.
    /// </summary>
    public void ForgetWarmth()
    {
        FlushTranslations();
        _predictor.Clear();
        _pipeline?.ForgetCaches();
    }

    /// <summary>The addresses that the instruction will touch, while the registers are still those it finds.</summary>
    internal void PipelineBefore(Operation op)
    {
        TimedInstruction timed = op.Timed ??= TimedInstruction.Of(op.Instruction, Model.Microarchitecture.Figures[op.Figure], _pipeline!.Geometry);
        ulong code = LinearCodeAddress(S.Rip);
        ulong physical = CachedPhysical(code, PageAccess.Execute), last = code + (ulong)op.Length - 1;
        bool crosses = ((code ^ last) & ~0xFFFul) != 0;
        _pipeline!.Fetch(physical, crosses ? CachedPhysical(last, PageAccess.Execute) : physical + (ulong)op.Length - 1);
        if (timed.Timing is null)
            return;
        if ((timed.Touches & (MemoryTouches.OperandRead | MemoryTouches.OperandWrite)) != 0)
            _touchedOperand = UncheckedLinear(op.Segment, EffectiveAddress(op));
        if ((timed.Touches & MemoryTouches.Push) != 0)
            _touchedStack = UncheckedLinear(SegmentName.SS, (S.Gpr[(int)Gpr.Rsp] - (ulong)timed.StackSize) & StackMask);
        else if ((timed.Touches & MemoryTouches.Pop) != 0)
            _touchedStack = UncheckedLinear(SegmentName.SS, S.Gpr[(int)Gpr.Rsp] & StackMask);
    }

    /// <summary>The instruction has been executed, or has faulted.</summary>
    internal void PipelineAfter(Operation op, Outcome outcome)
    {
        if (outcome == Outcome.Repeat)
        {
            S.Clock += _pipeline!.Settle();
            return;
        }

        TimedInstruction timed = op.Timed!;
        ulong? load = null, store = null;
        int latency = 0;
        if (timed.Timing is not null)
        {
            if (timed.Loads)
            {
                load = (timed.Touches & MemoryTouches.OperandRead) != 0 ? _touchedOperand : _touchedStack;
                latency = _pipeline!.Load(CachedPhysical(load.Value, PageAccess.Read));
            }

            if (timed.Stores)
            {
                store = (timed.Touches & MemoryTouches.OperandWrite) != 0 ? _touchedOperand : _touchedStack;
                _pipeline!.Load(CachedPhysical(store.Value, PageAccess.Write));
            }
        }

        if (op.IsRefined && _refinement is { } figure)
            S.Clock += _pipeline!.Drain(figure.Cost);
        else
            S.Clock += _pipeline!.Retire(timed, latency, load, store, outcome == Outcome.Branch);
    }

    /// <summary>What was delivered has the core for itself.</summary>
    internal void PipelineSettle() => S.Clock += _pipeline!.Settle();

    /// <summary>The physical address that the modelled TLB has for a linear one; where it has none, the linear one stands for it.</summary>
    private ulong CachedPhysical(ulong linear, PageAccess access) =>
        _pagingMode != PagingMode.None && _tlb.TryFindFirstLevel(linear, Pcid, access, out Translation page) ? page.Physical(linear) : linear;
}
