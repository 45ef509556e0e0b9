using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// What an open file leads to. Each kind is a record with what only it has, and names the operations that serve it; state that changes
/// lives in <see cref="KernelState"/> and never here.
/// </summary>
internal abstract record FileObject
{
    /// <summary>What serves it: one object for all files of the kind, without state.</summary>
    public abstract FileOperations Operations { get; }

    /// <summary>Where it is in the machine's names; null for what has no name.</summary>
    public virtual VfsLocation? Location => null;

    /// <summary>Who serves reads and writes, as the descriptor's word in guest memory says it.</summary>
    public virtual int Kind => FileKind.Hosted;
}

/// <summary>A file with bytes of its own, in memory or in a host view.</summary>
internal sealed record RegularFile(VfsLocation Place) : FileObject
{
    public override FileOperations Operations => RegularFileOperations.Instance;

    public override VfsLocation? Location => Place;
}

/// <summary>A directory.</summary>
/// <param name="Place">Which.</param>
internal sealed record DirectoryFile(VfsLocation Place) : FileObject
{
    /// <summary>Its names when reading it began; null before that.</summary>
    public ImmutableArray<DirectoryEntry>? Listing { get; init; }

    public override FileOperations Operations => DirectoryOperations.Instance;

    public override VfsLocation? Location => Place;
}

/// <summary>What O_PATH opens: a place, and nothing that could be read or written.</summary>
internal sealed record PathOnly(VfsLocation Place) : FileObject
{
    public override FileOperations Operations => PathOnlyOperations.Instance;

    public override VfsLocation? Location => Place;
}

/// <summary>Bytes that were made when the file was opened.</summary>
internal sealed record SyntheticContent(VfsLocation Place, FileContent Content) : FileObject
{
    public override FileOperations Operations => SyntheticContentOperations.Instance;

    public override VfsLocation? Location => Place;
}

/// <summary>A character device.</summary>
internal sealed record DeviceFile(VfsLocation Place, DeviceNumber Number) : FileObject
{
    public override FileOperations Operations => DeviceOperations.Instance;

    public override VfsLocation? Location => Place;

    public override int Kind => Number == DeviceNumber.Null ? FileKind.Null : Number == DeviceNumber.Zero ? FileKind.Zero : FileKind.Hosted;
}

/// <summary>Which of the three.</summary>
internal enum StandardStreamKind
{
    Input,
    Output,
    Error,

    /// <summary>The terminal behind all of them.</summary>
    Terminal,
}

/// <summary>A stream whose other end is outside the machine: a pipe, or a terminal where the machine has one.</summary>
internal sealed record StandardStream(StandardStreamKind Stream) : FileObject
{
    /// <summary>The device file by which a terminal was opened.</summary>
    public VfsLocation? Place { get; init; }

    public override FileOperations Operations => StandardStreamOperations.Instance;

    public override VfsLocation? Location => Place;
}
