using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>Addresses, messages and options of sockets.</summary>
internal static class SocketArguments
{
    private const int UnixFamily = 1;
    private const int InternetFamily = 2;
    private const int Internet6Family = 10;
    private const int NetlinkFamily = 16;

    /// <summary>Which protocol of the family.</summary>
    public static ArgumentKind Protocol { get; } = In((text, slot) => text.Write(text.UInt(0) switch
    {
        InternetFamily or Internet6Family => SocketWords.InternetProtocols.Format(text.UInt(slot)),
        NetlinkFamily => SocketWords.NetlinkProtocols.Format(text.UInt(slot)),
        _ => $"{text[slot]}",
    }));

    /// <summary>An address; the next argument is its length.</summary>
    public static ArgumentKind Address { get; } = In((text, slot) => WriteAddress(text, text[slot], text.Int(slot + 1)));

    /// <summary>An address that the call fills in; the next argument points to the room for it, and then to its length.</summary>
    public static ArgumentKind OutAddress { get; } = AtExit((text, slot) =>
    {
        if (!text.Failed && text[slot] != 0 && Before(text, slot + 1) is { } room && text.ReadInt(text[slot + 1]) is { } length)
            WriteAddress(text, text[slot], Math.Min(length, room));
        else
            text.Address(text[slot]);
    });

    /// <summary>The length of an address, before and after.</summary>
    public static ArgumentKind OutLength { get; } = new(null, (text, slot) =>
    {
        if (text[slot - 1] == 0)
            text.Address(text[slot]);
        else
            WriteLength(text, slot);
    }, NoteLength);

    /// <summary>The length of an option, before and after.</summary>
    private static ArgumentKind OptionLength { get; } = new(null, WriteLength, NoteLength);

    private static void WriteLength(CallText text, int slot)
    {
        if (Before(text, slot) is not { } before)
            text.Address(text[slot]);
        else if (!text.Failed && text.ReadInt(text[slot]) is { } after && after != before)
            text.Write($"[{before} => {after}]");
        else
            text.Write($"[{before}]");
    }

    private static string? NoteLength(CallText text, int slot) => text.ReadInt(text[slot]) is { } length ? Text(length) : null;

    /// <summary>A message to send.</summary>
    public static ArgumentKind Message { get; } = In((text, slot) => WriteMessage(text, text[slot], ulong.MaxValue, null));

    /// <summary>A message that is received.</summary>
    public static ArgumentKind OutMessage { get; } = new(null, (text, slot) =>
    {
        WriteMessage(text, text[slot], text.Failed ? null : Results.Word(text), Before(text, slot), hasFailed: text.Failed);
    }, (text, slot) => text.ReadInt(text[slot] + (ulong)text.WordSize) is { } length ? Text(length) : null);

    /// <summary>Messages to send; the next argument is their number. Those that were sent tell how much of them was.</summary>
    public static ArgumentKind Messages { get; } =
        AtExit((text, slot) => WriteMessages(text, slot, text.UInt(slot + 1), told: text.Failed ? 0 : Results.Word(text), whole: true));

    /// <summary>Messages that are received, as many as the result says.</summary>
    public static ArgumentKind OutMessages { get; } = Out((text, slot) => WriteMessages(text, slot, Results.Word(text), Results.Word(text), whole: false));

    /// <summary>What is left of the time for messages.</summary>
    public static string? LeftNote(CallText text, bool wide)
    {
        const int time = 4;
        if (text.Failed)
            return null;
        string? left = text.Structure(text[time], TimeArguments.Size(text, wide)) is { } rest ? $"left {TimeArguments.Spec(rest, wide)}" : null;
        return text.Result == 0 ? left is null ? "Timeout" : $"Timeout, {left}" : left;
    }

    /// <summary>Arguments of <c>setsockopt</c> or <c>getsockopt</c>.</summary>
    public static ImmutableArray<ArgumentKind> Options(CallText text, bool output)
    {
        ArgumentKind option = SocketWords.Options(text.UInt(1)) is { } names ? Scalars.Value(names) : Scalars.UInt;
        ArgumentKind value = output ? OutValue : InValue;
        return [Scalars.Int, Scalars.Value(SocketWords.Levels), option, value, output ? OptionLength : Scalars.Int];
    }

    private static ArgumentKind InValue { get; } = In((text, slot) => WriteOption(text, text[slot], text.Int(slot + 1)));

    private static ArgumentKind OutValue { get; } = Out((text, slot) =>
    {
        if (text.ReadInt(text[slot + 1]) is > 0 and var length)
            WriteOption(text, text[slot], length);
        else
            text.Address(text[slot]);
    });

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The int that was put aside at entry.</summary>
    private static int? Before(CallText text, int slot) => text.Noted.TryGetValue(slot, out string? noted) ? int.Parse(noted, CultureInfo.InvariantCulture) : null;

    private static void WriteOption(CallText text, ulong address, int length)
    {
        const int socket = 1, error = 4, linger = 13, credentials = 17;
        int option = text.Int(1) == socket ? text.Int(2) : 0;
        if (option == linger && length >= 8 && text.Structure(address, 8) is { } wait)
            text.Write($"{{l_onoff={wait.Int32()}, l_linger={wait.Int32()}}}");
        else if (option == credentials && length >= 12 && text.Structure(address, 12) is { } peer)
            text.Write(Credentials(peer));
        else if (length == sizeof(int) && text.ReadInt(address) is { } value)
            text.Write($"[{(option == error && ErrorNames.Name(value) is { } name ? name : $"{value}")}]");
        else
            Texts.Buffer(text, address, (uint)length);
    }

    internal static string Credentials(StructureReader peer) => $"{{pid={peer.Int32()}, uid={peer.UInt32()}, gid={peer.UInt32()}}}";

    private static void WriteAddress(CallText text, ulong address, int length)
    {
        const int most = 128, family = 2;
        if (length < family || text.Read(address, Math.Min(length, most)) is not { } bytes)
        {
            text.Address(address);
            return;
        }

        int kind = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        ReadOnlySpan<byte> rest = bytes.AsSpan(family);
        text.Write($"{{sa_family={SocketWords.Families.Format((ulong)kind)}{Members(kind, rest)}}}");
    }

    private static string Members(int family, ReadOnlySpan<byte> rest)
    {
        const int internet = 14, internet6 = 22, internet6Scoped = 26, netlink = 10;
        switch (family)
        {
            case UnixFamily:
                return UnixName(rest);
            case InternetFamily when rest.Length >= internet:
                return $", sin_port=htons({BinaryPrimitives.ReadUInt16BigEndian(rest)}), sin_addr=inet_addr(\"{new IPAddress(rest.Slice(2, 4))}\")";
            case Internet6Family when rest.Length >= internet6:
                string scope = rest.Length >= internet6Scoped ? $", sin6_scope_id={BinaryPrimitives.ReadUInt32LittleEndian(rest[22..])}" : "";
                return $", sin6_port=htons({BinaryPrimitives.ReadUInt16BigEndian(rest)}), sin6_flowinfo=htonl({BinaryPrimitives.ReadUInt32BigEndian(rest[2..])})"
                    + $", inet_pton(AF_INET6, \"{new IPAddress(rest.Slice(6, 16))}\", &sin6_addr){scope}";
            case NetlinkFamily when rest.Length >= netlink:
                return $", nl_pid={BinaryPrimitives.ReadInt32LittleEndian(rest[2..])}, nl_groups={Groups(BinaryPrimitives.ReadUInt32LittleEndian(rest[6..]))}";
            default:
                return rest.Length > 0 ? $", sa_data={Texts.Quote(rest)}" : "";
        }
    }

    private static string Groups(uint mask) => mask == 0 ? "00000000" : "0x" + mask.ToString("x6", CultureInfo.InvariantCulture);

    private static string UnixName(ReadOnlySpan<byte> name)
    {
        const int most = 108;
        if (name.Length == 0)
            return "";
        name = name[..Math.Min(name.Length, most)];
        if (name[0] == 0)
            return $", sun_path=@{Texts.Quote(name[1..])}";
        int end = name.IndexOf((byte)0);
        return $", sun_path={Texts.Quote(end < 0 ? name : name[..end])}";
    }

    private static void WriteMessages(CallText text, int slot, ulong count, ulong told, bool whole)
    {
        int header = 7 * text.WordSize, size = 8 * text.WordSize;
        ulong place = text[slot], index = 0;
        text.Array(place, count, size, _ =>
        {
            int? length = index < told ? text.ReadInt(place + (ulong)header) : null;
            WriteMessage(text.Write("{msg_hdr="), place, whole ? ulong.MaxValue : (uint)(length ?? 0), null);
            text.Write(length is null ? "}" : $", msg_len={(uint)length.Value}}}");
            place += (ulong)size;
            index++;
        });
    }

    private static void WriteMessage(CallText text, ulong address, ulong? filled, int? room, bool hasFailed = false)
    {
        if (text.Structure(address, 7 * text.WordSize) is not { } message)
        {
            text.Address(address);
            return;
        }

        ulong name = message.Word();
        if (hasFailed)
        {
            text.Write($"{{msg_namelen={message.Int32()}}}");
            return;
        }

        int nameLength = message.Int32();
        message.At(2 * text.WordSize);
        ulong vector = message.Word(), count = message.Word(), control = message.Word(), controlLength = message.Word();
        text.Write("{msg_name=");
        WriteAddress(text, name, filled is null && room is not null ? -1 : nameLength);
        text.Write(room is { } before && before != nameLength ? $", msg_namelen={before} => {nameLength}" : $", msg_namelen={nameLength}");
        text.Write(", msg_iov=");
        VectorArguments.Vector(text, vector, count, filled);
        text.Write($", msg_iovlen={count}");
        if (controlLength > 0)
            ControlMessages.Write(text.Write(", msg_control="), control, controlLength);
        text.Write($", msg_controllen={controlLength}, msg_flags={SocketWords.Messages.Format(message.UInt32())}}}");
    }
}
