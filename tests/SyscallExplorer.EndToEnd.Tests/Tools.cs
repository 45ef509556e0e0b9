using System.Diagnostics;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Programs that tests run.</summary>
internal static class Tools
{
    internal static string Dotnet { get; } = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>The path of a program that may be absent: without it the test is skipped, and in continuous integration it fails.</summary>
    internal static string Require(params string[] names)
    {
        string?[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)];
        string? found = folders.SelectMany(f => names.SelectMany(n => new[] { Path.Combine(f!, n), Path.Combine(f!, n + ".exe") })).FirstOrDefault(File.Exists);
        if (found is null && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"None of {string.Join(", ", names)} is on the PATH.");
        Skip.If(found is null, $"None of {string.Join(", ", names)} is on the PATH.");
        return found!;
    }

    /// <summary>A file that may be absent, as <see cref="Require"/> treats a program.</summary>
    internal static void RequireFile(string path, string what)
    {
        if (!File.Exists(path) && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"There is no {path}, {what}.");
        Skip.IfNot(File.Exists(path), $"There is no {path}, {what}.");
    }

    /// <summary>Runs a program to its end and returns what it printed.</summary>
    internal static string Run(string program, string folder, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // No build server may outlive the tests.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_NOLOGO"] = "1";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}{error.Result}");
        return output;
    }

    /// <summary>
    /// How to start a program of the host with the signals that programs start with: whoever runs the tests may ignore some, SIGPIPE above all, and that is
    /// inherited.
    /// </summary>
    internal static ProcessStartInfo OnHost(string program, IEnumerable<string> arguments) => new("/usr/bin/env", ["--default-signal", program, .. arguments]);

    internal static string Sysx(params string[] arguments) =>
        Run(Dotnet, Repository.Root, null, ["exec", Path.Combine(AppContext.BaseDirectory, "sysx.dll"), .. arguments]);
}
