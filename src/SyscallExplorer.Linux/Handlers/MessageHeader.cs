using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary><c>struct msghdr</c> of a program.</summary>
/// <param name="Name">Where an address is or goes to; 0 for nowhere.</param>
/// <param name="NameLength">Bytes there.</param>
/// <param name="Vectors">Where the <c>struct iovec</c> are.</param>
/// <param name="VectorCount">How many.</param>
/// <param name="Control">Where control messages are or go to; 0 for nowhere.</param>
/// <param name="ControlLength">Bytes there.</param>
internal sealed record MessageHeader(ulong Name, int NameLength, ulong Vectors, ulong VectorCount, ulong Control, ulong ControlLength)
{
    private const int Size = 56;
    private const int SizeCompat = 28;

    /// <summary>Bytes of the structure.</summary>
    public static int SizeOf(bool compat) => compat ? SizeCompat : Size;

    /// <summary>Bytes of <c>struct mmsghdr</c>, which has a count behind it.</summary>
    public static int SizeOfCounted(bool compat) => compat ? SizeCompat + 4 : Size + 8;

    public static MessageHeader? Read(AddressSpace memory, ulong address, bool compat)
    {
        byte[] bytes = new byte[SizeOf(compat)];
        if (!memory.TryRead(address, bytes))
            return null;
        int word = compat ? 4 : 8;
        ulong Word(int index) => compat ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(index * word)) : BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(index * word));
        return new(Word(0), BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(word)), Word(2), Word(3), Word(4), Word(5));
    }

    /// <summary>Tells what a receiving call has found: the length of the address, that of the control messages, and flags.</summary>
    public static bool TryTell(AddressSpace memory, ulong address, bool compat, int? nameLength, ulong controlLength, int flags)
    {
        int word = compat ? 4 : 8;
        CStructure control = new CStructure(compat).Word(controlLength).Int32(flags);
        return memory.TryWrite(address + (ulong)(5 * word), control.Bytes)
            && (nameLength is not { } length || memory.TryWrite(address + (ulong)word, BitConverter.GetBytes(length)));
    }
}
