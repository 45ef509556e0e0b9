using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>An instruction of classic BPF: <c>struct sock_filter</c>.</summary>
/// <param name="Code">One of <see cref="BpfCodes"/>.</param>
/// <param name="IfTrue">How many instructions a conditional jump skips where its condition holds.</param>
/// <param name="IfFalse">How many it skips where it does not.</param>
/// <param name="Constant">The operand.</param>
internal readonly record struct BpfInstruction(int Code, byte IfTrue, byte IfFalse, uint Constant)
{
    /// <summary>Bytes of one in a program's memory.</summary>
    public const int Size = 8;

    public int Class => Code & BpfCodes.ClassMask;

    public static BpfInstruction Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt16LittleEndian(bytes), bytes[2], bytes[3], BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));

    /// <summary>Its bytes, as a program would give them.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)Code);
        (bytes[2], bytes[3]) = (IfTrue, IfFalse);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Constant);
        return bytes;
    }
}
