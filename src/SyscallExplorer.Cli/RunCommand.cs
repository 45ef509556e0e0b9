using System.Text;
using SyscallExplorer.Notebooks;

namespace SyscallExplorer.Cli;

/// <summary>What the user asked of <c>sysx run</c>.</summary>
internal sealed record RunRequest(
    IReadOnlyList<string> Notebooks,
    string Folder,
    IReadOnlyList<KeyValuePair<string, string>> Parameters,
    TimeSpan? CellTimeout,
    bool Timestamps,
    bool Html);

/// <summary>Runs notebooks one after the other and writes their files.</summary>
internal static class RunCommand
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    internal static async Task<int> ExecuteAsync(RunRequest request, CancellationToken cancel)
    {
        try
        {
            CheckTargets(request);
            Notebook[] notebooks = [.. request.Notebooks.Select(Notebook.Read)];
            Directory.CreateDirectory(request.Folder);
            int exitCode = ExitCodes.Success;
            foreach (Notebook notebook in notebooks)
            {
                if (!await RunAsync(notebook, request, cancel))
                    exitCode = ExitCodes.Notebook;
                if (cancel.IsCancellationRequested)
                    break;
            }
            return exitCode;
        }
        catch (NotebookException e)
        {
            await Console.Error.WriteLineAsync($"sysx: {e.Message}");
            return e.Fault == NotebookFault.Request ? ExitCodes.Usage : ExitCodes.Notebook;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"sysx: the results cannot be written to '{request.Folder}': {e.Message}");
            return ExitCodes.Usage;
        }
    }

    private static async Task<bool> RunAsync(Notebook notebook, RunRequest request, CancellationToken cancel)
    {
        var options = new RunOptions
        {
            ChildCommand = ChildCommand.OfThisProgram(),
            Parameters = request.Parameters,
            CellTimeout = request.CellTimeout,
            Timestamps = request.Timestamps,
        };
        NotebookRun run = await ProgressDisplay.ShowAsync(notebook.FileName, progress => NotebookRunner.RunAsync(notebook, options, progress, cancel));
        string stem = Path.Combine(request.Folder, Path.GetFileNameWithoutExtension(notebook.FileName));
        await File.WriteAllTextAsync(stem + ".ipynb", ExecutedNotebook.Write(run), s_utf8, CancellationToken.None);
        if (request.Html)
            await File.WriteAllTextAsync(stem + ".html", HtmlReport.Write(run), s_utf8, CancellationToken.None);
        foreach (string text in run.TextToShow)
            Console.WriteLine(text + Environment.NewLine);
        Console.WriteLine(stem + ".ipynb");
        if (request.Html)
            Console.WriteLine(stem + ".html");
        if (request.Html && Plotly.Version is null && HtmlReport.HasCharts(run))
            await Console.Error.WriteLineAsync("sysx: the charts of this page need the network: npm was not there when sysx was built, to bring plotly.js in.");
        if (run.Failure is { } failure)
            await Console.Error.WriteLineAsync($"sysx: {failure}");
        return run.Failure is null;
    }

    private static void CheckTargets(RunRequest request)
    {
        var taken = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string notebook in request.Notebooks)
        {
            string name = Path.GetFileNameWithoutExtension(notebook);
            if (!taken.TryAdd(name, notebook))
                throw new NotebookException($"'{taken[name]}' and '{notebook}' would both be written to '{name}.ipynb'; run them with different --out folders.", NotebookFault.Request);
            if (Path.GetFullPath(notebook) == Path.GetFullPath(Path.Combine(request.Folder, name + ".ipynb")))
                throw new NotebookException($"The result would overwrite '{notebook}' itself; name another --out folder.", NotebookFault.Request);
        }
        if (File.Exists(request.Folder))
            throw new NotebookException($"'{request.Folder}' is a file; --out takes a folder.", NotebookFault.Request);
    }
}
