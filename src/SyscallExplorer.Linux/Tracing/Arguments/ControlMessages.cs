using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>What goes along with a message: descriptors and credentials. man 3 cmsg.</summary>
internal static class ControlMessages
{
    private static readonly ValueNames s_types = ValueNames.From(1, "SCM_???", "SCM_RIGHTS", "SCM_CREDENTIALS", "SCM_SECURITY");

    public static void Write(CallText text, ulong address, ulong length)
    {
        const ulong most = 4096;
        if (text.Read(address, (int)Math.Min(length, most)) is not { } bytes)
        {
            text.Address(address);
            return;
        }

        int header = text.WordSize + 8, place = 0;
        text.Write("[");
        while (place + header <= bytes.Length)
        {
            ReadOnlySpan<byte> item = bytes.AsSpan(place);
            ulong size = text.IsCompat ? BinaryPrimitives.ReadUInt32LittleEndian(item) : BinaryPrimitives.ReadUInt64LittleEndian(item);
            int level = BinaryPrimitives.ReadInt32LittleEndian(item[text.WordSize..]), type = BinaryPrimitives.ReadInt32LittleEndian(item[(text.WordSize + 4)..]);
            text.Write(place > 0 ? ", " : "").Write($"{{cmsg_len={size}, cmsg_level={SocketWords.Levels.Find((uint)level) ?? $"0x{level:x} /* SOL_??? */"}, cmsg_type=");
            text.Write(level == 1 ? s_types.Format((uint)type) : $"0x{type:x}");
            int end = (int)Math.Clamp(size, (ulong)header, (ulong)item.Length);
            bool broken = size > (ulong)item.Length;
            if (end > header && !broken)
                text.Write($", cmsg_data={Data(text, level == 1 ? type : 0, item[header..end].ToArray())}");
            text.Write("}");
            int aligned = (end + text.WordSize - 1) / text.WordSize * text.WordSize;
            place += aligned;
            if (broken)
            {
                text.Write(", ...");
                break;
            }
        }

        text.Write("]");
    }

    private static string Data(CallText text, int type, byte[] data)
    {
        const int rights = 1, credentials = 2, credentialSize = 12;
        var reader = new StructureReader(data, text.IsCompat);
        return type switch
        {
            rights => $"[{string.Join(", ", Enumerable.Range(0, data.Length / sizeof(int)).Select(_ => reader.Int32()))}]",
            credentials when data.Length >= credentialSize => SocketArguments.Credentials(reader),
            _ => Texts.Quote(data),
        };
    }
}
