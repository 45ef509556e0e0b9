namespace SyscallExplorer;

/// <summary>The system calls of a run as <c>strace -f</c> writes them.</summary>
/// <param name="Inputs">What it rests on.</param>
/// <param name="Program">The program with its arguments.</param>
/// <param name="Text">Its lines, each with its end.</param>
/// <param name="IsComplete">Whether all calls are here, and not only as many as <see cref="ObservationOptions.DetailLimit"/> allowed.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record CallLog(LabInputs Inputs, string Program, string Text, bool IsComplete) : IHasInputs
{
    /// <summary>The lines, without their ends.</summary>
    public IReadOnlyList<string> Lines => Text.Length == 0 ? [] : Text.TrimEnd('\n').Split('\n');

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}
