using Spectre.Console;
using SyscallExplorer.Notebooks;

namespace SyscallExplorer.Cli;

/// <summary>Shows how far a run is: a bar on a terminal, plain lines elsewhere. Results go to standard output, this to standard error.</summary>
internal static class ProgressDisplay
{
    internal static Task<NotebookRun> ShowAsync(string name, Func<IProgress<RunProgress>, Task<NotebookRun>> run) =>
        Console.IsErrorRedirected ? run(new Lines(name)) : ShowBarAsync(name, run);

    private static async Task<NotebookRun> ShowBarAsync(string name, Func<IProgress<RunProgress>, Task<NotebookRun>> run)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress()
            .AutoClear(true)
            .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async context => await run(new Bar(context.AddTask(Markup.Escape(name)), name)));
    }

    private sealed class Bar(ProgressTask task, string name) : IProgress<RunProgress>
    {
        public void Report(RunProgress value)
        {
            task.MaxValue = Math.Max(1, value.Total);
            task.Value = value.Done;
            task.Description = Markup.Escape($"{name}: {value.Activity}");
        }
    }

    private sealed class Lines(string name) : IProgress<RunProgress>
    {
        private string? _last;

        public void Report(RunProgress value)
        {
            string line = $"{name}: {value.Activity} ({value.Done} of {value.Total} code cells done)";
            if (value.Activity != _last)
                Console.Error.WriteLine(line);
            _last = value.Activity;
        }
    }
}
