using System.Diagnostics;

namespace SyscallExplorer.Cli.Tests;

/// <summary>What a run of the command came to.</summary>
internal sealed record Result(int ExitCode, string Output, string Error);

/// <summary>Runs the command as a user does.</summary>
internal static class Sysx
{
    internal static async Task<Result> RunAsync(params string[] arguments)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, "sysx.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new Result(process.ExitCode, await output, await error);
    }
}
