using System.Globalization;
using System.Text;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>
/// One instruction with everything that it starts from, as a line of text: the width of the code, its bytes and address, and of registers, the
/// XSAVE image and the data what is not zero.
/// </summary>
public sealed class SiliconCase
{
    private const string AddressName = "at";
    private static readonly byte[] InitialImage = ImageGenerator.Initial();

    internal int Bitness { get; set; }

    internal byte[] Code { get; set; } = [];

    internal uint Address { get; set; } = (uint)WorkerLayout.Code + WorkerLayout.LandingSize;

    internal ulong[] Registers { get; } = new ulong[16];

    internal ulong Flags { get; set; } = Rflags.IF | Rflags.Fixed;

    /// <summary>DS and ES.</summary>
    internal ushort DataSelector { get; set; } = UserSegments.Data;

    internal ulong FsBase { get; set; }

    internal ulong GsBase { get; set; }

    internal byte[] Image { get; } = [.. InitialImage];

    internal byte[] Data { get; } = new byte[WorkerLayout.DataSize];

    /// <summary>A case that shares nothing with this one.</summary>
    internal SiliconCase Clone() => Parse(ToString());

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">The text is no case; the message says which word is wrong.</exception>
    public static SiliconCase Parse(string text)
    {
        var result = new SiliconCase();
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || words[0] is not ("64" or "32" or "16"))
            throw new FormatException($"'{text}' is no case: it begins with 64, 32 or 16, and the bytes of the instruction follow.");
        result.Bitness = int.Parse(words[0], CultureInfo.InvariantCulture);
        result.Code = Convert.FromHexString(words[1]);
        foreach (string word in words[2..])
        {
            if (word.Split('=') is not [var name, var value])
                throw new FormatException($"'{word}' is no part of a case: a part is a name, '=' and a hexadecimal value.");
            if (name.StartsWith("image+", StringComparison.Ordinal))
                Convert.FromHexString(value).CopyTo(result.Image, int.Parse(name[6..], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            else if (name.StartsWith("data+", StringComparison.Ordinal))
                Convert.FromHexString(value).CopyTo(result.Data, int.Parse(name[5..], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            else
                result.Set(name, ulong.Parse(value, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }

        return result;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder($"{Bitness} {Convert.ToHexStringLower(Code)}");
        if (Address != (uint)WorkerLayout.Code + WorkerLayout.LandingSize)
            text.Append(CultureInfo.InvariantCulture, $" {AddressName}={Address:x}");
        for (int i = 0; i < 16; i++)
        {
            if (Registers[i] != 0)
                text.Append(CultureInfo.InvariantCulture, $" {((Gpr)i).ToString().ToLowerInvariant()}={Registers[i]:x}");
        }

        text.Append(CultureInfo.InvariantCulture, $" flags={Flags:x}");
        if (DataSelector != UserSegments.Data)
            text.Append(CultureInfo.InvariantCulture, $" ds={DataSelector:x}");
        if (FsBase != 0)
            text.Append(CultureInfo.InvariantCulture, $" fs={FsBase:x}");
        if (GsBase != 0)
            text.Append(CultureInfo.InvariantCulture, $" gs={GsBase:x}");
        AppendRuns(text, "image", Image, InitialImage);
        AppendRuns(text, "data", Data, new byte[Data.Length]);
        return text.ToString();
    }

    private static void AppendRuns(StringBuilder text, string name, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> plain)
    {
        for (int at = bytes.CommonPrefixLength(plain); at < bytes.Length; at += bytes[at..].CommonPrefixLength(plain[at..]))
        {
            int end = at + 1;
            while (end < bytes.Length && (bytes[end] != plain[end] || (end + 1 < bytes.Length && bytes[end + 1] != plain[end + 1])))
                end++;
            text.Append(CultureInfo.InvariantCulture, $" {name}+{at:x}={Convert.ToHexStringLower(bytes[at..end])}");
            at = end;
        }
    }

    private void Set(string name, ulong value)
    {
        switch (name)
        {
            case AddressName:
                Address = (uint)value;
                break;
            case "flags":
                Flags = value;
                break;
            case "ds":
                DataSelector = (ushort)value;
                break;
            case "fs":
                FsBase = value;
                break;
            case "gs":
                GsBase = value;
                break;
            default:
                if (!Enum.TryParse(name, ignoreCase: true, out Gpr register))
                    throw new FormatException($"'{name}' is no part of a case: there are registers, {AddressName}, flags, ds, fs, gs, image+offset and data+offset.");
                Registers[(int)register] = value;
                break;
        }
    }
}
