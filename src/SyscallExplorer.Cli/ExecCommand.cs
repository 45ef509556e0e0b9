using System.Diagnostics;
using System.Globalization;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Cli;

/// <summary>What the user asked of <c>sysx exec</c>.</summary>
internal sealed record ExecRequest(string Kernel, string Cpu, string CommandLine, ulong Seed, string Program, IReadOnlyList<string> Arguments)
{
    public RunLimits Run { get; init; }

    public ProgramLimits Limits { get; init; } = ProgramLimits.Default;

    /// <summary>A folder of this computer that the program sees as its root, to read.</summary>
    public string? Root { get; init; }

    public IReadOnlyList<string> Environment { get; init; } = [];

    public bool Terminal { get; init; }

    public bool Stats { get; init; }
}

/// <summary>Boots a machine, runs one program in it, and passes on how it ended.</summary>
internal static class ExecCommand
{
    private const int SignalBase = 128;

    internal static int Execute(ExecRequest request)
    {
        try
        {
            LinuxMachine machine = LinuxMachine.Boot(
                Kernels.Find(request.Kernel), Cpus.Find(request.Cpu), KernelOptions.Parse(request.CommandLine), request.Seed, request.Limits);
            if (request.Root is { } root)
                machine.MountHost("/", root);
            machine.Terminal = request.Terminal;
            ElfFile file = ElfFile.Parse(Read(request.Program), request.Program);
            machine.Streams = new HostStreams();
            machine.Load(new ElfProgram(file, request.Program, [request.Program, .. request.Arguments], request.Environment));
            var watch = Stopwatch.StartNew();
            RunResult result = machine.Run(request.Run);
            watch.Stop();
            int status = StatusOf(machine, result, request);
            if (machine.Fatal is not null)
                file.Remarks.ToList().ForEach(Say);
            if (request.Stats)
                PrintStatistics(machine, result, watch.Elapsed);
            return status;
        }
        catch (Exception e) when (e is ElfFormatException or ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            Say(e.Message.Split(" (Parameter '")[0]);
            return ExitCodes.Kit;
        }
    }

    private static byte[] Read(string path)
    {
        if (Directory.Exists(path))
            throw new IOException($"'{path}' is a folder; exec takes an ELF file.");
        return File.Exists(path) ? File.ReadAllBytes(path) : throw new IOException($"There is no file '{path}'.");
    }

    private static int StatusOf(LinuxMachine machine, RunResult result, ExecRequest request)
    {
        if (machine.ExitStatus is { } status && machine.IsOver)
        {
            if (!result.Message.StartsWith("The program exited", StringComparison.Ordinal))
                Say(result.Message);
            return status;
        }

        if (machine.Signal is { } signal)
        {
            Console.Error.Write(machine.Fatal is { } report ? $"sysx: {report}" : $"sysx: {result.Message}{Environment.NewLine}");
            return SignalBase + signal;
        }

        string advice = result.Reason == StopReason.InstructionBudget
            ? string.Create(CultureInfo.InvariantCulture, $" It allowed {request.Run.MaxInstructions} instructions; --max-instructions raises it.")
            : result.Reason == StopReason.CycleBudget
            ? string.Create(CultureInfo.InvariantCulture, $" It allowed {request.Run.MaxCycles} cycles; --max-cycles raises it.")
            : "";
        Say(result.Message + advice);
        if (machine.Fatal is { } panic)
            Console.Error.Write(panic);
        return ExitCodes.Kit;
    }

    private static void PrintStatistics(LinuxMachine machine, RunResult result, TimeSpan elapsed)
    {
        const double unitsPerCycle = 256, million = 1e6;
        double rate = elapsed > TimeSpan.Zero ? result.Instructions / elapsed.TotalSeconds / million : 0;
        Say(string.Create(CultureInfo.InvariantCulture,
            $"{result.Instructions} instructions, {result.Clock / unitsPerCycle:0} cycles on {machine.Processor.Model} with {machine.Kernel}, "
            + $"{elapsed.TotalSeconds:0.000} s of host time, {rate:0.0} million instructions a second"));
        if (machine.Unimplemented.Count > 0)
        {
            IEnumerable<string> calls = machine.Unimplemented.Select(call => string.Create(CultureInfo.InvariantCulture, $"{call.Key} ({call.Value} times)"));
            Say($"system calls that the kit does not have: {string.Join(", ", calls)}");
        }
    }

    private static void Say(string sentence) => Console.Error.WriteLine($"sysx: {sentence}");
}
