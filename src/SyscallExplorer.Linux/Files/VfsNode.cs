namespace SyscallExplorer.Linux;

/// <summary>Which file something is, wherever it lives. Two nodes are the same file exactly when they are equal.</summary>
/// <param name="Mount">The number of the mount that it is in, or <see cref="Nowhere"/>.</param>
internal abstract record VfsNode(int Mount)
{
    /// <summary>The mount of what no name leads to.</summary>
    public const int Nowhere = -1;
}

/// <summary>A file of the tree in memory.</summary>
internal sealed record MemoryNode(int Mount, long Inode) : VfsNode(Mount);

/// <summary>A file of a host view.</summary>
/// <param name="Mount">The view.</param>
/// <param name="Path">Names below the view's folder, without a slash at either end; empty for the folder itself.</param>
internal sealed record HostNode(int Mount, string Path) : VfsNode(Mount);

/// <summary>A file whose content is made when it is asked for.</summary>
/// <param name="Mount">The file system.</param>
/// <param name="Path">Names below its root, without a slash at either end; empty for the root.</param>
internal sealed record SyntheticNode(int Mount, string Path) : VfsNode(Mount);

/// <summary>What only a descriptor leads to, and a link such as /proc/self/fd/0: a pipe, a standard stream.</summary>
internal sealed record ObjectNode(FileObject Object) : VfsNode(Nowhere);

/// <summary>A file and the name by which it was reached.</summary>
/// <param name="Node">The file.</param>
/// <param name="Parent">The directory that has the name; null where it was reached without one.</param>
/// <param name="Name">The name in that directory.</param>
internal sealed record VfsLocation(VfsNode Node, VfsNode? Parent = null, string Name = "");

/// <summary>A name in a directory.</summary>
/// <param name="Name">One character a byte.</param>
/// <param name="Inode">The number of its file.</param>
/// <param name="Mode">Its kind, as <see cref="FileType"/> has it.</param>
internal sealed record DirectoryEntry(string Name, long Inode, int Mode);

/// <summary>What a task's names are resolved against.</summary>
/// <param name="WorkingDirectory">Where relative names start.</param>
/// <param name="Mask">The permissions that new files do not get.</param>
internal sealed record FileSystemContext(VfsNode WorkingDirectory, int Mask)
{
    public static FileSystemContext Initial { get; } = new(new MemoryNode(0, FileTree.RootNumber), Octal.WriteByOthers);
}
