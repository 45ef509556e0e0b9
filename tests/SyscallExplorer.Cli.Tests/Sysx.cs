using System.Diagnostics;
using System.Text;

namespace SyscallExplorer.Cli.Tests;

/// <summary>What a run of the command came to.</summary>
internal sealed record Result(int ExitCode, byte[] OutputBytes, string Error)
{
    internal string Output => Encoding.UTF8.GetString(OutputBytes);
}

/// <summary>Runs the command as a user does.</summary>
internal static class Sysx
{
    internal static Task<Result> RunAsync(params string[] arguments) => RunAsync([], arguments);

    internal static async Task<Result> RunAsync(byte[] input, params string[] arguments)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, "sysx.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        using var output = new MemoryStream();
        Task copied = process.StandardOutput.BaseStream.CopyToAsync(output);
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A program may end without having read its input.
        }

        await process.WaitForExitAsync();
        await copied;
        return new Result(process.ExitCode, output.ToArray(), await error);
    }
}
