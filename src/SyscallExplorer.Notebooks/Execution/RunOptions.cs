namespace SyscallExplorer.Notebooks;

/// <summary>How to run a notebook.</summary>
public sealed record RunOptions
{
    /// <summary>The command that starts the process for the cells: a program and its first arguments. It must call <see cref="NotebookChild.RunAsync(string)"/>.</summary>
    public required IReadOnlyList<string> ChildCommand { get; init; }

    /// <summary>Values for the notebook's parameters, in the order in which they were given.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; init; } = [];

    /// <summary>How long one cell may run; null means for ever. Restoring packages and compiling do not count.</summary>
    public TimeSpan? CellTimeout { get; init; }

    /// <summary>Whether the results say when each cell ran, which makes every run's files different.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Variables that the process for the cells gets besides its parent's.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}
