using System.Buffers.Binary;
using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Numbers of SOL_SOCKET's options. include/uapi/asm-generic/socket.h.</summary>
internal static class SocketOptionNumbers
{
    public const int Type = 3;
    public const int Error = 4;
    public const int SendBuffer = 7;
    public const int ReceiveBuffer = 8;
    public const int Linger = 13;
    public const int PassCredentials = 16;
    public const int PeerCredentials = 17;
    public const int ReceiveLowWater = 18;
    public const int ReceiveTimeoutOld = 20;
    public const int SendTimeoutOld = 21;
    public const int Accepts = 30;
    public const int Protocol = 38;
    public const int Domain = 39;
    public const int PeekOffset = 42;
    public const int ReceiveTimeout = 66;
    public const int SendTimeout = 67;

    /// <summary>Those that hold a number with no meaning for Unix-domain sockets, 0 at first: DEBUG, REUSEADDR, DONTROUTE, BROADCAST and so on.</summary>
    public static readonly ImmutableHashSet<int> Kept = [1, 2, 5, 6, 9, 10, 11, 12, 15, 29, 34, 35];

    /// <summary>Those of them that are switches.</summary>
    public static bool IsSwitch(int option) => option is not 12;
}

/// <summary>getsockopt and setsockopt. man 7 socket, man 7 unix.</summary>
internal sealed class SocketOptionCalls(LinuxMachine machine) : SocketCallFamily(machine)
{
    private const int SocketLevel = 1;
    private const int SmallestSendBuffer = 4608;
    private const int SmallestReceiveBuffer = 2304;
    private const long MicrosecondsPerSecond = 1_000_000;
    private const long NanosecondsPerMicrosecond = 1_000;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("getsockopt", a => Get(a.Int(0), a.Int(1), a.Int(2), a[3], a[4], a.IsCompat)),
        ("setsockopt", a => Set(a.Int(0), a.Int(1), a.Int(2), a[3], a.Int(4), a.IsCompat)),
    ];

    public long Get(int descriptor, int level, int option, ulong address, ulong length, bool compat)
    {
        if (Find(descriptor, out _, out SocketState? socket) is var error && socket is null)
            return error;
        if (level != SocketLevel)
            return -Errno.EOPNOTSUPP;
        Span<byte> word = stackalloc byte[4];
        if (!Memory.TryRead(length, word))
            return -Errno.EFAULT;
        int room = BinaryPrimitives.ReadInt32LittleEndian(word);
        if (room < 0)
            return -Errno.EINVAL;
        if (ValueOf(socket, option, compat) is not { } value)
            return -Errno.ENOPROTOOPT;
        if (option == SocketOptionNumbers.Error)
            Machine.Sockets.TakeError(socket.Number);
        int told = Math.Min(room, value.Length);
        return Memory.TryWrite(address, value.AsSpan(0, told)) ? Give(length, BitConverter.GetBytes(told)) : -Errno.EFAULT;
    }

    public long Set(int descriptor, int level, int option, ulong address, int length, bool compat)
    {
        if (length < 0)
            return -Errno.EINVAL;
        if (Find(descriptor, out _, out SocketState? socket) is var error && socket is null)
            return error;
        if (level != SocketLevel)
            return -Errno.EOPNOTSUPP;
        if (length < sizeof(int))
            return -Errno.EINVAL;
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        if (!Memory.TryRead(address, bytes[..Math.Min(length, bytes.Length)]))
            return -Errno.EFAULT;
        int value = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        SocketOptions options = socket.Options;
        switch (option)
        {
            case SocketOptionNumbers.Type or SocketOptionNumbers.Error or SocketOptionNumbers.Protocol or SocketOptionNumbers.Domain:
                return -Errno.ENOPROTOOPT;
            case SocketOptionNumbers.SendBuffer:
                options = options with { SendBuffer = BufferOf(value, SmallestSendBuffer) };
                break;
            case SocketOptionNumbers.ReceiveBuffer:
                options = options with { ReceiveBuffer = BufferOf(value, SmallestReceiveBuffer) };
                break;
            case SocketOptionNumbers.PassCredentials:
                options = options with { PassesCredentials = value != 0 };
                break;
            case SocketOptionNumbers.ReceiveLowWater:
                options = options with { LowWater = value < 0 ? int.MaxValue : Math.Max(value, 1) };
                break;
            case SocketOptionNumbers.PeekOffset when value >= 0:
                Machine.CountMissing("setsockopt(SO_PEEK_OFF)");
                return -Errno.EOPNOTSUPP;
            case SocketOptionNumbers.PeekOffset:
                return 0;
            case SocketOptionNumbers.Linger:
                return length < 2 * sizeof(int) ? -Errno.EINVAL : 0;
            case SocketOptionNumbers.ReceiveTimeoutOld or SocketOptionNumbers.SendTimeoutOld or SocketOptionNumbers.ReceiveTimeout or SocketOptionNumbers.SendTimeout:
                bool isNarrow = compat && option is SocketOptionNumbers.ReceiveTimeoutOld or SocketOptionNumbers.SendTimeoutOld && compat;
                error = TimeoutOf(bytes, length, isNarrow, out long? timeout);
                if (error != 0)
                    return error;
                options = option is SocketOptionNumbers.SendTimeout or SocketOptionNumbers.SendTimeoutOld
                    ? options with { SendTimeout = timeout }
                    : options with { ReceiveTimeout = timeout };
                break;
            default:
                if (!SocketOptionNumbers.Kept.Contains(option))
                    return -Errno.ENOPROTOOPT;
                options = options with { Others = options.Others.SetItem(option, SocketOptionNumbers.IsSwitch(option) ? value != 0 ? 1 : 0 : value) };
                break;
        }

        Machine.Sockets.Set(socket with { Options = options });
        Tasks.Wake(ReadinessKeys.Output(socket.Number));
        return 0;
    }

    private static byte[]? ValueOf(SocketState socket, int option, bool compat) => option switch
    {
        SocketOptionNumbers.Type => Number((int)socket.Type),
        SocketOptionNumbers.Error => Number(socket.Error),
        SocketOptionNumbers.SendBuffer => Number(socket.Options.SendBuffer),
        SocketOptionNumbers.ReceiveBuffer => Number(socket.Options.ReceiveBuffer),
        SocketOptionNumbers.PassCredentials => Number(socket.Options.PassesCredentials ? 1 : 0),
        SocketOptionNumbers.PeerCredentials => socket.PeerCredentials.Bytes,
        SocketOptionNumbers.ReceiveLowWater => Number(socket.Options.LowWater),
        SocketOptionNumbers.PeekOffset => Number(-1),
        SocketOptionNumbers.Accepts => Number(socket.Stage == SocketStage.Listening ? 1 : 0),
        SocketOptionNumbers.Protocol => Number(0),
        SocketOptionNumbers.Domain => Number(UnixAddress.Family),
        SocketOptionNumbers.Linger => new byte[2 * sizeof(int)],
        SocketOptionNumbers.ReceiveTimeoutOld => Time(socket.Options.ReceiveTimeout, compat),
        SocketOptionNumbers.SendTimeoutOld => Time(socket.Options.SendTimeout, compat),
        SocketOptionNumbers.ReceiveTimeout => Time(socket.Options.ReceiveTimeout, isNarrow: false),
        SocketOptionNumbers.SendTimeout => Time(socket.Options.SendTimeout, isNarrow: false),
        _ => SocketOptionNumbers.Kept.Contains(option) ? Number(socket.Options.Others.GetValueOrDefault(option)) : null,
    };

    private static byte[] Number(int value) => BitConverter.GetBytes(value);

    private static byte[] Time(long? nanoseconds, bool isNarrow)
    {
        long time = nanoseconds ?? 0, seconds = time / EmulatedTime.NanosecondsPerSecond;
        long rest = time % EmulatedTime.NanosecondsPerSecond / NanosecondsPerMicrosecond;
        return new CStructure(isNarrow).Word(seconds).Word(rest).Bytes.ToArray();
    }

    /// <summary>A buffer is twice what is asked for, for the kernel's structures, and asking has an upper end.</summary>
    private static int BufferOf(int value, int smallest) => Math.Max((int)Math.Min((uint)value, SocketState.DefaultBuffer) * 2, smallest);

    private static long TimeoutOf(ReadOnlySpan<byte> bytes, int length, bool isNarrow, out long? timeout)
    {
        timeout = null;
        int word = isNarrow ? 4 : 8;
        if (length < 2 * word)
            return -Errno.EINVAL;
        long seconds = isNarrow ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : BinaryPrimitives.ReadInt64LittleEndian(bytes);
        long rest = isNarrow ? BinaryPrimitives.ReadInt32LittleEndian(bytes[word..]) : BinaryPrimitives.ReadInt64LittleEndian(bytes[word..]);
        if (rest is < 0 or >= MicrosecondsPerSecond)
            return -Errno.EDOM;
        timeout = seconds < 0 ? 0
            : seconds == 0 && rest == 0 ? null
            : seconds >= long.MaxValue / EmulatedTime.NanosecondsPerSecond - 1 ? null
            : seconds * EmulatedTime.NanosecondsPerSecond + rest * NanosecondsPerMicrosecond;
        return 0;
    }
}
