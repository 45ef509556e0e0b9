namespace SyscallExplorer.Linux;

/// <summary>socketcall: one call for all those on sockets, whose arguments lie in memory. Only 32-bit programs have it. man 2 socketcall.</summary>
internal sealed class SocketMultiplexer(LinuxMachine machine) : HostedCalls(machine)
{
    private const int WordSize = 4;

    /// <summary>How many arguments each has, by its number.</summary>
    private static ReadOnlySpan<byte> Counts => [0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4];

    private readonly SocketConnectionCalls _sockets = new(machine);
    private readonly MessageCalls _messages = new(machine);
    private readonly SocketOptionCalls _options = new(machine);

    public override IEnumerable<(string Name, HostedCall Call)> Calls => [("socketcall", a => Call(a.Int(0), a[1], a.IsCompat))];

    private long Call(int call, ulong address, bool compat)
    {
        if (call < 1 || call >= Counts.Length)
            return -Errno.EINVAL;
        byte[] bytes = new byte[Counts[call] * WordSize];
        if (!Memory.TryRead(address, bytes))
            return -Errno.EFAULT;
        ulong Word(int index) => BitConverter.ToUInt32(bytes, index * WordSize);
        int Int(int index) => BitConverter.ToInt32(bytes, index * WordSize);
        return call switch
        {
            1 => _sockets.Create(Int(0), Int(1), Int(2)),
            2 => _sockets.Bind(Int(0), Word(1), Int(2)),
            3 => _sockets.Connect(Int(0), Word(1), Int(2)),
            4 => _sockets.Listen(Int(0), Int(1)),
            5 => _sockets.Accept(Int(0), Word(1), Word(2), 0),
            6 => _sockets.OwnName(Int(0), Word(1), Word(2)),
            7 => _sockets.PeerName(Int(0), Word(1), Word(2)),
            8 => _sockets.CreatePair(Int(0), Int(1), Int(2), Word(3)),
            9 => _messages.Send(Int(0), Word(1), Word(2), Int(3), 0, 0),
            10 => _messages.Receive(Int(0), Word(1), Word(2), Int(3), 0, 0),
            11 => _messages.Send(Int(0), Word(1), Word(2), Int(3), Word(4), Int(5)),
            12 => _messages.Receive(Int(0), Word(1), Word(2), Int(3), Word(4), Word(5)),
            13 => _sockets.Shutdown(Int(0), Int(1)),
            14 => _options.Set(Int(0), Int(1), Int(2), Word(3), Int(4), compat),
            15 => _options.Get(Int(0), Int(1), Int(2), Word(3), Word(4), compat),
            16 => _messages.SendMessage(Int(0), Word(1), Int(2), compat),
            17 => _messages.ReceiveMessage(Int(0), Word(1), Int(2), compat),
            18 => _sockets.Accept(Int(0), Word(1), Word(2), Int(3)),
            19 => _messages.ReceiveMessages(Int(0), Word(1), (uint)Word(2), Int(3), new TimeOut(Word(4), TimeOut.Narrow), compat),
            _ => _messages.SendMessages(Int(0), Word(1), (uint)Word(2), Int(3), compat),
        };
    }
}
