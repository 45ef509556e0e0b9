namespace SyscallExplorer.Linux;

/// <summary>/proc/PID/mem as an entry.</summary>
/// <param name="Task">Whose memory.</param>
internal sealed record ProcessMemoryEntry(int Task) : SyntheticEntry(ReadWriteByOwnerOnly)
{
    private const int ReadWriteByOwnerOnly = 0x180;     // 0600
}

/// <summary>/proc/PID/mem, open: it stays with the address space that the process had then, which a new program leaves.</summary>
/// <param name="Place">The file.</param>
/// <param name="Map">The address space.</param>
internal sealed record ProcessMemoryFile(VfsLocation Place, int Map) : FileObject
{
    public override FileOperations Operations => ProcessMemoryOperations.Instance;

    public override VfsLocation? Location => Place;
}

/// <summary>Reading and writing the memory of a process as its debugger does, whatever the rights of its pages. man 5 proc.</summary>
internal sealed class ProcessMemoryOperations : FileOperations
{
    public static ProcessMemoryOperations Instance { get; } = new();

    public override bool HasPositions => true;

    public override bool TellsOfReadiness(OpenFile file) => false;

    public override long Read(FileRequest request, TransferBuffer destination, long? position) =>
        Transfer(request, destination.Length, position, (memory, address, done, page) =>
            memory.TryPeek(address, page, whateverRights: true) ? destination.Put(done, page) == page.Length ? page.Length : -Errno.EFAULT : -Errno.EIO);

    public override long Write(FileRequest request, TransferBuffer source, long? position)
    {
        long result = Transfer(request, source.Length, position, (memory, address, done, page) =>
            source.Take(done, page) != page.Length ? -Errno.EFAULT
            : memory.AreaOf(address) is null or { Shared: true, Writable: false } || !memory.TryForce(address, page) ? -Errno.EIO
            : page.Length);

        // The address space need not be the one that is loaded, and a page of it may be another one now.
        request.Machine.Processor.FlushTranslations();
        return result;
    }

    /// <summary>Positions are addresses, of which the upper half are negative.</summary>
    public override long Seek(FileRequest request, long offset, SeekFrom whence)
    {
        if (whence is not (SeekFrom.Start or SeekFrom.Here))
            return -Errno.EINVAL;
        long place = whence == SeekFrom.Start ? offset : request.File.Offset + offset;
        request.MoveTo(place);
        return place;
    }

    private delegate long PageMover(AddressSpace memory, ulong address, long done, Span<byte> page);

    /// <summary>Page by page, until one is not there. Nothing can be had of an address space that is gone.</summary>
    private static long Transfer(FileRequest request, long length, long? position, PageMover move)
    {
        int map = ((ProcessMemoryFile)request.File.Object).Map;
        if (!request.Machine.State.Maps.ContainsKey(map))
            return 0;
        var memory = new AddressSpace(request.Machine, map);
        ulong start = (ulong)(position ?? request.File.Offset);
        Span<byte> page = stackalloc byte[(int)KernelLayout.PageSize];
        long done = 0, error = 0;
        while (done < length && error == 0)
        {
            ulong address = start + (ulong)done;
            int count = (int)Math.Min(length - done, (long)(KernelLayout.PageSize - address % KernelLayout.PageSize));
            long moved = move(memory, address, done, page[..count]);
            if (moved < 0)
                error = moved;
            else
                done += moved;
        }

        if (position is null)
            request.MoveTo((long)start + done);
        return done > 0 ? done : error;
    }
}
