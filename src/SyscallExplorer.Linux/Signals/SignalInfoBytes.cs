using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>siginfo_t in a program's memory: 128 bytes, in which 64-bit programs have a hole before the union and 32-bit ones have none.</summary>
internal static class SignalInfoBytes
{
    /// <summary>Bytes of the structure in either form.</summary>
    public const int Size = 128;

    /// <summary>Bytes that the kernel keeps of a 64-bit program's.</summary>
    public const int KeptSize = 48;

    private const int NativeUnion = 16;
    private const int CompatUnion = 12;

    /// <summary>The structure as a program sees it.</summary>
    public static byte[] Write(SignalInfo info, bool compat) => compat ? WriteCompat(info) : WriteNative(info);

    /// <summary>What a program gave.</summary>
    /// <param name="bytes">All <see cref="Size"/> bytes.</param>
    /// <param name="compat">Whether it is a 32-bit program's.</param>
    public static SignalInfo Read(ReadOnlySpan<byte> bytes, bool compat) => compat ? ReadCompat(bytes) : ReadNative(bytes);

    private static byte[] WriteNative(SignalInfo info)
    {
        byte[] bytes = Head(info);
        Span<byte> union = bytes.AsSpan(NativeUnion);
        BinaryPrimitives.WriteUInt64LittleEndian(union, info.First);
        BinaryPrimitives.WriteUInt64LittleEndian(union[8..], info.Second);
        BinaryPrimitives.WriteUInt64LittleEndian(union[16..], info.Third);
        BinaryPrimitives.WriteUInt64LittleEndian(union[24..], info.Fourth);
        return bytes;
    }

    private static SignalInfo ReadNative(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> union = bytes[NativeUnion..];
        return new SignalInfo(
            Int(bytes), Int(bytes[4..]), Int(bytes[8..]), BinaryPrimitives.ReadUInt64LittleEndian(union),
            BinaryPrimitives.ReadUInt64LittleEndian(union[8..]), BinaryPrimitives.ReadUInt64LittleEndian(union[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(union[24..]));
    }

    private static byte[] WriteCompat(SignalInfo info)
    {
        byte[] bytes = Head(info);
        uint low = (uint)info.First, high = (uint)(info.First >> 32), second = (uint)info.Second;
        uint[] words = SignalInfoLayout.FormOf(info.Signal, info.Code) switch
        {
            SignalInfoForm.Timer or SignalInfoForm.Queue => [low, high, second],
            SignalInfoForm.Child => [low, high, second, (uint)info.Third, (uint)info.Fourth],
            SignalInfoForm.Fault => [low],
            SignalInfoForm.MemoryFailure => [low, (ushort)info.Second],
            SignalInfoForm.Bounds => [low, 0, (uint)info.Third, (uint)info.Fourth],
            SignalInfoForm.Key => [low, 0, (uint)info.Third],
            SignalInfoForm.Poll => [low, second],
            SignalInfoForm.SystemCall => [low, second, (uint)(info.Second >> 32)],
            _ => [low, high],
        };
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CompatUnion + i * 4), words[i]);
        return bytes;
    }

    private static SignalInfo ReadCompat(ReadOnlySpan<byte> bytes)
    {
        uint[] words = new uint[5];
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(CompatUnion + i * 4)..]);
        var info = new SignalInfo(Int(bytes), Int(bytes[4..]), Int(bytes[8..]));
        ulong pair = words[0] | ((ulong)words[1] << 32);
        return SignalInfoLayout.FormOf(info.Signal, info.Code) switch
        {
            SignalInfoForm.Timer or SignalInfoForm.Queue => info with { First = pair, Second = words[2] },
            SignalInfoForm.Child => info with { First = pair, Second = words[2], Third = (ulong)(int)words[3], Fourth = (ulong)(int)words[4] },
            SignalInfoForm.Fault => info with { First = words[0] },
            SignalInfoForm.MemoryFailure => info with { First = words[0], Second = (ushort)words[1] },
            SignalInfoForm.Bounds => info with { First = words[0], Third = words[2], Fourth = words[3] },
            SignalInfoForm.Key => info with { First = words[0], Third = words[2] },
            SignalInfoForm.Poll => info with { First = (ulong)(int)words[0], Second = words[1] },
            SignalInfoForm.SystemCall => info with { First = words[0], Second = words[1] | ((ulong)words[2] << 32) },
            _ => info with { First = pair },
        };
    }

    private static byte[] Head(SignalInfo info)
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, info.Signal);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), info.Error);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), info.Code);
        return bytes;
    }

    private static int Int(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32LittleEndian(bytes);
}
