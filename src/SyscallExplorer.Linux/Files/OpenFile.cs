namespace SyscallExplorer.Linux;

/// <summary>An open file: what descriptors share.</summary>
/// <param name="Object">What it leads to.</param>
/// <param name="Offset">Where the next read or write goes.</param>
/// <param name="Flags">What open was given.</param>
internal sealed record OpenFile(FileObject Object, long Offset, int Flags)
{
    /// <summary>Who serves it, as its word in guest memory says it.</summary>
    public int Kind => Object.Kind;

    public FileOperations Operations => Object.Operations;

    public bool MayRead => (Rights & FileKind.MayRead) != 0;

    public bool MayWrite => (Rights & FileKind.MayWrite) != 0;

    /// <summary>What the descriptor may be used for, as its word in guest memory says it: the access mode 3 stands for neither.</summary>
    public int Rights => (Flags & OpenFlags.Path) != 0 ? 0 : (Flags & OpenFlags.AccessMode) switch
    {
        OpenFlags.ReadOnly => FileKind.MayRead,
        OpenFlags.WriteOnly => FileKind.MayWrite,
        OpenFlags.ReadWrite => FileKind.MayRead | FileKind.MayWrite,
        _ => 0,
    };
}
