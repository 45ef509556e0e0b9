using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>All advisory locks, immutable.</summary>
internal sealed record FileLocks(ImmutableList<FileLock> Locks)
{
    public static FileLocks Empty { get; } = new([]);

    /// <summary>What those wait for whom a lock stands in the way: any lock that goes. They look again for themselves.</summary>
    public static WaitKey Change { get; } = new(WaitKind.FileLock, 0);

    /// <summary>The first lock that stands in the way of another.</summary>
    public FileLock? Conflict(FileLock wanted) => Locks.Find(held => held.ConflictsWith(wanted));

    /// <summary>Sets a lock over what its owner has there; what adjoins and is alike becomes one.</summary>
    public FileLocks With(FileLock wanted)
    {
        FileLocks rest = Without(wanted);
        foreach (FileLock held in rest.Locks.Where(held => held.HasOwnerOf(wanted) && held.IsExclusive == wanted.IsExclusive && Adjoins(held, wanted)).ToList())
        {
            wanted = wanted with { First = Math.Min(wanted.First, held.First), Last = Math.Max(wanted.Last, held.Last) };
            rest = new FileLocks(rest.Locks.Remove(held));
        }

        return new FileLocks(rest.Locks.Add(wanted));
    }

    /// <summary>Takes a range from what its owner has; a lock may fall into two.</summary>
    public FileLocks Without(FileLock range) => new([.. Locks.SelectMany(held => held.HasOwnerOf(range) && held.Overlaps(range) ? Cut(held, range) : [held])]);

    /// <summary>Drops the locks that go when a process closes a file, and with its last descriptor those of the open file.</summary>
    public FileLocks AfterClose(VfsNode node, int process, int openFile, bool isLast) => Locks.IsEmpty ? this : new(Locks.RemoveAll(held =>
        held.Node == node && (held.Kind == FileLockKind.Process ? held.Owner == process : isLast && held.Owner == openFile)));

    private static bool Adjoins(FileLock one, FileLock other) =>
        (one.Last < long.MaxValue && one.Last + 1 == other.First) || (other.Last < long.MaxValue && other.Last + 1 == one.First);

    private static IEnumerable<FileLock> Cut(FileLock held, FileLock range)
    {
        if (held.First < range.First)
            yield return held with { Last = range.First - 1 };
        if (held.Last > range.Last)
            yield return held with { First = range.Last + 1 };
    }
}
