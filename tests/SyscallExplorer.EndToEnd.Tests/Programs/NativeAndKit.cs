using System.Diagnostics;
using System.Text;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>A program with all that it is given.</summary>
/// <param name="Program">Its path.</param>
/// <param name="Arguments">Its arguments, in which <see cref="NativeAndKit.Folder"/> stands for a folder that it may fill.</param>
internal sealed record ProgramCall(string Program, params string[] Arguments)
{
    /// <summary>Its standard input.</summary>
    public byte[] Input { get; init; } = [];

    /// <summary>Options of <c>sysx exec</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Path.GetFileName(Program)} {string.Join(' ', Arguments)}";
}

/// <summary>Runs a program on the host and in the kit: what it writes and how it ends must be the same, byte for byte.</summary>
internal static class NativeAndKit
{
    /// <summary>In arguments: a new and empty folder on the host, and <c>/tmp</c> in the kit.</summary>
    internal const string Folder = "{folder}";

    private const int FirstSignalStatus = 128;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    /// <summary>Runs it on the host and by <c>sysx exec</c>, with an empty environment.</summary>
    /// <returns>What it wrote to standard output.</returns>
    internal static byte[] Compare(ProgramCall call) => Compare(call, BySysx(call));

    /// <summary>
    /// Runs it on the host and in a machine of this process. The many programs that ask what a call does need no <c>sysx</c> of their own each, which
    /// would spend most of its time on starting.
    /// </summary>
    internal static byte[] CompareHere(ProgramCall call) => Compare(call, InThisProcess(call));

    private static byte[] Compare(ProgramCall call, Outcome emulated)
    {
        Outcome native = OnHost(call);
        string said = Encoding.UTF8.GetString(emulated.Error);
        Assert.True(native.Status == emulated.Status,
            $"{call} ended with {native.Status} on the host and with {emulated.Status} in the kit: {said}\n{Difference(native.Output, emulated.Output)}");
        Assert.True(native.Output.AsSpan().SequenceEqual(emulated.Output), $"{call} wrote something else than on the host: {said}\n{Difference(native.Output, emulated.Output)}");
        // Of a fatal signal the kit writes a report, where the host leaves a core file.
        if (native.Status < FirstSignalStatus)
            Assert.Equal(Encoding.UTF8.GetString(native.Error), said);
        return native.Output;
    }

    private static Outcome OnHost(ProgramCall call)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sysx-native-");
        try
        {
            ProcessStartInfo start = Tools.OnHost(call.Program, call.Arguments.Select(a => a.Replace(Folder, folder.FullName)));
            start.Environment.Clear();
            return Run(start, $"{call} on the host", call.Input);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Outcome InThisProcess(ProgramCall call)
    {
        LinuxMachine machine = InKit.Boot();
        var streams = new CollectedStreams(call.Input);
        machine.Streams = streams;
        if (call.Options is ["--root", var root])
            machine.MountHost("/", root);
        else
            Assert.Empty(call.Options);
        string[] arguments = [call.Program, .. call.Arguments.Select(a => a.Replace(Folder, "/tmp"))];
        machine.Load(new ElfProgram(ElfFile.Parse(File.ReadAllBytes(call.Program), call.Program), call.Program, arguments, []));
        RunResult result = InKit.ToEnd(machine);
        if (machine.ExitStatus is { } status && machine.IsOver)
            return new Outcome(status, streams.Output, streams.Error);
        int signal = machine.Signal ?? throw new InvalidOperationException($"{call} in the kit did not come to its end: {result.Message}");
        return new Outcome(FirstSignalStatus + signal, streams.Output, streams.Error);
    }

    private static Outcome BySysx(ProgramCall call)
    {
        IEnumerable<string> arguments = call.Arguments.Select(a => a.Replace(Folder, "/tmp"));
        string sysx = Path.Combine(AppContext.BaseDirectory, "sysx.dll");
        return Run(new ProcessStartInfo(Tools.Dotnet, ["exec", sysx, "exec", .. call.Options, call.Program, .. arguments]), $"{call} in the kit", call.Input);
    }

    private static Outcome Run(ProcessStartInfo start, string what, byte[] input)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{what} could not be started.");
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        Task copied = Task.WhenAll(process.StandardOutput.BaseStream.CopyToAsync(output), process.StandardError.BaseStream.CopyToAsync(error), Feed(process, input));
        if (!process.WaitForExit(s_patience) || !copied.Wait(s_patience))
        {
            process.Kill(entireProcessTree: true);
            copied.Wait(s_patience);
            Assert.Fail($"{what} did not end within {s_patience.TotalSeconds} seconds. It had written:\n{Tail(output)}\nand to standard error:\n{Tail(error)}");
        }

        return new Outcome(process.ExitCode, output.ToArray(), error.ToArray());
    }

    private static async Task Feed(Process process, byte[] input)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Not every program reads all its input.
        }
    }

    private static string Difference(byte[] expected, byte[] actual)
    {
        const int before = 300, shown = 600;
        int at = expected.AsSpan().CommonPrefixLength(actual);
        int from = Math.Max(0, at - before);
        string Part(byte[] bytes) => Encoding.UTF8.GetString(bytes.AsSpan(Math.Min(from, bytes.Length))[..Math.Min(shown, Math.Max(0, bytes.Length - from))]);
        return $"at byte {at} of {expected.Length} and {actual.Length}:\n{Part(expected)}\n--- in the kit:\n{Part(actual)}";
    }

    private static string Tail(MemoryStream written)
    {
        const int shown = 1000;
        byte[] bytes = written.ToArray();
        return Encoding.UTF8.GetString(bytes.AsSpan(Math.Max(0, bytes.Length - shown)));
    }

    private sealed class CollectedStreams(byte[] input) : IProgramStreams
    {
        private readonly MemoryStream _output = new(), _error = new();

        public byte[] Output => _output.ToArray();

        public byte[] Error => _error.ToArray();

        public byte[] ReadInput() => input;

        public bool TryWriteOutput(ReadOnlySpan<byte> bytes)
        {
            _output.Write(bytes);
            return true;
        }

        public bool TryWriteError(ReadOnlySpan<byte> bytes)
        {
            _error.Write(bytes);
            return true;
        }
    }

    private sealed record Outcome(int Status, byte[] Output, byte[] Error);
}
