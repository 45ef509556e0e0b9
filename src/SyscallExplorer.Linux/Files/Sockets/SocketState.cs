using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Types of sockets. include/linux/net.h.</summary>
internal enum SocketType
{
    Stream = 1,
    Datagram = 2,
    SequencedPacket = 5,
}

/// <summary>How far a socket is.</summary>
internal enum SocketStage
{
    /// <summary>It has no partner.</summary>
    Closed,

    /// <summary>It takes connections.</summary>
    Listening,

    /// <summary>It has, or had, a partner.</summary>
    Connected,
}

/// <summary>Who is at the other end: <c>struct ucred</c>.</summary>
internal sealed record SocketCredentials(int Pid, int Uid, int Gid)
{
    public const int Size = 12;

    private const int OverflowId = 65534;

    /// <summary>What a receiver is told of a message that was sent before anybody asked for its sender.</summary>
    public static SocketCredentials Unknown { get; } = new(0, OverflowId, OverflowId);

    /// <summary>What a socket that has no partner has.</summary>
    public static SocketCredentials Nobody { get; } = new(0, -1, -1);

    /// <summary>Those of a process.</summary>
    public static SocketCredentials Of(ProcessState process) => new(process.Id, TaskIdentity.Uid, TaskIdentity.Gid);

    public byte[] Bytes => new CStructure(compat: true).Int32(Pid).Int32(Uid).Int32(Gid).Bytes.ToArray();
}

/// <summary>Bytes on their way, with what was sent with them.</summary>
/// <param name="Bytes">What is still to be read.</param>
/// <param name="Sender">The socket that they came from, whose buffer they take room in.</param>
/// <param name="Charge">How much room.</param>
internal sealed record SocketMessage(ReadOnlyMemory<byte> Bytes, int Sender, int Charge)
{
    public UnixAddress? From { get; init; }

    /// <summary>Who sent them; null where nobody wanted to know.</summary>
    public SocketCredentials? Credentials { get; init; }

    /// <summary>Open files that the receiver gets descriptors for: SCM_RIGHTS. Each is kept as a descriptor would.</summary>
    public ImmutableArray<int> Rights { get; init; } = [];
}

/// <summary>A Unix-domain socket. man 7 unix.</summary>
/// <param name="Number">Its number among the kernel's objects.</param>
/// <param name="Type">How it carries bytes.</param>
internal sealed record SocketState(int Number, SocketType Type)
{
    /// <summary>/proc/sys/net/core/wmem_default, which is wmem_max too.</summary>
    public const int DefaultBuffer = 212_992;

    /// <summary>/proc/sys/net/unix/max_dgram_qlen.</summary>
    private const int DatagramBacklog = 10;

    public SocketStage Stage { get; init; }

    public UnixAddress? Name { get; init; }

    /// <summary>The file by which it is found; null where it has none.</summary>
    public VfsNode? Node { get; init; }

    /// <summary>The socket at the other end, which may be gone; 0 for none.</summary>
    public int Peer { get; init; }

    /// <summary>The name that the other end had when it went.</summary>
    public UnixAddress? PeerName { get; init; }

    /// <summary>SO_PEERCRED.</summary>
    public SocketCredentials PeerCredentials { get; init; } = SocketCredentials.Nobody;

    /// <summary>Whether a descriptor leads to it; one that waits to be accepted has none.</summary>
    public bool IsAccepted { get; init; } = true;

    /// <summary>How many connections or datagrams may wait before others have to.</summary>
    public long Backlog { get; init; } = DatagramBacklog;

    /// <summary>Connections that wait to be accepted.</summary>
    public ImmutableList<int> Pending { get; init; } = [];

    /// <summary>What has arrived.</summary>
    public ImmutableList<SocketMessage> Queue { get; init; } = [];

    /// <summary>Room that its messages take that nobody has read.</summary>
    public long Charged { get; init; }

    public bool ReceiveShut { get; init; }

    public bool SendShut { get; init; }

    /// <summary>What SO_ERROR or the next call tells, or 0.</summary>
    public int Error { get; init; }

    public SocketOptions Options { get; init; } = SocketOptions.Initial;

    public bool IsStream => Type == SocketType.Stream;

    /// <summary>Whether it has to be connected before it carries anything.</summary>
    public bool IsConnectionBased => Type != SocketType.Datagram;

    public bool IsQueueFull => (Stage == SocketStage.Listening ? Pending.Count : Queue.Count) > Backlog;

    /// <summary>Whether poll calls it writable: a quarter of its buffer is in use at most.</summary>
    public bool IsWritable => Charged * 4 <= Options.SendBuffer;

    public long Length => Queue.Sum(message => (long)message.Bytes.Length);
}

/// <summary>What setsockopt sets.</summary>
/// <param name="SendBuffer">SO_SNDBUF.</param>
/// <param name="ReceiveBuffer">SO_RCVBUF, which a Unix-domain socket only tells of.</param>
/// <param name="SendTimeout">SO_SNDTIMEO in nanoseconds, or null for no limit.</param>
/// <param name="ReceiveTimeout">SO_RCVTIMEO in nanoseconds, or null for no limit.</param>
/// <param name="PassesCredentials">SO_PASSCRED.</param>
/// <param name="Others">Numbers that are kept and change nothing, by their option.</param>
internal sealed record SocketOptions(
    int SendBuffer, int ReceiveBuffer, long? SendTimeout, long? ReceiveTimeout, bool PassesCredentials, ImmutableDictionary<int, int> Others)
{
    public static SocketOptions Initial { get; } =
        new(SocketState.DefaultBuffer, SocketState.DefaultBuffer, null, null, false, ImmutableDictionary<int, int>.Empty);

    /// <summary>SO_RCVLOWAT: how many bytes of a stream a receiving call waits for.</summary>
    public int LowWater { get; init; } = 1;
}
