using System.Buffers.Binary;
using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>The calls that 32-bit programs make through <c>socketcall</c>, with their arguments in memory. man 2 socketcall.</summary>
internal static class SocketCalls
{
    private const int ArgumentCount = 6;
    private const int WordSize = 4;

    private static readonly (string Name, int Arguments)[] s_calls =
    [
        ("socket", 3), ("bind", 3), ("connect", 3), ("listen", 2), ("accept", 3), ("getsockname", 3), ("getpeername", 3), ("socketpair", 4), ("send", 4), ("recv", 4),
        ("sendto", 6), ("recvfrom", 6), ("shutdown", 2), ("setsockopt", 5), ("getsockopt", 5), ("sendmsg", 3), ("recvmsg", 3), ("accept4", 4), ("recvmmsg", 5),
        ("sendmmsg", 4),
    ];

    /// <summary>The call that is meant, or the call itself where it is another one or its arguments cannot be read.</summary>
    public static SyscallInvocation Unfold(SyscallInvocation call, ISyscallMemory memory)
    {
        int which = (int)call.Arguments[0] - 1;
        if (!call.IsCompat || call.Name != "socketcall" || which < 0 || which >= s_calls.Length)
            return call;
        (string name, int count) = s_calls[which];
        Span<byte> bytes = stackalloc byte[ArgumentCount * WordSize];
        bytes.Clear();
        if (!memory.TryRead(call.Arguments[1], bytes[..(count * WordSize)]))
            return call;
        var arguments = ImmutableArray.CreateBuilder<ulong>(ArgumentCount);
        for (int index = 0; index < ArgumentCount; index++)
            arguments.Add(BinaryPrimitives.ReadUInt32LittleEndian(bytes[(index * WordSize)..]));
        return call with { Name = name, Arguments = arguments.MoveToImmutable() };
    }
}
