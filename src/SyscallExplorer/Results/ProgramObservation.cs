namespace SyscallExplorer;

/// <summary>A program's run, and what there was to see of it.</summary>
/// <param name="Run">What became of the program.</param>
/// <param name="Profile">Its system calls by count, and where its cycles went.</param>
/// <param name="Timeline">When its tasks ran, waited and made their calls.</param>
/// <param name="MemoryMaps">The memory of its processes, in the order in which the maps were taken.</param>
/// <param name="Strace">Its system calls as text.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record ProgramObservation(
    ProgramRun Run, CycleProfile Profile, Timeline Timeline, IReadOnlyList<AddressSpaceMap> MemoryMaps, CallLog Strace) : IHasInputs
{
    /// <inheritdoc/>
    public LabInputs Inputs => Run.Inputs;

    /// <summary>The system calls, in the order in which they were made.</summary>
    public IReadOnlyList<ObservedCall> Calls => Timeline.Calls;
}
