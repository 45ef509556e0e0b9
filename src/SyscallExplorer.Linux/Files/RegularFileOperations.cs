namespace SyscallExplorer.Linux;

/// <summary>Files with bytes of their own.</summary>
internal sealed class RegularFileOperations : FileOperations
{
    /// <summary>How much one step moves, so that a long transfer takes no long array.</summary>
    private const int Step = 1 << 20;

    public static RegularFileOperations Instance { get; } = new();

    public override bool TellsOfReadiness(OpenFile file) => false;

    public override bool HasPositions => true;

    public override long Read(FileRequest request, TransferBuffer destination, long? position)
    {
        if (Place(request) is not ({ } node, { } system))
            return -Errno.EBADF;
        long from = position ?? request.File.Offset, size = system.StatusOf(node)?.Size ?? 0;
        long wanted = Math.Min(destination.Length, Math.Max(0, size - from)), done = 0;
        byte[] bytes = new byte[(int)Math.Min(wanted, Step)];
        while (done < wanted)
        {
            int count = system.Read(node, from + done, bytes.AsSpan(0, (int)Math.Min(Step, wanted - done)));
            if (count <= 0)
                return done > 0 ? done : count;
            int arrived = destination.Put(done, bytes.AsSpan(0, count));
            done += arrived;
            if (arrived < count)
                break;
        }

        if (done == 0 && wanted > 0)
            return -Errno.EFAULT;
        if (destination.Length > 0 && (request.File.Flags & OpenFlags.NoAccessTime) == 0)
            system.Touch(node);
        if (position is null && done > 0)
            request.MoveTo(from + done);
        return done;
    }

    public override long Write(FileRequest request, TransferBuffer source, long? position)
    {
        if (Place(request) is not ({ } node, { } system))
            return -Errno.EBADF;
        if (system.ContentOf(node, out int error) is not { } content)
            return error;
        long from = (request.File.Flags & OpenFlags.Append) != 0 ? content.Length : position ?? request.File.Offset;
        if (source.Length == 0)
            return 0;
        long limit = request.Machine.Vfs.SizeLimit;
        if (from >= limit)
            return -Errno.EFBIG;
        long wanted = Math.Min(source.Length, limit - from), done = 0;
        byte[] bytes = new byte[(int)Math.Min(wanted, Step)];
        error = 0;
        while (done < wanted && error == 0)
        {
            int step = (int)Math.Min(Step, wanted - done), count = source.Take(done, bytes.AsSpan(0, step));
            int kept = Keep(system, node, content, from + done, bytes.AsSpan(0, count), out content, out error);
            done += kept;
            if (count < step)
                error = -Errno.EFAULT;
        }

        if (done == 0)
            return error;
        if (position is null)
            request.MoveTo(from + done);
        return done;
    }

    public override long Seek(FileRequest request, long offset, SeekFrom whence)
    {
        if (Place(request) is not ({ } node, { } system) || system.StatusOf(node) is not { } status)
            return -Errno.EBADF;
        long? target = whence switch
        {
            SeekFrom.Start => offset,
            SeekFrom.Here => Sum(request.File.Offset, offset),
            SeekFrom.End => Sum(status.Size, offset),
            SeekFrom.Data or SeekFrom.Hole => offset,
            _ => null,
        };
        if (target is not { } place)
            return -Errno.EINVAL;
        if (whence is SeekFrom.Data or SeekFrom.Hole)
        {
            if (place < 0 || place >= status.Size || system.ContentOf(node, out _)?.Next(place, whence == SeekFrom.Data) is not { } found)
                return -Errno.ENXIO;
            place = found;
        }

        if (place < 0)
            return -Errno.EINVAL;
        request.MoveTo(place);
        return place;
    }

    /// <summary>FIONREAD: what lies between the position and the end.</summary>
    public override long Control(FileRequest request, uint command, ulong argument)
    {
        if (command != TerminalRequests.BytesThere)
            return -Errno.ENOTTY;
        long left = (Status(request.Machine, request.File.Object)?.Size ?? 0) - request.File.Offset;
        return request.Machine.Memory.TryWrite(argument, BitConverter.GetBytes((int)left)) ? 0 : -Errno.EFAULT;
    }

    public override long Truncate(FileRequest request, long length) =>
        Place(request) is ({ } node, { }) ? request.Machine.Vfs.SetLength(node, length) : -Errno.EBADF;

    public override long Synchronise(FileRequest request) => 0;

    /// <summary>Writes as much as there is room for.</summary>
    private static int Keep(FileSystem system, VfsNode node, FileContent old, long offset, ReadOnlySpan<byte> bytes, out FileContent content, out int error)
    {
        content = old;
        error = 0;
        if (bytes.IsEmpty)
            return 0;
        FileContent longer = old.Write(offset, bytes);
        error = system.SetContent(node, longer);
        if (error == 0)
        {
            content = longer;
            return bytes.Length;
        }

        int page = FileContent.PageSize - (int)(offset % FileContent.PageSize);
        if (error != -Errno.ENOSPC || bytes.Length <= page)
            return 0;

        // Page by page up to the one that no longer fits.
        int done = 0;
        while (done < bytes.Length)
        {
            int count = (int)Math.Min(bytes.Length - done, FileContent.PageSize - (offset + done) % FileContent.PageSize);
            longer = content.Write(offset + done, bytes.Slice(done, count));
            if (system.SetContent(node, longer) != 0)
                break;
            content = longer;
            done += count;
        }

        return done;
    }

    private static long? Sum(long start, long offset)
    {
        long sum = unchecked(start + offset);
        return offset > 0 && sum < start ? null : sum;
    }

    private static (VfsNode? Node, FileSystem? System) Place(FileRequest request) =>
        request.File.Object.Location is { } location ? (location.Node, request.Machine.Vfs.SystemOf(location.Node)) : (null, null);
}
