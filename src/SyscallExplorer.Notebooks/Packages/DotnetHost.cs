using System.Runtime.InteropServices;

namespace SyscallExplorer.Notebooks;

/// <summary>Finds the <c>dotnet</c> command.</summary>
internal static class DotnetHost
{
    internal static string Path { get; } = Find();

    private static string Find()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        string? running = Environment.ProcessPath;
        string besideRuntime = System.IO.Path.GetFullPath(System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        string?[] candidates = [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH"), System.IO.Path.GetFileName(running) == name ? running : null, besideRuntime];
        return candidates.FirstOrDefault(File.Exists) ?? name;
    }
}
