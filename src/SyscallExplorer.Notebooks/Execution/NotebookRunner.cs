using System.Globalization;
using System.Net;

namespace SyscallExplorer.Notebooks;

/// <summary>Runs a notebook in a process of its own and keeps everything that came out of it, whatever becomes of that process.</summary>
public sealed class NotebookRunner
{
    private readonly NotebookRun _run;
    private readonly RunOptions _options;
    private readonly IProgress<RunProgress>? _progress;
    private readonly Dictionary<string, (CellRun Cell, int Output)> _displays = [];
    private readonly int _total;
    private int _done;
    private int _executed;

    private NotebookRunner(NotebookRun run, RunOptions options, IProgress<RunProgress>? progress)
    {
        _run = run;
        _options = options;
        _progress = progress;
        _total = run.Cells.Count(c => c.Cell.IsCode);
    }

    /// <summary>Runs all cells, or those up to the first that fails.</summary>
    /// <param name="notebook">The notebook.</param>
    /// <param name="options">How to run it.</param>
    /// <param name="progress">Hears how far the run is.</param>
    /// <param name="cancel">Ends the run at the current cell.</param>
    /// <returns>The notebook with what came out; <see cref="NotebookRun.Failure"/> says whether a cell failed.</returns>
    /// <exception cref="NotebookException">The notebook or a parameter is wrong, and no cell has run.</exception>
    public static async Task<NotebookRun> RunAsync(Notebook notebook, RunOptions options, IProgress<RunProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        ArgumentNullException.ThrowIfNull(options);
        KernelCheck.Check(notebook);
        IReadOnlyList<NotebookCell> cells = ParameterCell.Inject(notebook, options.Parameters);
        foreach (NotebookCell cell in cells.Where(c => c.IsCode))
            CheckDirectives(notebook, cell);
        var run = new NotebookRun(notebook, [.. cells.Select(c => new CellRun(c))], options);
        await new NotebookRunner(run, options, progress).RunAsync(cancel);
        return run;
    }

    private static void CheckDirectives(Notebook notebook, NotebookCell cell)
    {
        try
        {
            CellParser.Parse(cell.Source, cell.Language);
        }
        catch (DirectiveException e)
        {
            throw new NotebookException($"{notebook.Path}, {cell.Label}, line {e.Line}: {e.Message}");
        }
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        JobCell[] cells = [.. _run.Cells.Select((c, i) => (c.Cell, i)).Where(c => c.Cell.IsCode && !string.IsNullOrWhiteSpace(c.Cell.Source))
            .Select(c => new JobCell(c.i, c.Cell.Label, c.Cell.Source, c.Cell.Language, c.Cell.Tags.Contains("requires-nuget")))];
        if (cells.Length == 0)
            return;
        Report("starting");
        await using CellProcess process = await CellProcess.StartAsync(_run.Notebook.Folder, cells, _options);
        CellRun current = _run.Cells[cells[0].Index];
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        int? announcedExit = null;
        bool isTimed = false;
        try
        {
            while (await process.ReadAsync(deadline.Token) is { } message)
            {
                switch (message)
                {
                    case CellStarted started:
                        current = _run.Cells[started.Index];
                        isTimed = false;
                        Start(current);
                        break;
                    case CodeStarted when !isTimed:
                        isTimed = true;
                        Arm(deadline);
                        break;
                    case RestoreStarted restore:
                        Report($"restoring {restore.Packages}");
                        break;
                    case RestoreEnded:
                        Report(current.Cell.Label);
                        break;
                    case CellFinished or CellSkipped or CellFailed:
                        Disarm(deadline);
                        (string output, string error) = await process.TakeRawTextAsync();
                        End(current, message, output, error);
                        break;
                    case ProcessExiting exiting:
                        announcedExit = exiting.ExitCode;
                        break;
                    case JobDone:
                        return;
                    default:
                        Keep(current, message);
                        break;
                }
                if (current.State == CellState.Failed)
                    return;
            }
            await DiedAsync(process, current, announcedExit);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            (_, string output, string error) = await process.EndAsync();
            AddRaw(current, output, error);
            string why = cancel.IsCancellationRequested
                ? "the run was interrupted here."
                : $"the cell ran longer than {Seconds(_options.CellTimeout!.Value)} (the limit of --cell-timeout) and was ended.";
            Fail(current, new CellFailure(null, cancel.IsCancellationRequested ? "Interrupted" : "Timeout", why, [why]));
        }
    }

    private void Start(CellRun cell)
    {
        cell.ExecutionCount = ++_executed;
        cell.Started = _options.Timestamps ? DateTimeOffset.UtcNow : null;
        Report(cell.Cell.Label);
    }

    private void End(CellRun cell, Message message, string output, string error)
    {
        AddRaw(cell, output, error);
        if (message is CellFailed f)
        {
            Fail(cell, new CellFailure(f.Line, f.Name, f.Value, f.Traceback));
            return;
        }
        if (message is CellSkipped skipped)
            cell.Add(SkipNote(skipped.Reason));
        cell.State = message is CellSkipped ? CellState.Skipped : CellState.Ran;
        Ended(cell);
    }

    private void Keep(CellRun cell, Message message)
    {
        switch (message)
        {
            case TextWritten text:
                cell.AddText(text.Stream, text.Text);
                break;
            case ValueShown shown:
                int place = cell.Add(new ValueOutput(shown.Bundle, shown.IsResult));
                if (shown.DisplayId is { } id)
                    _displays[id] = (cell, place);
                break;
            case ValueUpdated updated when _displays.TryGetValue(updated.DisplayId, out var target):
                target.Cell.Replace(target.Output, new ValueOutput(updated.Bundle, IsResult: false));
                break;
            case SourceUsed source:
                _run.Sources.Add(source);
                break;
            case LabUsed lab:
                _run.LabList.Add(lab.Inputs);
                break;
        }
    }

    private async Task DiedAsync(CellProcess process, CellRun current, int? announcedExit)
    {
        (int? exitCode, string output, string error) = await process.EndAsync();
        AddRaw(current, output, ProcessEnd.Tidy(error));
        Fail(current, ProcessEnd.Describe(exitCode, announcedExit, error));
    }

    private static void AddRaw(CellRun cell, string output, string error)
    {
        cell.AddText("stdout", output);
        cell.AddText("stderr", error);
    }

    private void Fail(CellRun cell, CellFailure failure)
    {
        cell.Add(new ErrorOutput(failure.Name, failure.Value, failure.Traceback));
        cell.State = CellState.Failed;
        string line = failure.Line is { } l ? $", line {l}" : "";
        bool isException = failure.Name.Contains('.', StringComparison.Ordinal);
        _run.Stop = $"{cell.Cell.Label}{line}: {(isException ? failure.Name + ": " : "")}{failure.Value}";
        Ended(cell);
    }

    private void Ended(CellRun cell)
    {
        cell.Ended = _options.Timestamps ? DateTimeOffset.UtcNow : null;
        _done++;
        Report(cell.Cell.Label);
    }

    private static ValueOutput SkipNote(string reason)
    {
        string note = $"Skipped: this cell needs packages that could not be restored here. {reason}";
        return new ValueOutput([
            new MimeText(MediaTypes.Html, $"<p class=\"sysx-skipped\"><strong>Skipped.</strong> {WebUtility.HtmlEncode(note["Skipped: ".Length..])}</p>"),
            new MimeText(MediaTypes.Plain, note)], IsResult: false);
    }

    private void Arm(CancellationTokenSource deadline)
    {
        if (_options.CellTimeout is { } limit)
            deadline.CancelAfter(limit);
    }

    private static void Disarm(CancellationTokenSource deadline) => deadline.CancelAfter(Timeout.InfiniteTimeSpan);

    private void Report(string activity) => _progress?.Report(new RunProgress(_done, _total, activity));

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} {(time == TimeSpan.FromSeconds(1) ? "second" : "seconds")}");
}
