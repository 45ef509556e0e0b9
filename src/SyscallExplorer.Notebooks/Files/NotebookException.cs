namespace SyscallExplorer.Notebooks;

/// <summary>Who has to change something before the run can succeed.</summary>
public enum NotebookFault
{
    /// <summary>The notebook itself is wrong.</summary>
    Notebook,

    /// <summary>The request is wrong: a missing file, an unknown parameter, a bad option.</summary>
    Request,
}

/// <summary>Something is wrong with a notebook or with what was asked of it. The message is a whole sentence for the user.</summary>
/// <param name="message">What was wrong, where, and what would be right.</param>
/// <param name="fault">Who has to change something.</param>
public sealed class NotebookException(string message, NotebookFault fault = NotebookFault.Notebook) : Exception(message)
{
    /// <summary>Who has to change something.</summary>
    public NotebookFault Fault { get; } = fault;
}
