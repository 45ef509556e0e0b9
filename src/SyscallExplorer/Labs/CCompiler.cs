using System.Diagnostics;

namespace SyscallExplorer;

/// <summary>The host's gcc.</summary>
/// <param name="Path">Where it is.</param>
internal sealed record CCompiler(string Path)
{
    /// <summary>One name for every program's source: the compiler writes it into the file, which would otherwise differ from run to run.</summary>
    private const string Source = "program.c";

    private const string Output = "program";
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    /// <summary>The first on the PATH.</summary>
    public static CCompiler? Find() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => System.IO.Path.Combine(folder, "gcc")).FirstOrDefault(File.Exists) is { } path
            ? new CCompiler(path)
            : null;

    /// <summary>Compiles a source in a folder of its own, which is gone afterwards.</summary>
    public Compilation Make(string source, int bitness, IEnumerable<string> options)
    {
        string folder = Directory.CreateTempSubdirectory("sysx-c-").FullName;
        try
        {
            File.WriteAllText(System.IO.Path.Combine(folder, Source), source);
            string said = Run(folder, [$"-m{bitness}", "-O2", "-static", "-no-pie", "-Wl,--build-id=none", .. options, "-o", Output, Source]);
            string output = System.IO.Path.Combine(folder, Output);
            return new Compilation(File.Exists(output) ? File.ReadAllBytes(output) : null, said);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private string Run(string folder, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Path, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (process.WaitForExit(s_patience))
            return output.Result + error.Result;
        process.Kill(entireProcessTree: true);
        return $"{Path} had not ended after {s_patience.TotalSeconds} seconds.";
    }
}

/// <summary>What came of a source.</summary>
/// <param name="File">The ELF file, or null.</param>
/// <param name="Said">What the compiler said.</param>
internal sealed record Compilation(byte[]? File, string Said);
