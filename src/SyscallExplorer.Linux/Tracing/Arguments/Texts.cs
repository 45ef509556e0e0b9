using System.Globalization;
using System.Text;
using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>Strings and buffers.</summary>
internal static class Texts
{
    private const int PathLimit = 4095;
    private const int PageSize = 4096;

    /// <summary>A path, whole.</summary>
    public static ArgumentKind PathName { get; } = In((text, slot) => String(text, text[slot], PathLimit));

    /// <summary>A string, up to the limit.</summary>
    public static ArgumentKind Name { get; } = In((text, slot) => String(text, text[slot], text.StringLimit));

    /// <summary>A buffer that the call reads, as long as another argument says.</summary>
    public static ArgumentKind Input(int lengthSlot) => In((text, slot) => Buffer(text, text[slot], text[lengthSlot]));

    /// <summary>The value of an extended attribute, which is shown without the zero byte that ends it.</summary>
    public static ArgumentKind Attribute(int lengthSlot) => In((text, slot) =>
    {
        const ulong most = 65536;
        ulong length = text[lengthSlot];
        int shown = (int)Math.Min(length, (ulong)text.StringLimit);
        if (length <= most && text[slot] != 0 && text.Read(text[slot], shown) is { Length: > 0 } bytes && bytes[^1] == 0)
            text.Write(Quote(bytes.AsSpan(0, bytes.Length - 1)));
        else if (length <= most)
            Buffer(text, text[slot], length);
        else
            text.Address(text[slot]);
    });

    /// <summary>The value of an extended attribute, or names of attributes. A room of no bytes asks for the size alone.</summary>
    public static ArgumentKind OutAttribute { get; } = Out((text, slot) =>
    {
        if (text[slot + 1] == 0)
            text.Address(text[slot]);
        else
            Buffer(text, text[slot], Results.Word(text));
    });

    /// <summary>A buffer that the call fills, as far as its result says.</summary>
    public static ArgumentKind Output { get; } = Out((text, slot) => Buffer(text, text[slot], Results.Word(text)));

    /// <summary>A buffer that the call fills, of which no part is text.</summary>
    public static ArgumentKind Bytes { get; } = Out((text, slot) => Buffer(text, text[slot], Results.Word(text), bytes => Quote(bytes, inHexadecimal: true)));

    /// <summary>A string that the call fills in.</summary>
    public static ArgumentKind OutputPath { get; } = Out((text, slot) => String(text, text[slot], PathLimit));

    /// <summary>A string that the call fills in, up to the limit.</summary>
    public static ArgumentKind OutputName { get; } = Out((text, slot) => String(text, text[slot], text.StringLimit));

    /// <summary>Writes a string that ends with a zero byte.</summary>
    public static void String(CallText text, ulong address, int limit)
    {
        if (address == 0 || ReadString(text, address, limit + 1) is not { } bytes)
        {
            text.Address(address);
            return;
        }

        int end = System.Array.IndexOf(bytes, (byte)0);
        bool whole = end >= 0 && end <= limit;
        text.Write(Quote(bytes.AsSpan(0, whole ? end : Math.Min(bytes.Length, limit)))).Write(whole ? "" : "...");
    }

    /// <summary>Writes a buffer of a given length, or as much of it as the limit allows.</summary>
    public static void Buffer(CallText text, ulong address, ulong length, Func<byte[], string>? quote = null)
    {
        int shown = (int)Math.Min(length, (ulong)text.StringLimit);
        if (address == 0 || (shown > 0 && text.Read(address, shown) is null))
        {
            text.Address(address);
            return;
        }

        byte[] bytes = text.Read(address, shown) ?? [];
        text.Write(quote?.Invoke(bytes) ?? Quote(bytes)).Write(length > (ulong)shown ? "..." : "");
    }

    /// <summary>Between quotation marks, with the escapes of C.</summary>
    public static string Quote(ReadOnlySpan<byte> bytes, bool inHexadecimal = false)
    {
        var text = new StringBuilder("\"");
        for (int index = 0; index < bytes.Length; index++)
        {
            bool digitFollows = index + 1 < bytes.Length && bytes[index + 1] is >= (byte)'0' and <= (byte)'7';
            text.Append(inHexadecimal ? $"\\x{bytes[index]:x2}" : Escape(bytes[index], digitFollows));
        }

        return text.Append('"').ToString();
    }

    private static string Escape(byte value, bool digitFollows) => value switch
    {
        (byte)'"' => "\\\"",
        (byte)'\\' => "\\\\",
        (byte)'\n' => "\\n",
        (byte)'\t' => "\\t",
        (byte)'\r' => "\\r",
        (byte)'\f' => "\\f",
        (byte)'\v' => "\\v",
        >= (byte)' ' and <= (byte)'~' => ((char)value).ToString(CultureInfo.InvariantCulture),
        // An octal escape takes up to three digits, so that a digit behind a shorter one would be read as part of it.
        _ => "\\" + Convert.ToString(value, 8).PadLeft(digitFollows ? 3 : 1, '0'),
    };

    /// <summary>Reads up to a zero byte or a number of bytes, page by page, since the next page may not be there.</summary>
    private static byte[]? ReadString(CallText text, ulong address, int most)
    {
        var bytes = new List<byte>();
        while (bytes.Count < most)
        {
            ulong place = address + (ulong)bytes.Count;
            int length = (int)Math.Min(PageSize - place % PageSize, (ulong)(most - bytes.Count));
            if (text.Read(place, length) is not { } part)
                return null;
            bytes.AddRange(part);
            if (part.Contains((byte)0))
                break;
        }

        return [.. bytes];
    }
}
