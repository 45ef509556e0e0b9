using System.Security.Cryptography;
using System.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>A notebook after its run.</summary>
public sealed class NotebookRun
{
    internal NotebookRun(Notebook notebook, IReadOnlyList<CellRun> cells, RunOptions options)
    {
        Notebook = notebook;
        Cells = cells;
        Options = options;
    }

    /// <summary>The notebook that was run.</summary>
    public Notebook Notebook { get; }

    /// <summary>All cells, with the one for the parameters where there are any.</summary>
    public IReadOnlyList<CellRun> Cells { get; }

    /// <summary>How it was run.</summary>
    public RunOptions Options { get; }

    /// <summary>Why the run stopped: notebook, cell, line and message in a sentence. Null when all cells ran.</summary>
    public string? Failure => Stop is null ? null : $"{Notebook.Path}, {Stop}";

    /// <summary>The labs that results were made in, in the order of their appearance.</summary>
    public IReadOnlyList<LabInputs> Labs => LabList;

    /// <summary>The text that cells tagged <c>show</c> have for a terminal.</summary>
    public IEnumerable<string> TextToShow => Cells.Where(c => c.Cell.Tags.Contains("show"))
        .SelectMany(c => c.Outputs).OfType<ValueOutput>().Select(v => v.In(MediaTypes.Plain)).OfType<string>();

    /// <summary>A hash of everything the written files rest on, in lower-case hexadecimal: versions, cells, parameters, packages, labs, charts.</summary>
    public string InputsHash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(DescribeInputs())));

    /// <summary>Why the run stopped, without the path of the notebook, which differs from machine to machine.</summary>
    internal string? Stop { get; set; }

    internal List<LabInputs> LabList { get; } = [];

    internal List<SourceUsed> Sources { get; } = [];

    private string DescribeInputs()
    {
        var text = new StringBuilder();
        Line("host", BuiltInLibrary.HostVersion);
        Line("library", BuiltInLibrary.Version);
        Line("plotly", Plotly.Version ?? "not embedded");
        foreach ((string name, string value) in Options.Parameters)
            Line("parameter", name, value);
        foreach (CellRun cell in Cells)
            Line("cell", cell.Cell.Type, cell.Cell.Source, cell.State == CellState.Skipped ? "skipped" : "");
        foreach (SourceUsed source in Sources)
            Line("source", source.What, source.Name, source.Detail);
        foreach (LabInputs lab in Labs)
            Line("lab", lab.Hash);
        return text.ToString();

        // Lengths before texts: no two lists of inputs describe themselves alike.
        void Line(params ReadOnlySpan<string> parts)
        {
            foreach (string part in parts)
                text.Append(part.Length).Append(':').Append(part).Append(' ');
            text.Append('\n');
        }
    }
}
