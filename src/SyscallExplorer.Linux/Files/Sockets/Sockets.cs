using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>The sockets of a machine: making, finding, connecting, closing, and who is told.</summary>
internal sealed class Sockets(LinuxMachine machine)
{
    private const int FileSystemMinor = 8;
    private const int FirstInode = 20_000;
    private const int SocketPermissions = FileType.Socket | Octal.Permissions;

    private KernelState State
    {
        get => machine.State;
        set => machine.State = value;
    }

    public SocketState this[int number] => State.Sockets[number];

    public SocketState? Find(int number) => State.Sockets.GetValueOrDefault(number);

    /// <summary>The socket that is bound to a file, or null.</summary>
    public SocketState? Find(VfsNode node) => State.Sockets.Values.FirstOrDefault(socket => socket.Node == node);

    /// <summary>The socket that has a name in no directory, or null.</summary>
    public SocketState? FindAbstract(string name) => State.AbstractSockets.TryGetValue(name, out int number) ? this[number] : null;

    /// <summary>Open files that are on their way in messages.</summary>
    public int FilesInFlight => State.Sockets.Values.Sum(socket => socket.Queue.Sum(message => message.Rights.Length));

    public void Set(SocketState socket) => State = State with { Sockets = State.Sockets.SetItem(socket.Number, socket) };

    /// <summary>Makes a socket.</summary>
    public SocketState Create(SocketType type)
    {
        var socket = new SocketState(State.NextObject, type);
        State = State with { NextObject = socket.Number + 1, Sockets = State.Sockets.Add(socket.Number, socket) };
        return socket;
    }

    /// <summary>Makes two sockets partners.</summary>
    public void Connect(int one, int other, SocketCredentials ofOne, SocketCredentials ofOther)
    {
        Set(this[one] with { Peer = other, Stage = SocketStage.Connected, PeerCredentials = ofOther });
        Set(this[other] with { Peer = one, Stage = SocketStage.Connected, PeerCredentials = ofOne });
    }

    /// <summary>Gives a datagram socket a partner, another, or none. What waits from the old one is lost, and it hears of that.</summary>
    public void Associate(int number, int? partner)
    {
        SocketState socket = this[number];
        int old = socket.Peer;
        bool hasLost = old != 0 && old != partner && !socket.Queue.IsEmpty;
        Set(socket with { Peer = partner ?? 0, Stage = partner is null ? SocketStage.Closed : SocketStage.Connected });
        if (old != 0 && old != partner)
            machine.Tasks.Wake(ReadinessKeys.Room(old));
        if (!hasLost)
            return;
        Set(this[number] with { Queue = [] });
        machine.Tasks.Wake(ReadinessKeys.Room(number));
        foreach (SocketMessage message in socket.Queue)
            Drop(message);
        if (Find(old) is { } left && left.Peer == number)
        {
            Set(left with { Error = Errno.ECONNRESET });
            WakeAll(old);
        }
    }

    /// <summary>Gives a socket a name in no directory.</summary>
    public void Name(int number, UnixAddress address)
    {
        Set(this[number] with { Name = address });
        State = State with { AbstractSockets = State.AbstractSockets.Add(address.Name, number) };
    }

    /// <summary>Gives a socket the first free name of five hexadecimal digits.</summary>
    public void NameAutomatically(int number)
    {
        int next = 0;
        while (State.AbstractSockets.ContainsKey(NameOf(next)))
            next++;
        Name(number, new UnixAddress(NameOf(next)));

        static string NameOf(int number) => "\0" + number.ToString("x5", CultureInfo.InvariantCulture);
    }

    /// <summary>Ends directions of a socket; the other end of a connection sees it.</summary>
    public void Shut(int number, bool receive, bool send)
    {
        SocketState socket = this[number];
        Set(socket with { ReceiveShut = socket.ReceiveShut || receive, SendShut = socket.SendShut || send });
        WakeAll(number);
        if (!socket.IsConnectionBased || Find(socket.Peer) is not { } peer)
            return;
        Set(peer with { ReceiveShut = peer.ReceiveShut || send, SendShut = peer.SendShut || receive });
        WakeAll(peer.Number);
    }

    /// <summary>A socket is gone, with all that nobody has read and all connections that nobody has accepted.</summary>
    public void Close(int number)
    {
        SocketState socket = this[number];
        State = State with
        {
            Sockets = State.Sockets.Remove(number),
            AbstractSockets = socket.Name is { IsAbstract: true } name ? State.AbstractSockets.Remove(name.Name) : State.AbstractSockets,
        };
        if (socket.IsConnectionBased && Find(socket.Peer) is { } peer)
        {
            bool isReset = !socket.Queue.IsEmpty || !socket.IsAccepted;
            Set(peer with { ReceiveShut = true, SendShut = true, PeerName = socket.Name, Error = isReset ? Errno.ECONNRESET : peer.Error });
            WakeAll(peer.Number);
        }

        machine.Tasks.Wake(ReadinessKeys.Room(number));
        foreach (SocketMessage message in socket.Queue)
            Drop(message);
        foreach (int pending in socket.Pending)
            Close(pending);
        UnreachableSockets.Close(machine);
    }

    /// <summary>Puts a message into a socket's queue.</summary>
    public void Deliver(SocketMessage message, int receiver)
    {
        foreach (int file in message.Rights)
            machine.Files.Hold(file);
        SocketState sender = this[message.Sender];
        Set(sender with { Charged = sender.Charged + message.Charge });
        SocketState target = this[receiver];
        Set(target with { Queue = target.Queue.Add(message) });
        machine.Tasks.Wake(ReadinessKeys.Input(receiver));
    }

    /// <summary>Takes the first message out of a socket's queue; its files are the caller's now.</summary>
    public void Take(int receiver)
    {
        SocketState socket = this[receiver];
        SocketMessage message = socket.Queue[0];
        Set(socket with { Queue = socket.Queue.RemoveAt(0) });
        Discharge(message);
        machine.Tasks.Wake(ReadinessKeys.Room(receiver));
    }

    /// <summary>Gives up a message that nobody will read, with its files.</summary>
    public void Drop(SocketMessage message)
    {
        Discharge(message);
        foreach (int file in message.Rights)
            machine.Files.Release(file);
    }

    /// <summary>Takes a socket's error, which is told once.</summary>
    public int TakeError(int number)
    {
        SocketState socket = this[number];
        if (socket.Error != 0)
            Set(socket with { Error = 0 });
        return socket.Error;
    }

    /// <summary>What fstat tells.</summary>
    public FileStatus StatusOf(int number)
    {
        var times = FileTimes.At(machine.Kernel.ReleaseTime * EmulatedTime.NanosecondsPerSecond);
        return new FileStatus(new DeviceNumber(0, FileSystemMinor), FirstInode + number, SocketPermissions, 1, TaskIdentity.Uid, TaskIdentity.Gid, 0, times);
    }

    /// <summary>Its name in /proc/self/fd.</summary>
    public static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"socket:[{FirstInode + number}]");

    private void WakeAll(int number)
    {
        machine.Tasks.Wake(ReadinessKeys.Input(number));
        machine.Tasks.Wake(ReadinessKeys.Output(number));
        machine.Tasks.Wake(ReadinessKeys.Room(number));
    }

    private void Discharge(SocketMessage message)
    {
        if (Find(message.Sender) is not { } sender)
            return;
        sender = sender with { Charged = sender.Charged - message.Charge };
        Set(sender);
        if (sender.IsWritable)
            machine.Tasks.Wake(ReadinessKeys.Output(sender.Number));
    }
}
