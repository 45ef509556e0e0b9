using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>What the processor was busy with.</summary>
public enum ActivityKind
{
    /// <summary>The programs' own instructions.</summary>
    UserCode,

    /// <summary>A system call, from the instruction that enters the kernel to the one that leaves it, all waits left out.</summary>
    SystemCall,

    /// <summary>An exception or interrupt that came in user mode, from its delivery to the return.</summary>
    Exception,

    /// <summary>A new task's way to its first instruction in user mode.</summary>
    TaskStart,

    /// <summary>The idle task, and the halt until the next interrupt.</summary>
    Idle,
}

/// <summary>The cycles of one phase in all of a run, or in one activity of it.</summary>
/// <param name="Phase">Which.</param>
/// <param name="Cost">1/256 cycles.</param>
/// <param name="Instructions">Instructions.</param>
public sealed record PhaseTotal(Phase Phase, long Cost, long Instructions)
{
    /// <summary>Cycles.</summary>
    public double Cycles => Cost / 256.0;

    /// <summary>The phase's name, for plots; the programs' own code is no stub here.</summary>
    public string Name => Phase.Kind switch
    {
        PhaseKind.UserStub => "user code",
        PhaseKind.Interrupted => "exception or interrupt",
        _ => Phase.Name,
    };
}

/// <summary>One activity: user code, one system call by all its uses, one exception.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Name">Such as <c>write</c>, <c>write (32-bit)</c> or <c>#PF</c>.</param>
/// <param name="Count">How often; 0 where it makes no sense.</param>
/// <param name="Errors">How many of the calls returned an error, a wait that a signal broke off among them.</param>
/// <param name="Phases">Where its cycles went, in the order of a call.</param>
public sealed record ActivityProfile(ActivityKind Kind, string Name, long Count, long Errors, IReadOnlyList<PhaseTotal> Phases)
{
    /// <summary>1/256 cycles of all its uses.</summary>
    public long Cost => Phases.Sum(phase => phase.Cost);

    /// <summary>Cycles of all its uses.</summary>
    public double Cycles => Cost / 256.0;

    /// <summary>Cycles of one use; of all where they are not counted.</summary>
    public double CyclesEach => Cycles / Math.Max(1, Count);

    /// <summary>Instructions of all its uses.</summary>
    public long Instructions => Phases.Sum(phase => phase.Instructions);
}

/// <summary>Where the cycles of a program's run went. Every cycle belongs to one activity and one phase, so that they sum to the run's exactly.</summary>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record CycleProfile : IHasInputs
{
    /// <inheritdoc/>
    public required LabInputs Inputs { get; init; }

    /// <summary>The program with its arguments.</summary>
    public required string Program { get; init; }

    /// <summary>User code, the system calls with the costliest first, exceptions likewise, starts of tasks, idling; only those that there were.</summary>
    public required IReadOnlyList<ActivityProfile> Activities { get; init; }

    /// <summary>The figures it rests on.</summary>
    public required IReadOnlyList<FigureUse> Figures { get; init; }

    /// <summary>How much of it is documented, composed, tabled and the programs' own code, of the cycles in which the processor was not halted.</summary>
    public required IReadOnlyList<OriginShare> Origins { get; init; }

    /// <summary>1/256 cycles of the run.</summary>
    public long Cost => Activities.Sum(activity => activity.Cost);

    /// <summary>Cycles of the run.</summary>
    public double Cycles => Cost / 256.0;

    /// <summary>The system calls, the costliest first.</summary>
    public IEnumerable<ActivityProfile> SystemCalls => Activities.Where(activity => activity.Kind == ActivityKind.SystemCall);

    /// <summary>The weakest confidence among its figures.</summary>
    public Confidence Weakest => Figures.Max(use => use.Figure.Confidence);

    /// <summary>The share of the figures' cycles, 0 to 1, that rests on assumed ones.</summary>
    public double AssumedShare
    {
        get
        {
            double all = Figures.Sum(use => use.Uses * use.Figure.Cost);
            return all == 0 ? 0 : Figures.Where(use => use.Figure.Confidence == Confidence.Assumed).Sum(use => use.Uses * use.Figure.Cost) / all;
        }
    }

    /// <summary>The phases over all activities, in the order of a call.</summary>
    public IReadOnlyList<PhaseTotal> Phases =>
    [
        .. Activities.SelectMany(activity => activity.Phases).GroupBy(phase => phase.Phase).OrderBy(group => group.Key)
            .Select(group => new PhaseTotal(group.Key, group.Sum(phase => phase.Cost), group.Sum(phase => phase.Instructions))),
    ];

    /// <summary>A system call by its name.</summary>
    /// <exception cref="ArgumentException">The programs did not make it; the message says which they made.</exception>
    public ActivityProfile this[string systemCall] =>
        SystemCalls.FirstOrDefault(call => call.Name == systemCall)
        ?? throw new ArgumentException(
            $"{Program} did not call {systemCall}; it called {string.Join(", ", SystemCalls.Select(call => call.Name).Order(StringComparer.Ordinal))}.", nameof(systemCall));
}
