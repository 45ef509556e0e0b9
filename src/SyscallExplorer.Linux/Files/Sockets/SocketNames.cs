namespace SyscallExplorer.Linux;

/// <summary>Addresses that programs give, and the sockets that they lead to.</summary>
internal sealed class SocketNames(LinuxMachine machine)
{
    /// <summary>Bytes of <c>struct sockaddr_storage</c>: no address is longer.</summary>
    private const int MaxSize = 128;

    /// <summary>Reads an address.</summary>
    /// <returns>0, -EINVAL or -EFAULT.</returns>
    public long Read(ulong address, int length, out UnixAddress? name)
    {
        name = null;
        if (ReadBytes(address, length, out long error) is not { } bytes)
            return error;
        name = UnixAddress.Read(bytes);
        return name is null ? -Errno.EINVAL : 0;
    }

    /// <summary>Reads the bytes of an address.</summary>
    public byte[]? ReadBytes(ulong address, int length, out long error)
    {
        error = (uint)length > MaxSize ? -Errno.EINVAL : 0;
        if (error != 0)
            return null;
        byte[] bytes = new byte[length];
        if (machine.Memory.TryRead(address, bytes))
            return bytes;
        error = -Errno.EFAULT;
        return null;
    }

    /// <summary>Tells an address: as much of it as there is room for, and how long it is.</summary>
    /// <param name="name">The address; null for that of a socket without a name.</param>
    /// <param name="address">Where to.</param>
    /// <param name="length">Where the room stands, and the length is written.</param>
    public long Tell(UnixAddress? name, ulong address, ulong length)
    {
        Span<byte> word = stackalloc byte[4];
        if (!machine.Memory.TryRead(length, word))
            return -Errno.EFAULT;
        int room = BitConverter.ToInt32(word);
        if (room < 0)
            return -Errno.EINVAL;
        byte[] bytes = UnixAddress.BytesOf(name);
        return machine.Memory.TryWrite(address, bytes.AsSpan(0, Math.Min(room, bytes.Length))) && machine.Memory.TryWrite(length, BitConverter.GetBytes(bytes.Length))
            ? 0
            : -Errno.EFAULT;
    }

    /// <summary>The socket of an address, for one of some type.</summary>
    public SocketState? Resolve(UnixAddress name, SocketType type, out long error)
    {
        error = 0;
        SocketState? socket = name.IsAbstract ? machine.Sockets.FindAbstract(name.Name) : FindByPath(name.Name, out error);
        if (error == 0)
            error = socket is null ? -Errno.ECONNREFUSED : socket.Type != type ? -Errno.EPROTOTYPE : 0;
        return error == 0 ? socket : null;
    }

    /// <summary>Makes the file that a socket is found by. One that has a name already gets no other, but the file is there.</summary>
    /// <returns>0 or an error; a name that is taken is an address in use.</returns>
    public long Make(int socket, UnixAddress name)
    {
        VirtualFileSystem files = machine.Vfs;
        if (files.Find(StartOf(name.Name), name.Name, LastPart.Entry, out int error) is not { } found)
            return error;
        error = files.Make(found, files.NewFile(FileType.Socket, Octal.Permissions, new NamedOnlyBody()));
        if (error != 0)
            return error == -Errno.EEXIST ? -Errno.EADDRINUSE : error;
        if (machine.Sockets[socket].Name is not null)
            return -Errno.EINVAL;
        machine.Sockets.Set(machine.Sockets[socket] with { Name = name, Node = files.Find(found.Parent, found.Name, out _) });
        return 0;
    }

    private SocketState? FindByPath(string path, out long error)
    {
        VirtualFileSystem files = machine.Vfs;
        PathLookup? found = files.Find(StartOf(path), path, LastPart.Followed, out int problem);
        error = problem;
        if (found is null)
            return null;
        error = found.Node is not { } node || files.StatusOf(node) is not { } status ? -Errno.ENOENT
            : !Credentials.Program.May(status, Octal.Write) ? -Errno.EACCES
            : status.Type != FileType.Socket ? -Errno.ECONNREFUSED : 0;
        if (error != 0 || found.Node is null)
            return null;
        SocketState? socket = machine.Sockets.Find(found.Node);
        error = socket is null ? -Errno.ECONNREFUSED : 0;
        return socket;
    }

    private VfsNode StartOf(string path) => path.StartsWith('/') ? machine.Vfs.Root : machine.CurrentFileSystem.WorkingDirectory;
}
