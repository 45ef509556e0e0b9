namespace SyscallExplorer.Linux;

/// <summary>Files whose bytes were made when they were opened.</summary>
internal sealed class SyntheticContentOperations : FileOperations
{
    private const int MaxWrite = 1 << 16;

    public static SyntheticContentOperations Instance { get; } = new();

    public override bool TellsOfReadiness(OpenFile file) => false;

    public override bool HasPositions => true;

    public override long Read(FileRequest request, TransferBuffer destination, long? position)
    {
        FileContent content = ((SyntheticContent)request.File.Object).Content;
        long from = position ?? request.File.Offset;
        byte[] bytes = new byte[(int)Math.Min(destination.Length, Math.Max(0, content.Length - from))];
        content.Read(from, bytes);
        int done = destination.Put(0, bytes);
        if (done == 0 && bytes.Length > 0)
            return -Errno.EFAULT;
        if (position is null)
            request.MoveTo(from + done);
        return done;
    }

    public override long Write(FileRequest request, TransferBuffer source, long? position)
    {
        if (request.File.Object.Location is not { } location || request.Machine.Vfs.SystemOf(location.Node) is not SyntheticFileSystem system)
            return -Errno.EIO;
        return source.TakeAll(MaxWrite) is { } bytes ? system.Write(location.Node, bytes) : -Errno.EFAULT;
    }

    public override long Seek(FileRequest request, long offset, SeekFrom whence)
    {
        long place = whence switch { SeekFrom.Start => offset, SeekFrom.Here => request.File.Offset + offset, _ => -1 };
        if (place < 0)
            return -Errno.EINVAL;
        request.MoveTo(place);
        return place;
    }
}
