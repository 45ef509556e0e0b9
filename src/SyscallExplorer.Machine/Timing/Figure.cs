namespace SyscallExplorer.Machine;

/// <summary>One timing figure of a microarchitecture, with its interval and its passport.</summary>
/// <param name="Index">The figure's place in <see cref="Microarchitecture.Figures"/>.</param>
/// <param name="Key">What the figure is the cost of; <c>docs/timing-data.md</c> describes the keys.</param>
/// <param name="Cost">The cost, in 1/256 of a core cycle.</param>
/// <param name="Low">The low end of the interval in which the true cost lies, in 1/256 of a core cycle.</param>
/// <param name="High">The high end of that interval, in 1/256 of a core cycle.</param>
/// <param name="Confidence">How well the figure is supported.</param>
/// <param name="Source">Where a stranger finds the figure, or what an assumption rests on.</param>
/// <param name="Note">What else a reader should know; a fitted figure's rule stands here.</param>
public sealed record Figure(int Index, string Key, long Cost, long Low, long High, Confidence Confidence, string Source, string? Note)
{
    /// <summary>The number of units of <see cref="Cost"/> in one core cycle.</summary>
    public const int UnitsPerCycle = 256;

    /// <summary>What the Pipeline depth knows of the instruction; null for a microcoded or system instruction and for an event, which cost what <see cref="Cost"/> says.</summary>
    public InstructionTiming? Timing { get; init; }
}
