namespace SyscallExplorer.Linux;

/// <summary>Who holds a lock and when it ends.</summary>
internal enum FileLockKind
{
    /// <summary>A record lock of a process, which any close of the file by it ends.</summary>
    Process,

    /// <summary>A record lock of an open file.</summary>
    OpenFile,

    /// <summary>flock: the whole file, by an open file; record locks do not see it.</summary>
    Whole,
}

/// <summary>An advisory lock.</summary>
/// <param name="Node">The file.</param>
/// <param name="Kind">Whose.</param>
/// <param name="Owner">The process, or the open file's number.</param>
/// <param name="IsExclusive">A write lock; others are shared.</param>
/// <param name="First">First byte.</param>
/// <param name="Last">Last byte; <see cref="long.MaxValue"/> is the end, wherever it is.</param>
internal sealed record FileLock(VfsNode Node, FileLockKind Kind, int Owner, bool IsExclusive, long First, long Last)
{
    public bool HasOwnerOf(FileLock other) => Kind == other.Kind && Owner == other.Owner && Node == other.Node;

    public bool Overlaps(FileLock other) => First <= other.Last && other.First <= Last;

    public bool ConflictsWith(FileLock other) =>
        Node == other.Node && (Kind == FileLockKind.Whole) == (other.Kind == FileLockKind.Whole)
        && !HasOwnerOf(other) && Overlaps(other) && (IsExclusive || other.IsExclusive);
}
