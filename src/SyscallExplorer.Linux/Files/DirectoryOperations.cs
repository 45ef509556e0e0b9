using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// Directories: their names are taken down when reading begins, and given in the order of bytes. What is removed meanwhile is left out, so
/// that a program may remove what it reads.
/// </summary>
internal sealed class DirectoryOperations : FileOperations
{
    public static DirectoryOperations Instance { get; } = new();

    public override bool TellsOfReadiness(OpenFile file) => false;

    public override bool HasPositions => true;

    public override long Read(FileRequest request, TransferBuffer destination, long? position) => -Errno.EISDIR;

    public override long Write(FileRequest request, TransferBuffer source, long? position) => -Errno.EBADF;

    public override long Seek(FileRequest request, long offset, SeekFrom whence)
    {
        long place = whence switch { SeekFrom.Start => offset, SeekFrom.Here => request.File.Offset + offset, _ => -1 };
        if (place < 0)
            return -Errno.EINVAL;
        DirectoryFile directory = (DirectoryFile)request.File.Object;
        request.Update(request.File with { Offset = place, Object = place == 0 ? directory with { Listing = null } : directory });
        return place;
    }

    public override long ReadDirectory(FileRequest request, DirectoryEntryWriter writer)
    {
        VirtualFileSystem vfs = request.Machine.Vfs;
        DirectoryFile directory = (DirectoryFile)request.File.Object;
        if (vfs.SystemOf(directory.Place.Node)?.StatusOf(directory.Place.Node) is null or { Links: 0 })
            return -Errno.ENOENT;
        if (directory.Listing is not { } listing)
        {
            if (vfs.List(directory.Place.Node, out int error) is not { } entries)
                return error;
            listing = [.. entries];
        }

        long index = request.File.Offset;
        int result = 0;
        for (; index < listing.Length && result == 0; index++)
        {
            DirectoryEntry entry = listing[(int)index];
            if (entry.Name is "." or ".." || vfs.Find(directory.Place.Node, entry.Name, out _) is not null)
                result = writer.Add(entry, index + 1);
            if (result != 0)
                break;
        }

        if (result < 0 && writer.Count == 0)
            return result;
        request.Update(request.File with { Offset = index, Object = directory with { Listing = listing } });
        return writer.Finish();
    }

    public override long Synchronise(FileRequest request) => 0;
}

/// <summary>Files that O_PATH opened.</summary>
internal sealed class PathOnlyOperations : FileOperations
{
    public static PathOnlyOperations Instance { get; } = new();
}
