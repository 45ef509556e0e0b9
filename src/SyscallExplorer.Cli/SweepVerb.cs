using System.CommandLine;
using Spectre.Console;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Cli;

/// <summary><c>sysx sweep</c>: one system call over generations, processors, paths and command lines.</summary>
internal static class SweepVerb
{
    internal static Command Create()
    {
        var call = new Option<string>("--call") { Description = "The system call.", HelpName = "name", DefaultValueFactory = _ => Syscalls.GetPid.Name };
        var kernels = new Option<string[]>("--kernel") { Description = "Only these kernels; may be given several times.", HelpName = "name" };
        var cpus = new Option<string[]>("--cpu") { Description = "Only these processors; may be given several times.", HelpName = "name" };
        var threads = new Option<int>("--parallel") { Description = "Machines at the same time.", HelpName = "count", DefaultValueFactory = _ => Environment.ProcessorCount };
        var output = new Option<FileInfo?>("--output") { Description = "Write the comma-separated values there and not to standard output.", HelpName = "file" };
        var command = new Command("sweep", "Measures one system call over all generations, processors, entry paths and mitigation presets.") { call, kernels, cpus, threads, output };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(call)!, parsed.GetValue(kernels) ?? [], parsed.GetValue(cpus) ?? [], parsed.GetValue(threads), parsed.GetValue(output), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string call, string[] kernels, string[] cpus, int threads, FileInfo? output, CancellationToken cancellation)
    {
        try
        {
            var plan = new SweepPlan { Syscall = call, Parallelism = threads };
            if (kernels.Length > 0)
                plan = plan with { Kernels = [.. kernels.Select(Kernels.Find)] };
            if (cpus.Length > 0)
                plan = plan with { Cpus = [.. cpus.Select(Cpus.Find)] };
            Sweep sweep = await ShowAsync(plan, cancellation);
            if (output is not null)
                await File.WriteAllTextAsync(output.FullName, sweep.ToCsv(), cancellation);
            else
                Console.Write(sweep.ToCsv());
            return ExitCodes.Success;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("sysx: the sweep was stopped; nothing was written.");
            return ExitCodes.Kit;
        }
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"sysx: {e.Message.Split(" (Parameter '")[0]}");
            return ExitCodes.Usage;
        }
    }

    private static Task<Sweep> ShowAsync(SweepPlan plan, CancellationToken cancellation)
    {
        if (Console.IsErrorRedirected)
            return Task.Run(() => Sweep.Run(plan, cancellation: cancellation), cancellation);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                ProgressTask task = context.AddTask($"{plan.Syscall} in {plan.Count} cells", maxValue: plan.Count);
                return Task.Run(() => Sweep.Run(plan, new Bar(task), cancellation), cancellation);
            });
    }

    private sealed class Bar(ProgressTask task) : IProgress<SweepProgress>
    {
        public void Report(SweepProgress value) => task.Value = Math.Max(task.Value, value.Done);
    }
}
