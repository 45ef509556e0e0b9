namespace SyscallExplorer;

/// <summary>What a result rests on: enough to boot the same lab again and get the same result, bit for bit.</summary>
/// <param name="Kernel">The kernel generation, as the user names it.</param>
/// <param name="Cpu">The processor model, as the user names it.</param>
/// <param name="CommandLine">The kernel command line, empty when there is none.</param>
/// <param name="Seed">The seed of everything that is random inside the machine.</param>
/// <param name="TimingDepth">The depth of the timing model: of a lab that of its comparisons and traces, of a program's run always Table.</param>
/// <param name="LibraryVersion">The version of the library that made the result.</param>
/// <param name="Hash">The SHA-256 of all inputs of the lab, in lower-case hexadecimal.</param>
public sealed record LabInputs(
    string Kernel,
    string Cpu,
    string CommandLine,
    ulong Seed,
    string TimingDepth,
    string LibraryVersion,
    string Hash);

/// <summary>A lab, or a result made in one, that can say what it rests on.</summary>
public interface IHasInputs
{
    /// <summary>The inputs that this value was made from.</summary>
    LabInputs Inputs { get; }
}
