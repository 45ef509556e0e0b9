namespace SyscallExplorer;

/// <summary>What came of a measuring program: its output, or why there is none.</summary>
/// <param name="Output">Its output.</param>
/// <param name="Failure">Why there is none, in a few words; null when there is one.</param>
/// <param name="End">How it ended.</param>
internal sealed record ChildRun(ChildOutput? Output, string? Failure, ChildEnd End)
{
    public static ChildRun Of(ExecutableFolder folder, byte[] program, TimeSpan limit, CancellationToken cancellation)
    {
        ChildEnd end = folder.Run(program, limit, ChildLayout.OutputSize, cancellation);
        if (end.Failure is not null)
            return new ChildRun(null, end.Failure, end);
        ChildOutput? output = ChildOutput.TryRead(end.Output, out string? problem);
        return new ChildRun(output, problem, end);
    }
}
