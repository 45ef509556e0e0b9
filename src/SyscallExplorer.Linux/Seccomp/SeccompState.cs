using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A filter, and those that were installed before it, which run too.</summary>
/// <param name="Program">Its instructions, verified.</param>
/// <param name="Previous">The one before it, or null.</param>
internal sealed record SeccompFilter(ImmutableArray<BpfInstruction> Program, SeccompFilter? Previous)
{
    /// <summary>Who serves the calls that it leaves to others, or null.</summary>
    public int? Listener { get; init; }

    /// <summary>How many filters there are, this one and those before it.</summary>
    public int Count { get; } = 1 + (Previous?.Count ?? 0);

    /// <summary>Instructions of all of them, with four more for each.</summary>
    public int Weight { get; } = Program.Length + Penalty + (Previous?.Weight ?? 0);

    private const int Penalty = 4;

    /// <summary>Whether this filter, or none, is <paramref name="filter"/> or stands before it.</summary>
    public static bool IsAncestor(SeccompFilter? ancestor, SeccompFilter? filter)
    {
        if (ancestor is null)
            return true;
        for (; filter is not null; filter = filter.Previous)
        {
            if (ReferenceEquals(filter, ancestor))
                return true;
        }

        return false;
    }

    /// <summary>Runs all filters: the most restrictive result counts, and among equals that of the newest filter.</summary>
    /// <param name="data">The call.</param>
    /// <param name="steps">How many instructions they took.</param>
    public uint Run(SeccompData data, out int steps) => Run(data, out steps, out _);

    /// <inheritdoc cref="Run(SeccompData, out int)"/>
    /// <param name="data">The call.</param>
    /// <param name="steps">How many instructions they took.</param>
    /// <param name="deciding">The filter whose result counts.</param>
    public uint Run(SeccompData data, out int steps, out SeccompFilter deciding)
    {
        deciding = this;
        uint result = SeccompAction.Allow;
        steps = 0;
        for (SeccompFilter? filter = this; filter is not null; filter = filter.Previous)
        {
            uint own = BpfInterpreter.Run(filter.Program, data, out int taken);
            steps += taken;
            if (SeccompAction.IsStricter(own, result))
                (result, deciding) = (own, filter);
        }

        return result;
    }
}

/// <summary>What restricts the calls of a thread. Children inherit it, and a new program keeps it.</summary>
/// <param name="Mode">One of the constants.</param>
/// <param name="Filter">The newest filter in the mode of filters.</param>
internal sealed record SeccompState(int Mode, SeccompFilter? Filter)
{
    public const int Disabled = 0, Strict = 1, Filtered = 2;

    public static SeccompState None { get; } = new(Disabled, null);

    /// <summary>Whether the mode may become another one.</summary>
    public bool MayBecome(int mode) => Mode is Disabled || Mode == mode;
}
