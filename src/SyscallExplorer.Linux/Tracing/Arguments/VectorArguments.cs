using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>Vectors of buffers, and numbers that are passed by their address.</summary>
internal static class VectorArguments
{
    /// <summary>Buffers that the call reads; the next argument is their number.</summary>
    public static ArgumentKind Input { get; } = In((text, slot) => Vector(text, text[slot], text[slot + 1], ulong.MaxValue));

    /// <summary>Buffers that the call fills, as far as its result says.</summary>
    public static ArgumentKind Output { get; } = AtExit((text, slot) => Vector(text, text[slot], text[slot + 1], text.Failed ? null : Results.Word(text)));

    /// <summary>Buffers of which only places and sizes are told.</summary>
    public static ArgumentKind Places { get; } = In((text, slot) => Vector(text, text[slot], text[slot + 1], null));

    /// <summary>The same, behind an argument that waits for the exit.</summary>
    public static ArgumentKind RemotePlaces { get; } = AtExit((text, slot) => Vector(text, text[slot], text[slot + 1], null));

    /// <summary>Two descriptors.</summary>
    public static ArgumentKind Pair { get; } = OutStructure(_ => 8, (text, pair) => text.Write($"[{pair.Int32()}, {pair.Int32()}]"));

    /// <summary>An int that the call fills in.</summary>
    public static ArgumentKind OutInt { get; } = OutStructure(_ => 4, (text, value) => text.Write($"[{value.Int32()}]"));

    /// <summary>An unsigned int that the call fills in.</summary>
    public static ArgumentKind OutUInt { get; } = OutStructure(_ => 4, (text, value) => text.Write($"[{value.UInt32()}]"));

    /// <summary>A user or a group that the call fills in.</summary>
    public static ArgumentKind OutUser { get; } = OutStructure(_ => 4, (text, value) => text.Write("[").User(value.UInt32()).Write("]"));

    /// <summary>A user or a group of 16 bits that the call fills in.</summary>
    public static ArgumentKind OutShort { get; } = OutStructure(_ => 2, (text, value) => text.Write("[").ShortUser(value.UInt16()).Write("]"));

    /// <summary>A word that the call fills in, in hexadecimal.</summary>
    public static ArgumentKind OutAddress { get; } =
        OutStructure(text => text.WordSize, (text, value) => text.Write("[").Hexadecimal(value.Word()).Write("]"));

    /// <summary>An int that the call reads.</summary>
    public static ArgumentKind InInt { get; } = InStructure(_ => 4, (text, value) => text.Write($"[{value.Int32()}]"));

    /// <summary>An offset that the call reads, and writes back as it is afterwards.</summary>
    public static ArgumentKind Offset { get; } = OffsetOf(text => text.WordSize);

    /// <summary>An offset of 64 bits that the call reads and writes back.</summary>
    public static ArgumentKind WideOffset { get; } = OffsetOf(_ => 8);

    /// <summary>An offset of 64 bits that the call reads.</summary>
    public static ArgumentKind InWideOffset { get; } = InStructure(_ => 8, (text, value) => text.Write($"[{value.Int64()}]"));

    /// <summary>An offset that is told at entry, and again at exit where the call has changed it.</summary>
    private static ArgumentKind OffsetOf(Func<CallText, int> size) => new(
        (text, slot) =>
        {
            if (text.Structure(text[slot], size(text)) is { } value)
                text.Write($"[{Unsigned(text, value, size)}]");
            else
                text.Address(text[slot]);
        },
        (text, slot) =>
        {
            if (!text.Failed && Results.Word(text) != 0 && text.Structure(text[slot], size(text)) is { } value)
                text.Write($" => [{Unsigned(text, value, size)}]");
        });

    private static ulong Unsigned(CallText text, StructureReader value, Func<CallText, int> size) => size(text) == 8 ? value.UInt64() : value.UInt32();

    /// <summary>Writes a vector, and of its buffers so many bytes, or none when that is null.</summary>
    public static void Vector(CallText text, ulong address, ulong count, ulong? filled)
    {
        ulong? left = filled;
        text.Array(address, count, 2 * text.WordSize, item =>
        {
            ulong place = item.Word(), length = item.Word();
            text.Write("{iov_base=");
            if (left is { } bytes)
            {
                ulong part = Math.Min(bytes, length);
                Texts.Buffer(text, place, part);
                left = bytes == ulong.MaxValue ? bytes : bytes - part;
            }
            else
            {
                text.Address(place);
            }

            text.Write($", iov_len={length}}}");
        });
    }
}
