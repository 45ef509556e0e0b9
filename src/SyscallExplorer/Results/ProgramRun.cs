using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>What became of a program.</summary>
/// <param name="Inputs">What it rests on.</param>
/// <param name="ExitStatus">The argument of exit, or null when the program did not end by itself.</param>
/// <param name="Message">A sentence on how it ended.</param>
/// <param name="Fatal">The report of a fatal exception, or null.</param>
/// <param name="Output">What it wrote to standard output, as UTF-8.</param>
/// <param name="Error">What it wrote to standard error, as UTF-8.</param>
/// <param name="Instructions">Instructions, in user and kernel mode.</param>
/// <param name="Cost">1/256 cycles.</param>
/// <param name="Unimplemented">System calls that the kit does not have, with how often each was asked for.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record ProgramRun(
    LabInputs Inputs, int? ExitStatus, string Message, FatalReport? Fatal, string Output, string Error, long Instructions, long Cost,
    IReadOnlyDictionary<string, int> Unimplemented) : IHasInputs
{
    /// <summary>The signal that ended it, by an exception or because it was sent, or null.</summary>
    public int? Signal { get; init; }

    /// <summary>What it wrote to standard output, as it is.</summary>
    public ReadOnlyMemory<byte> OutputBytes { get; init; }

    /// <summary>What it wrote to standard error, as it is.</summary>
    public ReadOnlyMemory<byte> ErrorBytes { get; init; }

    /// <summary>What a reader should know of the run, such as a limit that it met.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What of this computer the run depends on, with a hash of each: the program's file, and what it saw of its root.</summary>
    public IReadOnlyList<HostInput> HostInputs { get; init; } = [];

    /// <summary>Cycles.</summary>
    public double Cycles => Cost / 256.0;
}
