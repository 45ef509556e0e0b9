namespace SyscallExplorer.Linux;

/// <summary>
/// What one kind of file system does with its nodes. Rights, mounts and symbolic links are <see cref="VirtualFileSystem"/>'s business. Errors
/// are negative error numbers.
/// </summary>
internal abstract class FileSystem(LinuxMachine machine, Mount mount)
{
    protected LinuxMachine Machine => machine;

    protected Mount Mount => mount;

    /// <summary>What statfs calls it.</summary>
    public abstract FileSystemStatistics Statistics { get; }

    /// <summary>What any change answers where none can be made, or 0.</summary>
    public virtual int Refusal => -Errno.EROFS;

    /// <summary>The attributes of a file; null when it is no more there.</summary>
    public abstract FileStatus? StatusOf(VfsNode node);

    /// <summary>The file of a name in a directory; null with -ENOENT and its like.</summary>
    public abstract VfsNode? Find(VfsNode directory, string name, out int error);

    /// <summary>The directory above one; the root's is the root.</summary>
    public abstract VfsNode ParentOf(VfsNode directory);

    /// <summary>A directory's name in the one above; null when it has none any more.</summary>
    public abstract string? NameOf(VfsNode directory);

    /// <summary>A directory's names in the order of bytes, without <c>.</c> and <c>..</c>; null with an error.</summary>
    public abstract IReadOnlyList<DirectoryEntry>? List(VfsNode directory, out int error);

    /// <summary>Where a symbolic link leads, or null when it is none.</summary>
    public abstract string? TargetOf(VfsNode link);

    /// <summary>Where following a link leads whatever its text says; null where the text decides.</summary>
    public virtual VfsLocation? DestinationOf(VfsNode link) => null;

    /// <summary>What an open file of a regular node or a directory stands on; null with an error.</summary>
    public virtual FileObject? Open(VfsLocation location, FileStatus status, out int error)
    {
        error = 0;
        return status.IsDirectory ? new DirectoryFile(location) : new RegularFile(location);
    }

    /// <summary>Copies bytes of a regular file.</summary>
    /// <returns>How many there were, or an error.</returns>
    public virtual int Read(VfsNode node, long offset, Span<byte> destination) => -Errno.EINVAL;

    /// <summary>The content of a regular file as it is now; null with an error.</summary>
    public abstract FileContent? ContentOf(VfsNode node, out int error);

    /// <summary>Changes the content of a regular file.</summary>
    /// <returns>0 or an error; nothing has changed then.</returns>
    public virtual int SetContent(VfsNode node, FileContent content) => Refusal;

    /// <summary>Notes that a file was read.</summary>
    public virtual void Touch(VfsNode node)
    {
    }

    /// <summary>Makes a file; its mode says what kind.</summary>
    public virtual VfsNode? Add(VfsNode directory, string name, Inode attributes, out int error)
    {
        error = Refusal;
        return null;
    }

    /// <summary>Makes a file that has no name yet.</summary>
    public virtual VfsNode? AddNameless(Inode attributes, out int error)
    {
        error = Refusal == -Errno.EROFS ? -Errno.EROFS : -Errno.EOPNOTSUPP;
        return null;
    }

    /// <summary>Gives a file another name.</summary>
    public virtual int Link(VfsNode node, VfsNode directory, string name) => Refusal;

    /// <summary>Takes a name from what is no directory.</summary>
    public virtual int Unlink(VfsNode directory, string name) => Refusal;

    /// <summary>Removes an empty directory.</summary>
    public virtual int RemoveDirectory(VfsNode directory, string name) => Refusal;

    /// <summary>Moves a name, or exchanges two.</summary>
    public virtual int Rename(VfsNode from, string oldName, VfsNode to, string newName, bool exchange) => Refusal;

    /// <summary>Changes permissions, owner and times; kind, size and number stay.</summary>
    public virtual int SetAttributes(VfsNode node, FileStatus status) => Refusal;
}

/// <summary>What statfs tells. include/uapi/linux/magic.h has the types.</summary>
/// <param name="Magic">The type.</param>
/// <param name="Blocks">Room in blocks of 4 KiB.</param>
/// <param name="FreeBlocks">What is left of it.</param>
/// <param name="Files">Inodes that there may be.</param>
/// <param name="FreeFiles">Those that are left.</param>
/// <param name="IsReadOnly">ST_RDONLY.</param>
internal sealed record FileSystemStatistics(uint Magic, long Blocks, long FreeBlocks, long Files, long FreeFiles, bool IsReadOnly)
{
    public const uint Memory = 0x0102_1994;
    public const uint Synthetic = 0x9FA0;
    public const uint HostView = 0x0102_1997;
    public const uint Pipe = 0x5049_5045;
}
