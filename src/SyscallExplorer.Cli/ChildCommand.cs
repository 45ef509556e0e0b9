namespace SyscallExplorer.Cli;

/// <summary>How this program starts itself again.</summary>
internal static class ChildCommand
{
    internal static IReadOnlyList<string> OfThisProgram()
    {
        string running = Environment.ProcessPath ?? throw new InvalidOperationException("The system does not tell the path of this program.");
        bool isDotnet = Path.GetFileNameWithoutExtension(running).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        return isDotnet ? [running, Path.Combine(AppContext.BaseDirectory, "sysx.dll")] : [running];
    }
}
