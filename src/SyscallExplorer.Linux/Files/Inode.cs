using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>The times of a file, in nanoseconds since 1970.</summary>
/// <param name="Access">atime.</param>
/// <param name="Modification">mtime.</param>
/// <param name="Change">ctime.</param>
/// <param name="Birth">btime.</param>
internal readonly record struct FileTimes(long Access, long Modification, long Change, long Birth)
{
    public static FileTimes At(long now) => new(now, now, now, now);
}

/// <summary>What an inode holds besides its attributes.</summary>
internal abstract record InodeBody;

internal sealed record RegularBody(FileContent Content) : InodeBody;

/// <summary>A directory.</summary>
/// <param name="Entries">Inode numbers by name, in the order of bytes; <c>.</c> and <c>..</c> are not among them.</param>
/// <param name="Parent">The inode that <c>..</c> leads to; the root is its own parent.</param>
internal sealed record DirectoryBody(ImmutableSortedDictionary<string, long> Entries, long Parent) : InodeBody
{
    public static DirectoryBody Empty(long parent) => new(ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal), parent);
}

internal sealed record SymbolicLinkBody(string Target) : InodeBody;

internal sealed record DeviceBody(DeviceNumber Number) : InodeBody;

/// <summary>A FIFO or a socket, which is a name and attributes.</summary>
internal sealed record NamedOnlyBody : InodeBody;

/// <summary>A file of the tree in memory.</summary>
/// <param name="Number">Its number, which no other file of the machine ever has.</param>
/// <param name="Mode">Kind and permissions.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="Links">Names; a directory's <c>.</c> and its children's <c>..</c> count.</param>
/// <param name="Times">When it was used and changed.</param>
/// <param name="Body">What it holds.</param>
internal sealed record Inode(long Number, int Mode, int Uid, int Gid, int Links, FileTimes Times, InodeBody Body)
{
    /// <summary>What it takes of the room for files, its pages aside.</summary>
    public const long Overhead = 1024;

    /// <summary>Whether it was made without a name and may still get one.</summary>
    public bool IsLinkable { get; init; }

    public bool IsDirectory => Body is DirectoryBody;

    /// <summary>What it takes of the room for files.</summary>
    public long Room => Overhead + (Body is RegularBody regular ? regular.Content.Allocated : 0);
}
