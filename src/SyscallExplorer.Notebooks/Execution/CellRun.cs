namespace SyscallExplorer.Notebooks;

/// <summary>How far a cell got.</summary>
public enum CellState
{
    /// <summary>It was not reached, or there is nothing in it to run.</summary>
    NotRun,

    /// <summary>It ran to its end.</summary>
    Ran,

    /// <summary>A package it may lack could not be restored.</summary>
    Skipped,

    /// <summary>It failed, and the run stopped there.</summary>
    Failed,
}

/// <summary>A cell and what came of it.</summary>
public sealed class CellRun
{
    private const int MostText = 4_000_000;

    private readonly List<CellOutput> _outputs = [];
    private int _textLength;

    internal CellRun(NotebookCell cell) => Cell = cell;

    /// <summary>The cell.</summary>
    public NotebookCell Cell { get; }

    /// <summary>How far it got.</summary>
    public CellState State { get; internal set; }

    /// <summary>Its number in the order of execution, from 1.</summary>
    public int? ExecutionCount { get; internal set; }

    /// <summary>What it wrote and showed.</summary>
    public IReadOnlyList<CellOutput> Outputs => _outputs;

    /// <summary>When it started, if the run keeps times.</summary>
    public DateTimeOffset? Started { get; internal set; }

    /// <summary>When it ended, if the run keeps times.</summary>
    public DateTimeOffset? Ended { get; internal set; }

    internal int Add(CellOutput output)
    {
        _outputs.Add(output);
        return _outputs.Count - 1;
    }

    internal void Replace(int index, CellOutput output) => _outputs[index] = output;

    internal void AddText(string stream, string text)
    {
        if (text.Length == 0 || _textLength > MostText)
            return;
        _textLength += text.Length;
        // A cell that prints without end must not fill the memory of the host.
        string kept = _textLength > MostText ? text + "\n... (the rest of this cell's text is left out)\n" : text;
        if (_outputs.Count > 0 && _outputs[^1] is TextOutput last && last.Stream == stream)
            last.Append(kept);
        else
            _outputs.Add(new TextOutput(stream, kept));
    }
}
