using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SyscallExplorer.Linux.Tests;

/// <summary>C programs beside the tests, compiled by the host's compiler and run by its kernel, to learn what real ones do.</summary>
internal static class HostCompiler
{
    /// <summary>Stands for the 64-bit musl C library where a word size is asked for.</summary>
    public const int Musl = -64;

    private const int Patience = 60;
    private static readonly string s_folder = Directory.CreateTempSubdirectory("sysx-signals-").FullName;
    private static readonly ConcurrentDictionary<(string Name, string Options), Lazy<string>> s_made = new();

    static HostCompiler() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(s_folder, recursive: true);

    /// <summary>The path of a program; without a compiler for it the test is skipped, and in continuous integration it fails.</summary>
    public static string Compile(string name, int bitness, params string[] options)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture == Architecture.X64, "The program runs natively, on Linux on x86-64.");
        string compiler = bitness == Musl ? "musl-gcc" : "gcc";
        string? gcc = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, compiler))
            .FirstOrDefault(File.Exists);
        bool isThere = gcc is not null && (bitness != 32 || File.Exists("/usr/lib32/libc.a"));
        if (!isThere && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"There is no {compiler} with a {Math.Abs(bitness)}-bit C library on the PATH.");
        Skip.IfNot(isThere, $"There is no {compiler} with a {Math.Abs(bitness)}-bit C library on the PATH.");
        return s_made.GetOrAdd((name, $"{bitness} {string.Join(' ', options)}"), key => new Lazy<string>(() => Make(gcc!, key.Name, bitness, options))).Value;
    }

    /// <summary>Runs a program and returns what it printed, whatever its end.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(Patience)))
        {
            process.Kill();
            Assert.Fail($"{program} {string.Join(' ', arguments)} had not ended after {Patience} seconds.");
        }

        return output.Result + error.Result;
    }

    private static string Make(string gcc, string name, int bitness, string[] options)
    {
        string source = Path.Combine(Repository.Root, "tests", "SyscallExplorer.Linux.Tests", "Signals", name + ".c");
        string program = Path.Combine(s_folder, $"{Path.GetFileName(name)}-{s_made.Count}-{bitness}");
        string output = Run(gcc, [$"-m{Math.Abs(bitness)}", .. options, "-o", program, source]);
        Assert.True(File.Exists(program), output);
        return program;
    }
}
