using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>What one round of a loop costs: of a path into the kernel and back, or of any other code.</summary>
public abstract record MeasuredCost
{
    /// <summary>What it is, such as <c>int 0x80</c>.</summary>
    public required string Label { get; init; }

    /// <summary>Calls measured, after the same number to warm up.</summary>
    public int Calls { get; init; }

    /// <summary>1/256 cycles of all rounds measured.</summary>
    public long Cost { get; init; }

    /// <summary>The same with every figure at the low end of its interval.</summary>
    public long Low { get; init; }

    /// <summary>The same with every figure at the high end of its interval.</summary>
    public long High { get; init; }

    /// <summary>1/256 cycles of one more call after the caches, the TLBs and the branch predictors were emptied.</summary>
    public long ColdCost { get; init; }

    /// <summary>Instructions of one call, in user and kernel mode.</summary>
    public double Instructions { get; init; }

    /// <summary>What the call returned; 0 for a loop that is no call.</summary>
    public long Result { get; init; }

    /// <summary>The phases, in the order of a call.</summary>
    public IReadOnlyList<PhaseCost> Phases { get; init; } = [];

    /// <summary>The figures it rests on.</summary>
    public IReadOnlyList<FigureUse> Figures { get; init; } = [];

    /// <summary>What happened beside the instructions, in the calls measured: misses of the TLBs, walks of the page tables, wrong predictions. What did not happen is not there.</summary>
    public IReadOnlyList<EventCount> Events { get; init; } = [];

    /// <summary>The same in the one call that found everything empty.</summary>
    public IReadOnlyList<EventCount> ColdEvents { get; init; } = [];

    /// <summary>How much of it is documented, composed, tabled and the user's own code.</summary>
    public IReadOnlyList<OriginShare> Origins { get; init; } = [];

    /// <summary>The weakest confidence among its figures.</summary>
    public Confidence Weakest { get; init; }

    /// <summary>The share of its cycles, 0 to 1, that rests on assumed figures.</summary>
    public double AssumedShare { get; init; }

    /// <summary>Cycles of one call.</summary>
    public double Cycles => Cost / 256.0 / Calls;

    /// <summary>Cycles of one call that finds the caches, the TLBs and the branch predictors empty.</summary>
    public double ColdCycles => ColdCost / 256.0;

    /// <summary>Cycles of one call at the low end of every figure.</summary>
    public double LowCycles => Low / 256.0 / Calls;

    /// <summary>Cycles of one call at the high end of every figure.</summary>
    public double HighCycles => High / 256.0 / Calls;
}

/// <summary>How often something happened.</summary>
/// <param name="Event">What.</param>
/// <param name="Count">In all calls that were looked at.</param>
/// <param name="PerCall">In one.</param>
public sealed record EventCount(TimingEvent Event, long Count, double PerCall);

/// <summary>What one path costs.</summary>
public sealed record PathCost : MeasuredCost
{
    /// <summary>Which path.</summary>
    public required EntryPath Path { get; init; }
}

/// <summary>What one round of a loop costs that the author wrote: a call of the vDSO, an empty loop, some instructions.</summary>
public sealed record LoopCost : MeasuredCost, IHasInputs
{
    /// <inheritdoc/>
    public required LabInputs Inputs { get; init; }
}
