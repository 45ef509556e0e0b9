using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>The memory of a process at a moment, as /proc/PID/maps tells of it.</summary>
/// <param name="Inputs">What it rests on.</param>
/// <param name="Process">The number of the process.</param>
/// <param name="Command">Its name, as /proc shows it.</param>
/// <param name="Call">The system call at whose entry it was taken; null at the end of the run.</param>
/// <param name="Time">When, in 1/256 cycles from the start of the run.</param>
/// <param name="Regions">What is mapped, in the order of addresses.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record AddressSpaceMap(
    LabInputs Inputs, int Process, string Command, string? Call, long Time, IReadOnlyList<MemoryRegion> Regions) : IHasInputs
{
    /// <summary>Cycles from the start of the run.</summary>
    public double TimeCycles => Time / 256.0;
}
