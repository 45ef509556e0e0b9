using System.Text.Json.Nodes;

namespace SyscallExplorer.Notebooks.Tests;

/// <summary>Runs notebooks as the command does.</summary>
internal static class Runs
{
    private static readonly string[] s_child = [DotnetHost.Path, Path.Combine(AppContext.BaseDirectory, "sysx.dll")];

    internal static RunOptions Options { get; } = new() { ChildCommand = s_child };

    internal static Task<NotebookRun> OfCells(params string[] cells) => Of([.. cells.Select(c => NotebookText.Code(c))]);

    internal static Task<NotebookRun> Of(params JsonObject[] cells) => Of(Options, Path.GetTempPath(), cells);

    internal static Task<NotebookRun> Of(RunOptions options, string folder, params JsonObject[] cells) =>
        NotebookRunner.RunAsync(Notebook.Parse(NotebookText.Of(cells), Path.Combine(folder, "lab.ipynb")), options);

    internal static string Text(this CellRun cell, string stream = "stdout") =>
        string.Concat(cell.Outputs.OfType<TextOutput>().Where(t => t.Stream == stream).Select(t => t.Text));

    internal static IEnumerable<string?> Shown(this CellRun cell, string mediaType = "text/plain") =>
        cell.Outputs.OfType<ValueOutput>().Select(v => v.In(mediaType));
}
