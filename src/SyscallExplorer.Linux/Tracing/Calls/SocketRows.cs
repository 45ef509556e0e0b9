using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;

namespace SyscallExplorer.Linux;

/// <summary>Calls on sockets.</summary>
internal static class SocketRows
{
    private static readonly ArgumentKind s_family = Value(SocketWords.Families);
    private static readonly ArgumentKind s_type = Formula(SocketWords.Type);
    private static readonly ArgumentKind s_flags = Flags(SocketWords.Messages);

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("socket", s_family, s_type, SocketArguments.Protocol),
        new("socketpair", s_family, s_type, Size, VectorArguments.Pair),
        new("bind", Int, SocketArguments.Address, Int),
        new("connect", Int, SocketArguments.Address, Int),
        new("listen", Int, Int),
        new("accept", Int, SocketArguments.OutAddress, SocketArguments.OutLength),
        new("accept4", Int, SocketArguments.OutAddress, SocketArguments.OutLength, Flags(SocketWords.TypeFlags)),
        new("getsockname", Int, SocketArguments.OutAddress, SocketArguments.OutLength),
        new("getpeername", Int, SocketArguments.OutAddress, SocketArguments.OutLength),
        new("sendto", Int, Texts.Input(2), Size, s_flags, SocketArguments.Address, Int),
        new("recvfrom", Int, Texts.Output, Size, s_flags, SocketArguments.OutAddress, SocketArguments.OutLength),
        new("send", Int, Texts.Input(2), Size, s_flags),
        new("recv", Int, Texts.Output, Size, s_flags),
        new("sendmsg", Int, SocketArguments.Message, s_flags),
        new("recvmsg", Int, SocketArguments.OutMessage, s_flags),
        new("sendmmsg", Int, SocketArguments.Messages, UInt, s_flags),
        ReceivedUntil("recvmmsg", wide: false),
        new("shutdown", Int, Value(SocketWords.Shutdown)),
        new("setsockopt") { Choose = text => SocketArguments.Options(text, output: false) },
        new("getsockopt") { Choose = text => SocketArguments.Options(text, output: true) },
    ];

    /// <summary><c>recvmmsg</c> with a time of a layout.</summary>
    public static CallRow ReceivedUntil(string name, bool wide) =>
        new(name, Int, SocketArguments.OutMessages, UInt, s_flags, TimeArguments.Early(TimeArguments.Timespec(wide)))
        {
            Result = Results.Noted(Results.Decimal, text => SocketArguments.LeftNote(text, wide)),
        };
}
