using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// The life of sockets: making, naming, connecting, shutting down. Unix-domain sockets are all that there are; other families answer that they
/// are not supported. man 2 socket, man 7 unix.
/// </summary>
internal sealed class SocketConnectionCalls(LinuxMachine machine) : SocketCallFamily(machine)
{
    private const int TypeMask = 0xF;
    private const int TypeFlags = OpenFlags.NonBlocking | OpenFlags.CloseOnExec;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("socket", a => Create(a.Int(0), a.Int(1), a.Int(2))),
        ("socketpair", a => CreatePair(a.Int(0), a.Int(1), a.Int(2), a[3])),
        ("bind", a => Bind(a.Int(0), a[1], a.Int(2))),
        ("connect", a => Connect(a.Int(0), a[1], a.Int(2))),
        ("listen", a => Listen(a.Int(0), a.Int(1))),
        ("accept", a => Accept(a.Int(0), a[1], a[2], 0)),
        ("accept4", a => Accept(a.Int(0), a[1], a[2], a.Int(3))),
        ("getsockname", a => OwnName(a.Int(0), a[1], a[2])),
        ("getpeername", a => PeerName(a.Int(0), a[1], a[2])),
        ("shutdown", a => Shutdown(a.Int(0), a.Int(1))),
    ];

    private SocketCredentials Own => SocketCredentials.Of(Process);

    public long Create(int family, int type, int protocol)
    {
        if (TypeOf(family, type, protocol, out long error) is not { } kind)
            return error;
        return Machine.Files.IsFull ? -Errno.EMFILE : Open(Machine.Sockets.Create(kind).Number, type);
    }

    /// <summary>The program is told the descriptors before there is anything behind them, even when nothing comes of it.</summary>
    public long CreatePair(int family, int type, int protocol, ulong address)
    {
        if (HasUnknownFlags(type))
            return -Errno.EINVAL;
        if (Machine.Files.FirstFree(0) is not { } first || Machine.Files.FirstFree(first + 1) is not { } second)
            return -Errno.EMFILE;
        if (Give(address, [.. BitConverter.GetBytes(first), .. BitConverter.GetBytes(second)]) is var refused && refused != 0)
            return refused;
        if (TypeOf(family, type, protocol, out long error) is not { } kind)
            return IsInternet(family) && error == -Errno.EAFNOSUPPORT ? -Errno.EOPNOTSUPP : error;
        int one = Machine.Sockets.Create(kind).Number, other = Machine.Sockets.Create(kind).Number;
        Machine.Sockets.Connect(one, other, Own, Own);
        Open(one, type);
        Open(other, type);
        return 0;
    }

    public long Bind(int descriptor, ulong address, int length)
    {
        if (Find(descriptor, out _, out SocketState? socket) is var error && socket is null)
            return error;
        var names = new SocketNames(Machine);
        if (names.ReadBytes(address, length, out error) is not { } bytes)
            return error;
        bool isAutomatic = length == UnixAddress.FamilySize && BinaryPrimitives.ReadUInt16LittleEndian(bytes) == UnixAddress.Family;
        UnixAddress? name = isAutomatic ? null : UnixAddress.Read(bytes);
        if (!isAutomatic && name is null)
            return -Errno.EINVAL;
        if (name is null)
        {
            if (socket.Name is null)
                Machine.Sockets.NameAutomatically(socket.Number);
            return 0;
        }

        if (!name.IsAbstract)
            return names.Make(socket.Number, name);
        if (socket.Name is not null)
            return -Errno.EINVAL;
        if (Machine.Sockets.FindAbstract(name.Name) is not null)
            return -Errno.EADDRINUSE;
        Machine.Sockets.Name(socket.Number, name);
        return 0;
    }

    public long Connect(int descriptor, ulong address, int length)
    {
        if (Find(descriptor, out FileRequest request, out SocketState? socket) is var error && socket is null)
            return error;
        var names = new SocketNames(Machine);
        if (names.ReadBytes(address, length, out error) is not { } bytes)
            return error;
        if (bytes.Length < UnixAddress.FamilySize)
            return -Errno.EINVAL;
        bool disconnects = BinaryPrimitives.ReadUInt16LittleEndian(bytes) == 0 && socket.Type == SocketType.Datagram;
        if (disconnects)
        {
            Machine.Sockets.Associate(socket.Number, null);
            return 0;
        }

        if (UnixAddress.Read(bytes) is not { } name)
            return -Errno.EINVAL;
        if (socket.Options.PassesCredentials && socket.Name is null)
            Machine.Sockets.NameAutomatically(socket.Number);
        if (names.Resolve(name, socket.Type, out error) is not { } other)
            return error;
        return socket.IsConnectionBased ? ConnectTo(request, Machine.Sockets[socket.Number], other) : Associate(Machine.Sockets[socket.Number], other);
    }

    public long Listen(int descriptor, int backlog)
    {
        const uint most = 4096;
        if (Find(descriptor, out _, out SocketState? socket) is var error && socket is null)
            return error;
        if (!socket.IsConnectionBased)
            return -Errno.EOPNOTSUPP;
        if (socket.Name is null || socket.Stage == SocketStage.Connected)
            return -Errno.EINVAL;
        Machine.Sockets.Set(socket with { Stage = SocketStage.Listening, Backlog = Math.Min((uint)backlog, most), PeerCredentials = Own });
        Tasks.Wake(ReadinessKeys.Room(socket.Number));
        return 0;
    }

    public long Accept(int descriptor, ulong address, ulong length, int flags)
    {
        long error = Find(descriptor, out FileRequest request, out SocketState? socket);
        if (error == -Errno.EBADF)
            return error;
        if ((flags & ~TypeFlags) != 0)
            return -Errno.EINVAL;
        if (socket is null)
            return error;
        if (Machine.Files.IsFull)
            return -Errno.EMFILE;
        if (!socket.IsConnectionBased)
            return -Errno.EOPNOTSUPP;
        if (socket.Stage != SocketStage.Listening)
            return -Errno.EINVAL;
        if (socket.Pending.IsEmpty)
        {
            return socket.ReceiveShut ? -Errno.EINVAL
                : WaitOn(request, ReadinessKeys.Input(socket.Number), "a connection to", socket.Options.ReceiveTimeout);
        }

        SocketState accepted = Machine.Sockets[socket.Pending[0]];
        Machine.Sockets.Set(socket with { Pending = socket.Pending.RemoveAt(0) });
        Machine.Sockets.Set(accepted with { IsAccepted = true });
        Tasks.Wake(ReadinessKeys.Room(socket.Number));
        long opened = Open(accepted.Number, flags);
        UnixAddress? partner = Machine.Sockets.Find(accepted.Peer)?.Name ?? accepted.PeerName;
        if (address == 0 || new SocketNames(Machine).Tell(partner, address, length) is not (var problem and < 0))
            return opened;
        Machine.Files.Close((int)opened);
        return problem;
    }

    public long OwnName(int descriptor, ulong address, ulong length) =>
        Find(descriptor, out _, out SocketState? socket) is var error && socket is null ? error : new SocketNames(Machine).Tell(socket.Name, address, length);

    public long PeerName(int descriptor, ulong address, ulong length)
    {
        if (Find(descriptor, out _, out SocketState? socket) is var error && socket is null)
            return error;
        return socket.Peer == 0 ? -Errno.ENOTCONN : new SocketNames(Machine).Tell(Machine.Sockets.Find(socket.Peer)?.Name ?? socket.PeerName, address, length);
    }

    public long Shutdown(int descriptor, int how)
    {
        const int receiving = 0, sending = 1, both = 2;
        if (Find(descriptor, out _, out SocketState? socket) is var error && socket is null)
            return error;
        if (how is < receiving or > both)
            return -Errno.EINVAL;
        Machine.Sockets.Shut(socket.Number, receive: how != sending, send: how != receiving);
        return 0;
    }

    /// <summary>The other end of a new connection waits in the listener's queue, and is connected already.</summary>
    private long ConnectTo(FileRequest request, SocketState socket, SocketState listener)
    {
        if (listener.Stage != SocketStage.Listening || listener.ReceiveShut)
            return -Errno.ECONNREFUSED;
        if (listener.IsQueueFull)
            return WaitOn(request, ReadinessKeys.Room(listener.Number), "the other side to accept", socket.Options.SendTimeout);
        if (socket.Stage != SocketStage.Closed)
            return socket.Stage == SocketStage.Connected ? -Errno.EISCONN : -Errno.EINVAL;
        SocketState end = Machine.Sockets.Create(socket.Type);
        Machine.Sockets.Set(end with { Name = listener.Name, IsAccepted = false, Options = SocketOptions.Initial with { PassesCredentials = listener.Options.PassesCredentials } });
        Machine.Sockets.Connect(socket.Number, end.Number, Own, listener.PeerCredentials);
        listener = Machine.Sockets[listener.Number];
        Machine.Sockets.Set(listener with { Pending = listener.Pending.Add(end.Number) });
        Tasks.Wake(ReadinessKeys.Input(listener.Number));
        Tasks.Wake(ReadinessKeys.Output(socket.Number));
        return 0;
    }

    /// <summary>A datagram socket gets a partner whom it sends to, and from whom alone it takes datagrams.</summary>
    private long Associate(SocketState socket, SocketState other)
    {
        if (other.Peer != 0 && other.Peer != socket.Number)
            return -Errno.EPERM;
        Machine.Sockets.Associate(socket.Number, other.Number);
        return 0;
    }

    private long WaitOn(FileRequest request, WaitKey key, string what, long? timeout) => new SocketWait(request).For(key, what, timeout);

    private long Open(int socket, int flags) =>
        Machine.Files.Open(new OpenFile(new SocketFile(socket), 0, OpenFlags.ReadWrite | (flags & OpenFlags.NonBlocking)), (flags & OpenFlags.CloseOnExec) != 0);

    /// <summary>Families that a Linux with a network has, which has no pairs of them.</summary>
    private static bool IsInternet(int family) => family is 2 or 10;

    private static bool HasUnknownFlags(int type) => (type & ~(TypeMask | TypeFlags)) != 0;

    private static SocketType? TypeOf(int family, int type, int protocol, out long error)
    {
        const int families = 45, types = 11, raw = 3;
        int kind = type & TypeMask;
        error = HasUnknownFlags(type) ? -Errno.EINVAL
            : (uint)family >= families ? -Errno.EAFNOSUPPORT
            : kind >= types ? -Errno.EINVAL
            : family != UnixAddress.Family ? -Errno.EAFNOSUPPORT
            : protocol is not (0 or UnixAddress.Family) ? -Errno.EPROTONOSUPPORT
            : kind is (int)SocketType.Stream or (int)SocketType.Datagram or (int)SocketType.SequencedPacket or raw ? 0
            : -Errno.ESOCKTNOSUPPORT;
        return error != 0 ? null : kind == raw ? SocketType.Datagram : (SocketType)kind;
    }

    /// <summary>Waiting that moves no bytes.</summary>
    private sealed class SocketWait(FileRequest request) : SocketTransfer(request)
    {
        public long For(WaitKey key, string what, long? timeout) => Wait(key, what, timeout, Request.IsNonBlocking);
    }
}
