using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Flags of the calls whose names end in <c>at</c>. include/uapi/linux/fcntl.h.</summary>
internal static class AtFlags
{
    public const int WorkingDirectory = -100;
    public const int NoFollow = 0x100;
    public const int RemoveDirectory = 0x200;
    public const int EffectiveIds = 0x200;
    public const int Follow = 0x400;
    public const int NoAutomount = 0x800;
    public const int EmptyPath = 0x1000;
}

/// <summary>What calls on descriptors and names have in common.</summary>
internal abstract class NamedFileCalls(LinuxMachine machine) : HostedCalls(machine)
{
    protected VirtualFileSystem Vfs => Machine.Vfs;

    /// <summary>A program's word.</summary>
    protected static int WordSize(SyscallArguments arguments) => arguments.IsCompat ? 4 : 8;

    /// <summary>A number of 64 bits that 32-bit programs give in two registers.</summary>
    protected static long Joined(SyscallArguments arguments, int low) => (long)((uint)arguments[low] | (arguments[low + 1] << 32));

    /// <summary>The open file of a descriptor, for calls that O_PATH does not allow.</summary>
    protected OpenFile? FindFile(int descriptor) => Request(descriptor)?.File;

    /// <summary>
    /// A request on a descriptor, for calls that O_PATH does not allow. A call that has waited goes on with the file that it began with.
    /// </summary>
    protected FileRequest? Request(int descriptor) =>
        (Waited?.FileOf(descriptor) ?? Machine.Files.NumberOf(descriptor)) is { } number && State.OpenFiles[number] is { Object: not PathOnly } file
            ? new FileRequest(Machine, descriptor, number, file)
            : null;

    /// <summary>Where an open file is; a node of its own for what has no name.</summary>
    protected static VfsLocation LocationOf(OpenFile file) => file.Object.Location ?? new VfsLocation(new ObjectNode(file.Object));

    /// <summary>Reads a path from the program's memory, as getname does.</summary>
    protected string? ReadPath(ulong address, out long error)
    {
        byte[]? raw = Memory.TryReadString(address, PathNames.PathMax);
        error = raw is null ? -Errno.EFAULT : raw.Length == PathNames.PathMax ? -Errno.ENAMETOOLONG : 0;
        return error == 0 ? PathNames.OfBytes(raw) : null;
    }

    /// <summary>Where a relative path starts; an absolute one does not look at the descriptor.</summary>
    protected VfsNode? StartOf(int directory, string path, out long error)
    {
        error = 0;
        if (path.StartsWith('/'))
            return Vfs.Root;
        if (directory == AtFlags.WorkingDirectory)
            return Machine.CurrentFileSystem.WorkingDirectory;
        if (Machine.Files.Find(directory) is { } file)
            return LocationOf(file).Node;
        error = -Errno.EBADF;
        return null;
    }

    /// <summary>Looks up a path that the program gives; what is missing at its end is no error.</summary>
    protected PathLookup? Find(int directory, ulong address, bool follow, out long error) =>
        Find(directory, address, follow ? LastPart.Followed : LastPart.NotFollowed, out error);

    /// <summary>Looks up a name that is to be made, removed or moved: the entry of its directory, whatever it is.</summary>
    protected PathLookup? FindEntry(int directory, ulong address, out long error) => Find(directory, address, LastPart.Entry, out error);

    private PathLookup? Find(int directory, ulong address, LastPart last, out long error)
    {
        if (ReadPath(address, out error) is not { } path)
            return null;

        // Linux looks at the descriptor only when there is a name to start from it.
        if (path.Length == 0)
            error = -Errno.ENOENT;
        if (error != 0 || StartOf(directory, path, out error) is not { } start)
            return null;
        PathLookup? found = Vfs.Find(start, path, last, out int problem);
        error = problem;
        return found;
    }

    /// <summary>Looks up a path that must lead to something; with AT_EMPTY_PATH an empty one means the descriptor itself.</summary>
    protected VfsLocation? Locate(int directory, ulong address, int flags, out long error)
    {
        if ((flags & AtFlags.EmptyPath) != 0 && Memory.TryReadString(address, 1) is { Length: 0 })
        {
            error = 0;
            if (directory == AtFlags.WorkingDirectory)
                return new VfsLocation(Machine.CurrentFileSystem.WorkingDirectory);
            error = Machine.Files.Find(directory) is null ? -Errno.EBADF : 0;
            return Machine.Files.Find(directory) is { } file ? LocationOf(file) : null;
        }

        PathLookup? found = Find(directory, address, (flags & AtFlags.NoFollow) == 0, out error);
        if (found is not null && found.Location is null)
            error = -Errno.ENOENT;
        return found?.Location;
    }

    /// <summary>An array of <c>struct iovec</c>.</summary>
    protected (ulong Address, ulong Length)[]? ReadVectors(SyscallArguments arguments, ulong address, ulong count, out long error) =>
        ReadVectors(WordSize(arguments), address, count, out error);

    /// <summary>An array of <c>struct iovec</c> whose members have a number of bytes.</summary>
    protected (ulong Address, ulong Length)[]? ReadVectors(int word, ulong address, ulong count, out long error)
    {
        const int maxVectors = 1024;
        error = count > maxVectors ? -Errno.EINVAL : 0;
        if (error != 0)
            return null;
        byte[] bytes = new byte[(int)count * word * 2];
        if (!Memory.TryRead(address, bytes))
        {
            error = -Errno.EFAULT;
            return null;
        }

        var parts = new (ulong Address, ulong Length)[(int)count];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = (WordAt(bytes, i * 2 * word, word), WordAt(bytes, (i * 2 + 1) * word, word));
            if (parts[i].Length > (ulong)(word == 8 ? long.MaxValue : int.MaxValue))
                error = -Errno.EINVAL;
        }

        return error == 0 ? parts : null;
    }

    protected static ulong WordAt(ReadOnlySpan<byte> bytes, int offset, int word) =>
        word == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
