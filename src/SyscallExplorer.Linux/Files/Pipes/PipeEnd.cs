namespace SyscallExplorer.Linux;

/// <summary>An open end of a pipe or a FIFO, or both ends at once: the open file's access mode says which.</summary>
/// <param name="Pipe">Which pipe.</param>
internal sealed record PipeEnd(int Pipe) : FileObject
{
    /// <summary>The FIFO's name; null for a pipe.</summary>
    public VfsLocation? Place { get; init; }

    /// <summary>
    /// How often writers had opened a FIFO that had none when this reader opened it without waiting: until another comes it is not hung up.
    /// </summary>
    public int? WritersBefore { get; init; }

    public override FileOperations Operations => PipeOperations.Instance;

    public override VfsLocation? Location => Place;
}
