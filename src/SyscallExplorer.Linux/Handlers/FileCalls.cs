using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>open, close, and what moves bytes.</summary>
internal sealed class FileCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int AtWorkingDirectory = -100;
    private const int MaxTransfer = 0x7FFF_F000;
    private const int MaxVectors = 1024;
    private const long MaxFileSize = 64L << 20;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("hosted_read", a => Read(a.Int(0), a[1], a[2], null)),
        ("hosted_write", a => Write(a.Int(0), a[1], a[2], null)),
        ("readv", a => Vectored(a, FileKind.MayRead, Read)),
        ("writev", a => Vectored(a, FileKind.MayWrite, Write)),
        ("pread64", a => At(a, (long)a[3], Read)),
        ("pwrite64", a => At(a, (long)a[3], Write)),
        ("ia32_pread64", a => At(a, (long)(a[3] | (a[4] << 32)), Read)),
        ("ia32_pwrite64", a => At(a, (long)(a[3] | (a[4] << 32)), Write)),
        ("sendfile", a => SendFile(a, a.IsCompat ? 4 : 8)),
        ("sendfile64", a => SendFile(a, 8)),
        ("open", a => Open(AtWorkingDirectory, a[0], a.Int(1))),
        ("openat", a => Open(a.Int(0), a[1], a.Int(2))),
        ("creat", a => Open(AtWorkingDirectory, a[0], OpenFlags.Create | OpenFlags.WriteOnly | OpenFlags.Truncate)),
        ("close", a => Close(a.Int(0))),
    ];

    private delegate long Transfer(int descriptor, ulong address, ulong length, long? position);

    private long Read(int descriptor, ulong address, ulong length, long? position)
    {
        if (Machine.Files.Find(descriptor) is not { MayRead: true } file)
            return -Errno.EBADF;
        int wanted = (int)Math.Min(length, MaxTransfer);
        if (file.Kind == FileKind.Null)
            return 0;
        if (file.Kind == FileKind.Zero)
            return Memory.TryWrite(address, new byte[wanted]) ? wanted : -Errno.EFAULT;
        FileContent content = file.Path == OpenFile.StandardInput ? Machine.TakeInput() : ContentOf(file.Path);
        long from = position ?? file.Offset;
        byte[] bytes = new byte[(int)Math.Min(wanted, Math.Max(0, content.Length - from))];
        content.Read(from, bytes);
        if (!Memory.TryWrite(address, bytes))
            return -Errno.EFAULT;
        if (position is null)
            Machine.Files.Update(descriptor, file with { Offset = from + bytes.Length });
        return bytes.Length;
    }

    private long Write(int descriptor, ulong address, ulong length, long? position)
    {
        if (Machine.Files.Find(descriptor) is not { MayWrite: true } file)
            return -Errno.EBADF;
        int wanted = (int)Math.Min(length, MaxTransfer);
        if (file.IsDevice)
            return wanted;
        long from = (file.Flags & OpenFlags.Append) != 0 ? ContentOf(file.Path).Length : position ?? file.Offset;
        if (file.IsRegular)
        {
            if (from >= MaxFileSize)
                return wanted == 0 ? 0 : -Errno.EFBIG;
            wanted = (int)Math.Min(wanted, MaxFileSize - from);
        }

        byte[] bytes = new byte[wanted];
        if (!Memory.TryRead(address, bytes))
            return -Errno.EFAULT;
        if (file.IsPipe)
            return WriteStream(file, bytes);
        State = State with { Files = State.Files.SetItem(file.Path, ContentOf(file.Path).Write(from, bytes)) };
        if (position is null)
            Machine.Files.Update(descriptor, file with { Offset = from + wanted });
        return wanted;
    }

    /// <summary>What the machine keeps of the standard streams is bounded; a sink of the owner's takes whatever comes.</summary>
    private long WriteStream(OpenFile file, byte[] bytes)
    {
        bool isOutput = file.Path == OpenFile.StandardOutput;
        if (Machine.Streams is { } streams)
        {
            if (isOutput ? streams.TryWriteOutput(bytes) : streams.TryWriteError(bytes))
                return bytes.Length;
            Machine.Signals.Send(Task, SignalNumbers.SIGPIPE);
            return -Errno.EPIPE;
        }

        FileContent content = isOutput ? State.Output : State.Error;
        if (content.Length + bytes.Length > MaxFileSize)
            return -Errno.EFBIG;
        content = content.Write(content.Length, bytes);
        State = isOutput ? State with { Output = content } : State with { Error = content };
        return bytes.Length;
    }

    private FileContent ContentOf(string path) => State.Files.GetValueOrDefault(path, FileContent.Empty);

    private long Vectored(SyscallArguments arguments, int right, Transfer transfer)
    {
        int descriptor = arguments.Int(0);
        if (Machine.Files.Find(descriptor) is not { } file || (file.Rights & right) == 0)
            return -Errno.EBADF;
        ulong count = arguments[2];
        if (count > MaxVectors)
            return -Errno.EINVAL;
        int word = arguments.IsCompat ? 4 : 8;
        byte[] vectors = new byte[(int)count * word * 2];
        if (!Memory.TryRead(arguments[1], vectors))
            return -Errno.EFAULT;

        var parts = new (ulong Address, ulong Length)[(int)count];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = (WordAt(vectors, i * 2 * word, word), WordAt(vectors, (i * 2 + 1) * word, word));
            if (parts[i].Length > (ulong)(word == 8 ? long.MaxValue : int.MaxValue))
                return -Errno.EINVAL;
        }

        long total = 0;
        foreach ((ulong address, ulong length) in parts.Where(part => part.Length > 0))
        {
            long done = transfer(descriptor, address, Math.Min(length, (ulong)(MaxTransfer - total)), null);
            if (done < 0)
                return total > 0 ? total : done;
            total += done;
            if ((ulong)done < length)
                break;
        }

        return total;
    }

    private static ulong WordAt(byte[] bytes, int offset, int word) =>
        word == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset)) : BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    private long At(SyscallArguments arguments, long position, Transfer transfer)
    {
        if (position < 0)
            return -Errno.EINVAL;
        if (Machine.Files.Find(arguments.Int(0)) is not { } file)
            return -Errno.EBADF;
        return file.IsPipe ? -Errno.ESPIPE : transfer(arguments.Int(0), arguments[1], arguments[2], position);
    }

    /// <summary>From a regular file only: Linux 5.13 has no way to splice from a pipe or a device here.</summary>
    private long SendFile(SyscallArguments arguments, int offsetSize)
    {
        int target = arguments.Int(0), source = arguments.Int(1);
        if (Machine.Files.Find(source) is not { MayRead: true } input || Machine.Files.Find(target) is not { MayWrite: true } output)
            return -Errno.EBADF;
        if (!input.IsRegular || (output.Flags & OpenFlags.Append) != 0)
            return -Errno.EINVAL;
        long position = input.Offset;
        Span<byte> word = stackalloc byte[8];
        if (arguments[2] != 0)
        {
            word.Clear();
            if (!Memory.TryRead(arguments[2], word[..offsetSize]))
                return -Errno.EFAULT;
            position = BinaryPrimitives.ReadInt64LittleEndian(word);
            if (position < 0)
                return -Errno.EINVAL;
        }

        FileContent content = ContentOf(input.Path);
        byte[] bytes = new byte[(int)Math.Min(Math.Min(arguments[3], MaxTransfer), (ulong)Math.Max(0, content.Length - position))];
        content.Read(position, bytes);
        long done = PutBytes(target, output, bytes);
        if (done <= 0)
            return done;
        if (arguments[2] == 0)
        {
            Machine.Files.Update(source, input with { Offset = position + done });
            return done;
        }

        BinaryPrimitives.WriteInt64LittleEndian(word, position + done);
        return Memory.TryWrite(arguments[2], word[..offsetSize]) ? done : -Errno.EFAULT;
    }

    private long PutBytes(int descriptor, OpenFile file, byte[] bytes)
    {
        if (file.IsDevice)
            return bytes.Length;
        if (file.IsPipe)
            return WriteStream(file, bytes);
        if (file.Offset + bytes.Length > MaxFileSize)
            return -Errno.EFBIG;
        State = State with { Files = State.Files.SetItem(file.Path, ContentOf(file.Path).Write(file.Offset, bytes)) };
        Machine.Files.Update(descriptor, file with { Offset = file.Offset + bytes.Length });
        return bytes.Length;
    }

    private long Open(int directory, ulong name, int flags)
    {
        const int exclusively = OpenFlags.Create | OpenFlags.Exclusive;
        if (FileNode.Find(Machine, directory, name, out long error) is not { } node)
            return error;
        switch (node.Kind)
        {
            case FileNodeKind.NotInDirectory:
                return -Errno.ENOTDIR;
            case FileNodeKind.Missing when (flags & OpenFlags.Create) == 0:
                return -Errno.ENOENT;
            case not FileNodeKind.Missing when (flags & exclusively) == exclusively:
                return -Errno.EEXIST;
            case FileNodeKind.Directory:
                return (flags & (OpenFlags.AccessMode | OpenFlags.Create)) == OpenFlags.ReadOnly ? -Errno.EACCES : -Errno.EISDIR;
            case FileNodeKind.File or FileNodeKind.Device when (flags & OpenFlags.Directory) != 0:
                return -Errno.ENOTDIR;
        }

        int descriptor = Machine.Files.Open(
            new OpenFile(node.Path, 0, flags & ~OpenFlags.OnlyForOpening), closeOnExec: (flags & OpenFlags.CloseOnExec) != 0);
        bool truncate = (flags & OpenFlags.Truncate) != 0 && (flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly;
        if (descriptor >= 0 && node.Kind != FileNodeKind.Device && (node.Kind == FileNodeKind.Missing || truncate))
            State = State with { Files = State.Files.SetItem(node.Path, FileContent.Empty) };
        return descriptor;
    }

    private long Close(int descriptor)
    {
        if (Machine.Files.Find(descriptor) is null)
            return -Errno.EBADF;
        Machine.Files.Close(descriptor);
        return 0;
    }
}
