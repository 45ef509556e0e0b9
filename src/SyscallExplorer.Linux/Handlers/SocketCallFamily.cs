namespace SyscallExplorer.Linux;

/// <summary>What the calls on sockets have in common.</summary>
internal abstract class SocketCallFamily(LinuxMachine machine) : NamedFileCalls(machine)
{
    /// <summary>The socket of a descriptor.</summary>
    /// <returns>0, -EBADF or -ENOTSOCK; without a socket it is never 0.</returns>
    protected long Find(int descriptor, out FileRequest request, out SocketState? socket)
    {
        (request, socket) = (Request(descriptor) ?? default, null);
        if (request.Machine is null)
            return -Errno.EBADF;
        socket = request.File.Object is SocketFile file ? Machine.Sockets[file.Socket] : null;
        return socket is null ? -Errno.ENOTSOCK : 0;
    }
}
