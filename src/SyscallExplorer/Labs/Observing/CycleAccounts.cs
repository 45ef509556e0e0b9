using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>What is counted of one activity.</summary>
internal sealed class ActivityAccount(ActivityKind kind, string name)
{
    private long[] _costs = [];
    private long[] _instructions = [];

    public ActivityKind Kind { get; } = kind;

    public string Name { get; } = name;

    public long Count { get; set; }

    public long Errors { get; set; }

    public void Add(int phase, long cost, long instructions)
    {
        if (phase >= _costs.Length)
        {
            Array.Resize(ref _costs, phase + 1);
            Array.Resize(ref _instructions, phase + 1);
        }

        _costs[phase] += cost;
        _instructions[phase] += instructions;
    }

    public ActivityProfile Profile(IReadOnlyList<Phase> phases) => new(Kind, Name, Count, Errors,
        [.. _costs.Select((cost, index) => new PhaseTotal(phases[index], cost, _instructions[index])).Where(total => total is { Cost: > 0 } or { Instructions: > 0 })
            .OrderBy(total => total.Phase)]);
}

/// <summary>The accounts of a run: every cycle is entered once, by activity, by phase and by origin.</summary>
internal sealed class CycleAccounts
{
    private readonly Dictionary<(ActivityKind Kind, string Name), ActivityAccount> _activities = [];
    private readonly Dictionary<Phase, int> _indices = [];
    private readonly List<Phase> _phases = [];
    private readonly long[] _origins = new long[Enum.GetValues<CodeOrigin>().Length];
    private Phase _lastPhase;
    private int _lastIndex = -1;

    public ActivityAccount Of(ActivityKind kind, string name)
    {
        if (!_activities.TryGetValue((kind, name), out ActivityAccount? account))
            _activities[(kind, name)] = account = new ActivityAccount(kind, name);
        return account;
    }

    /// <summary>Enters an instruction.</summary>
    /// <param name="activity">What it is done for.</param>
    /// <param name="phase">Its phase.</param>
    /// <param name="origin">How its code came to be.</param>
    /// <param name="cost">1/256 cycles.</param>
    /// <param name="hosted">How many of them are the host's work.</param>
    /// <param name="instructions">1, or 0 for the delivery of an interrupt.</param>
    public void Add(ActivityAccount activity, Phase phase, CodeOrigin origin, long cost, long hosted, long instructions)
    {
        activity.Add(IndexOf(phase), cost, instructions);
        _origins[(int)origin] += cost - hosted;
        _origins[(int)CodeOrigin.Tabled] += hosted;
    }

    /// <summary>Enters time that passed without an instruction.</summary>
    public void AddHalt(ActivityAccount activity, long cost) => activity.Add(IndexOf(new Phase(PhaseKind.Halted)), cost, 0);

    public IReadOnlyList<ActivityProfile> Profiles() =>
    [
        .. _activities.Values.Select(account => account.Profile(_phases)).Where(profile => profile.Phases.Count > 0)
            .OrderBy(profile => profile.Kind).ThenByDescending(profile => profile.Cost).ThenBy(profile => profile.Name, StringComparer.Ordinal),
    ];

    public IReadOnlyList<OriginShare> Origins()
    {
        double all = Math.Max(1, _origins.Sum());
        return [.. _origins.Select((cost, origin) => new OriginShare((CodeOrigin)origin, cost / 256.0, cost / all)).Where(share => share.Share > 0)];
    }

    private int IndexOf(Phase phase)
    {
        if (_lastIndex >= 0 && phase == _lastPhase)
            return _lastIndex;
        if (!_indices.TryGetValue(phase, out int index))
        {
            _indices[phase] = index = _phases.Count;
            _phases.Add(phase);
        }

        _lastPhase = phase;
        return _lastIndex = index;
    }
}
